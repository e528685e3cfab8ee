// libsodium behind the program's own words.
#include "base/crypto.h"

#include <sodium.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/check.h"
#include "base/format.h"

namespace vigil {
namespace {

// sodium_init is idempotent and thread-safe; every entry that needs it asks here first.
void RequireSodium() {
  static const bool ready = sodium_init() >= 0;
  VIGIL_CHECK(ready, "libsodium could not be initialised");
}

const unsigned char* Raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Hex(std::span<const unsigned char> bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
  text.pop_back();
  return text;
}

struct SigningKeys {
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_key{};

  explicit SigningKeys(std::string_view seed) {
    RequireSodium();
    VIGIL_CHECK(seed.size() == crypto_sign_SEEDBYTES, "a signing seed has 32 bytes");
    crypto_sign_seed_keypair(public_key.data(), secret_key.data(), Raw(seed));
  }
  ~SigningKeys() { sodium_memzero(secret_key.data(), secret_key.size()); }
  SigningKeys(const SigningKeys&) = delete;
  SigningKeys& operator=(const SigningKeys&) = delete;
};

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  RequireSodium();
  constexpr unsigned long long kPasses = 3;
  constexpr std::size_t kMemoryBytes = 64UL << 20;
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  if (crypto_pwhash_argon2id_str(hash.data(), password.data(), password.size(), kPasses,
                                 kMemoryBytes) != 0) {
    return Fail(ErrorCode::kUnavailable, "hashing a password needs 64 MiB of free memory");
  }
  return std::string(hash.data());
}

bool VerifyPassword(std::string_view hash, std::string_view password) {
  RequireSodium();
  const std::string text(hash);
  return crypto_pwhash_argon2id_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

std::string RandomToken(std::size_t bytes) {
  RequireSodium();
  std::string raw(bytes, '\0');
  randombytes_buf(raw.data(), raw.size());
  const std::size_t length =
      sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  std::string text(length, '\0');
  sodium_bin2base64(text.data(), text.size(), Raw(raw), raw.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();
  return text;
}

std::string RandomPassword() {
  RequireSodium();
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string password;
  for (int group = 0; group < 4; ++group) {
    if (group > 0) password += '-';
    for (int i = 0; i < 4; ++i) {
      password += kAlphabet[randombytes_uniform(static_cast<std::uint32_t>(kAlphabet.size()))];
    }
  }
  return password;
}

std::string Sha256Hex(std::span<const std::byte> bytes) {
  return Sha256Hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::string Sha256Hex(std::string_view text) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), Raw(text), text.size());
  return Hex(digest);
}

Result<std::string> Sha256HexOfFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) {
    const int cause = errno;
    const bool absent = cause == ENOENT || cause == ENOTDIR;
    return Fail(absent ? ErrorCode::kNotFound : ErrorCode::kPermission,
                format("cannot open {}: {}", path, std::strerror(cause)));
  }
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::array<unsigned char, 1 << 16> piece{};
  while (const std::size_t read = std::fread(piece.data(), 1, piece.size(), file.get())) {
    crypto_hash_sha256_update(&state, piece.data(), read);
  }
  if (std::ferror(file.get()) != 0) {
    return Fail(ErrorCode::kUnavailable, format("cannot read {}", path));
  }
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  return Hex(digest);
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, Raw(key), key.size());
  crypto_auth_hmacsha256_update(&state, Raw(message), message.size());
  std::string code(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(code.data()));
  return code;
}

std::string RandomSigningSeed() {
  RequireSodium();
  std::string seed(crypto_sign_SEEDBYTES, '\0');
  randombytes_buf(seed.data(), seed.size());
  return seed;
}

std::string SigningPublicKey(std::string_view seed) {
  const SigningKeys keys(seed);
  return {keys.public_key.begin(), keys.public_key.end()};
}

std::string Sign(std::string_view seed, std::string_view message) {
  const SigningKeys keys(seed);
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, Raw(message),
                       message.size(), keys.secret_key.data());
  return signature;
}

bool VerifySignature(std::string_view public_key, std::string_view message,
                     std::string_view signature) {
  RequireSodium();
  return public_key.size() == crypto_sign_PUBLICKEYBYTES && signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(Raw(signature), Raw(message), message.size(),
                                     Raw(public_key)) == 0;
}

std::string Base64Encode(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), Raw(bytes), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

Result<std::string> Base64Decode(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return Fail(ErrorCode::kInvalidArgument, "not valid base64");
  }
  bytes.resize(length);
  return bytes;
}

bool EqualInConstantTime(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace vigil
