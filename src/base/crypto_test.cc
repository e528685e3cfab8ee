// Tests of sealing, passwords and digests, with published vectors where they exist.
#include "base/crypto.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sodium.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/seal.h"

namespace vigil {
namespace {

const std::string kKey(64, '7');

std::filesystem::path FreshFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "vigil-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return name;
}

RC_GTEST_PROP(Sealer, OpensWhatItSealed, (const std::string& plain, const std::string& context)) {
  const auto sealer = Sealer::FromHex(kKey);
  RC_ASSERT(sealer->OpenText(sealer->SealText(plain, context), context).value() == plain);
}

// What was sealed by any earlier version stays readable, and the other way round.
RC_GTEST_PROP(Sealer, IsTheCipherOfLibsodium,
              (const std::string& plain, const std::string& context)) {
  constexpr std::size_t kHead = 29;  // version, key id, nonce
  const auto sealer = Sealer::FromHex(kKey);
  std::array<unsigned char, Sealer::kKeyBytes> key{};
  RC_ASSERT(sodium_hex2bin(key.data(), key.size(), kKey.data(), kKey.size(), nullptr, nullptr,
                           nullptr) == 0);
  Bytes sealed = sealer->SealText(plain, context);
  const auto raw = [&](std::size_t at) {
    return reinterpret_cast<unsigned char*>(sealed.data()) + at;
  };
  const auto* about = reinterpret_cast<const unsigned char*>(context.data());
  std::string opened(plain.size(), '\0');
  RC_ASSERT(crypto_aead_xchacha20poly1305_ietf_decrypt(
                reinterpret_cast<unsigned char*>(opened.data()), nullptr, nullptr, raw(kHead),
                sealed.size() - kHead, about, context.size(), raw(5), key.data()) == 0);
  RC_ASSERT(opened == plain);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      raw(kHead), nullptr, reinterpret_cast<const unsigned char*>(plain.data()), plain.size(),
      about, context.size(), nullptr, raw(5), key.data());
  RC_ASSERT(sealer->OpenText(sealed, context).value() == plain);
}

RC_GTEST_PROP(Sealer, RefusesAnyAlteredByte, (const std::string& plain)) {
  const auto sealer = Sealer::FromHex(kKey);
  Bytes sealed = sealer->SealText(plain, "reference:1");
  const auto position = *rc::gen::inRange<std::size_t>(0, sealed.size());
  sealed[position] ^= std::byte{1};
  RC_ASSERT(sealer->Open(sealed, "reference:1").error().code == ErrorCode::kDataLoss);
}

TEST(Sealer, RefusesAnotherContextAnotherKeyAndCutBytes) {
  const auto sealer = Sealer::FromHex(kKey);
  const auto other = Sealer::FromHex(std::string(64, '8'));
  const Bytes sealed = sealer->SealText("face", "reference:1");
  EXPECT_FALSE(sealer->Open(sealed, "reference:2").has_value());
  EXPECT_FALSE(other->Open(sealed, "reference:1").has_value());
  EXPECT_FALSE(sealer->Open(std::span(sealed).first(20), "reference:1").has_value());
}

TEST(Sealer, NeverRepeatsANonce) {
  const auto sealer = Sealer::FromHex(kKey);
  EXPECT_NE(sealer->SealText("face", "x"), sealer->SealText("face", "x"));
}

TEST(Sealer, MakesAPrivateKeyFileOnceAndReadsItAgain) {
  const auto file = FreshFolder() / "vigil.key";
  const auto first = Sealer::FromKeyFile(file);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  struct stat facts{};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  const auto second = Sealer::FromKeyFile(file);
  EXPECT_EQ(second->OpenText(first->SealText("face", "x"), "x"), "face");
}

TEST(Sealer, FingerprintsDependOnTheBytesAndOnTheKey) {
  const auto one = Sealer::FromHex(kKey);
  const auto other = Sealer::FromHex(std::string(64, '8'));
  const auto of = [](const Sealer& sealer, std::string_view text) {
    return sealer.Fingerprint(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(of(*one, "picture"), of(*one, "picture"));
  EXPECT_NE(of(*one, "picture"), of(*one, "pictures"));
  EXPECT_NE(of(*one, "picture"), of(*other, "picture"));
  EXPECT_EQ(of(*one, "").size(), 64U);
}

TEST(Sealer, NamesADamagedKeyFile) {
  const auto file = FreshFolder() / "vigil.key";
  std::ofstream(file) << "not a key";
  const auto sealer = Sealer::FromKeyFile(file);
  EXPECT_EQ(sealer.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(sealer.error().message.find("vigil.key"), std::string::npos);
}

TEST(Sealer, TakesAnEmptyKeyFileForDamage) {
  const auto file = FreshFolder() / "vigil.key";
  std::ofstream(file) << "";
  EXPECT_EQ(Sealer::FromKeyFile(file).error().code, ErrorCode::kDataLoss);
}

TEST(Password, VerifiesOnlyItself) {
  const auto hash = HashPassword("correct horse");
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
  EXPECT_TRUE(VerifyPassword(*hash, "correct horse"));
  EXPECT_FALSE(VerifyPassword(*hash, "correct horsf"));
  EXPECT_FALSE(VerifyPassword("damaged", "correct horse"));
}

TEST(RandomToken, DiffersEachTime) {
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) tokens.insert(RandomToken());
  EXPECT_EQ(tokens.size(), 1000U);
  EXPECT_EQ(RandomToken(32).size(), 43U);
  EXPECT_EQ(RandomPassword().size(), 19U);
}

TEST(Digest, AgreesWithPublishedVectors) {
  // FIPS 180-2 appendix B.1 and RFC 4231 test case 2.
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Base64Encode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST(Digest, OfAFileEqualsThatOfItsBytes) {
  const auto file = FreshFolder() / "file";
  std::ofstream(file) << std::string(200'000, 'x');
  EXPECT_EQ(Sha256HexOfFile(file.string()), Sha256Hex(std::string(200'000, 'x')));
  EXPECT_EQ(Sha256HexOfFile("/nowhere/at-all").error().code, ErrorCode::kNotFound);
}

RC_GTEST_PROP(Base64, RoundTrips, (const std::string& bytes)) {
  RC_ASSERT(Base64Decode(Base64Encode(bytes)).value() == bytes);
}

TEST(Base64, RefusesOtherText) { EXPECT_FALSE(Base64Decode("a b!").has_value()); }

// RFC 8032, section 7.1, test 2.
TEST(Signature, MatchesThePublishedVector) {
  const auto raw = [](std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
  };
  const std::string seed = raw("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const std::string key = raw("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string signature =
      raw("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_EQ(SigningPublicKey(seed), key);
  EXPECT_EQ(Sign(seed, "r"), signature);
  EXPECT_TRUE(VerifySignature(key, "r", signature));
  EXPECT_FALSE(VerifySignature(key, "s", signature));
  EXPECT_FALSE(VerifySignature(key, "r", signature.substr(1)));
  EXPECT_FALSE(VerifySignature(SigningPublicKey(RandomSigningSeed()), "r", signature));
}

}  // namespace
}  // namespace vigil
