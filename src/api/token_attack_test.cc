// Every known trick with tokens on every route that is not public: nothing opens.
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <iostream>
#include <map>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

constexpr const char* kPassword = "correct horse battery";
constexpr const char* kHeader = R"({"alg":"ES256","typ":"JWT"})";

std::string UrlBase64(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  for (char& letter : text) letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

KeyPtr ParseKey(const std::string& pem) {
  const BioPtr input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  return {PEM_read_bio_PrivateKey(input.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

std::string PublicPem(const std::string& private_pem) {
  const BioPtr output(BIO_new(BIO_s_mem()), &BIO_free_all);
  PEM_write_bio_PUBKEY(output.get(), ParseKey(private_pem).get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(output.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// A token of any header and claims with a true ES256 signature: r and s of 32 bytes each (RFC 7518,
// 3.4).
std::string SignedBy(const std::string& private_pem, const std::string& header,
                     const std::string& claims) {
  const std::string signed_part = UrlBase64(header) + "." + UrlBase64(claims);
  const KeyPtr key = ParseKey(private_pem);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
  std::array<unsigned char, 128> der{};
  std::size_t size = der.size();
  EVP_DigestSign(context.get(), der.data(), &size,
                 reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size());
  const unsigned char* at = der.data();
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)),
                               &ECDSA_SIG_free);
  std::array<unsigned char, 64> raw{};
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + 32, 32);
  return signed_part + "." + UrlBase64({reinterpret_cast<const char*>(raw.data()), raw.size()});
}

class TokenAttack : public ApiTest {
 protected:
  using Attacks = std::map<std::string, std::string>;  // the token by what is tried

  std::string Key() {
    return database::SettingRepository(*database_).Get("access_token_key").value().value().Reveal();
  }
  // As Sign makes them, with one claim changed to `text`, or left out when it is empty.
  std::string Claims(const std::string& changed = "none", const std::string& text = "") {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.WallNow());
    const auto seconds = now.time_since_epoch().count();
    std::map<std::string, std::string> claims{{"iss", R"("vigil")"},
                                              {"aud", R"("vigil-api")"},
                                              {"sub", "\"" + admin_.id + "\""},
                                              {"sid", "\"" + session_id_ + "\""},
                                              {"ver", std::to_string(admin_.token_version)},
                                              {"iat", std::to_string(seconds)},
                                              {"exp", std::to_string(seconds + 600)}};
    if (claims.contains(changed)) claims[changed] = text;
    std::string object;
    for (const auto& [name, value] : claims) {
      if (value.empty()) continue;
      object += (object.empty() ? "{\"" : ",\"") + name + "\":" + value;
    }
    return object + "}";
  }
  void SetUp() override {
    admin_ = AddUser("anna", Role::kAdmin, kPassword);
    Session session;
    session.user_id = admin_.id;
    session.refresh_hash = Sha256Hex("refresh");
    session.expires_at = clock_.WallNow() + std::chrono::hours{24};
    session_id_ = database::SessionRepository(*database_).Create(session).value().id;
  }

  Attacks OnTheSignature() {
    const std::string key = Key();
    const std::string token = SignedBy(key, kHeader, Claims());
    const std::string bare = token.substr(0, token.rfind('.'));
    const std::string payload = UrlBase64(Claims());
    const std::string foreign = TokenSigner::MakeKey().value().Reveal();
    Attacks attacks{
        {"stripped", bare + "."},
        {"without a third part", bare},
        {"cut short", token.substr(0, token.size() - 2)},
        {"longer", token + "AAAA"},
        {"all zero", bare + "." + UrlBase64(std::string(64, '\0'))},
        {"in DER", bare + "." + UrlBase64(std::string("\x30\x06\x02\x01\x00\x02\x01\x00", 8))},
        {"of another key", SignedBy(foreign, kHeader, Claims())},
        {"of other claims", UrlBase64(kHeader) + "." + UrlBase64(Claims("ver", "99")) +
                                token.substr(token.rfind('.'))},
        {"with a key of its own",
         SignedBy(foreign, R"({"alg":"ES256","typ":"JWT","jwk":{"kty":"EC","crv":"P-256"}})",
                  Claims())},
        {"with a key elsewhere",
         SignedBy(foreign, R"({"alg":"ES256","jku":"http://192.0.2.7/keys"})", Claims())},
        {"with a key's path",
         SignedBy(foreign, R"({"alg":"ES256","kid":"../../../../dev/null"})", Claims())}};
    for (const char* header : {"{}", "[]", "1", "null", "{", R"({"typ":"JWT"})", R"({"alg":1})",
                               R"({"alg":null})", R"({"alg":["ES256"]})",
                               R"({"alg":"none","alg":"ES256"})", R"({"alg":"ES256","typ":1})"}) {
      attacks[std::string("header ") + header] =
          UrlBase64(header) + "." + payload + "." + UrlBase64(std::string(64, 'x'));
    }
    for (const char* claims : {"[]", "1", "null", "{", "{}", R"({"exp":{}})", R"({"iss":[]})"}) {
      attacks[std::string("unsigned claims ") + claims] =
          UrlBase64(kHeader) + "." + UrlBase64(claims) + "." + UrlBase64(std::string(64, 'x'));
    }
    for (const char* algorithm : {"none", "None", "NONE", "nOnE", ""}) {
      const std::string head =
          UrlBase64(R"({"alg":")" + std::string(algorithm) + R"(","typ":"JWT"})") + "." + payload;
      attacks[std::string("algorithm '") + algorithm + "', nothing"] = head + ".";
      attacks[std::string("algorithm '") + algorithm + "', kept"] =
          head + token.substr(token.rfind('.'));
    }
    for (const char* algorithm : {"HS256", "HS384", "HS512", "RS256", "PS256", "ES384", "EdDSA"}) {
      const std::string head =
          UrlBase64(R"({"alg":")" + std::string(algorithm) + R"(","typ":"JWT"})") + "." + payload;
      // The public key as the secret of an HMAC.
      attacks[std::string(algorithm) + " by the public key"] =
          head + "." + UrlBase64(HmacSha256(PublicPem(key), head));
      attacks[std::string(algorithm) + " by nothing"] =
          head + "." + UrlBase64(HmacSha256("", head));
    }
    return attacks;
  }
  // All with our own true signature, as if the key had served for something else as well.
  Attacks OnTheClaims() {
    const std::string key = Key();
    const User other = AddUser("eve", Role::kOperator);
    const auto with = [&](const char* claim, const std::string& text) {
      return SignedBy(key, kHeader, Claims(claim, text));
    };
    return {
        {"another issuer", with("iss", R"("somebody")")},
        {"no issuer", with("iss", "")},
        {"another audience", with("aud", R"("vigil-events")")},
        {"no audience", with("aud", "")},
        {"expired", with("exp", "1")},
        {"no end", with("exp", "")},
        {"an end in words", with("exp", R"("tomorrow")")},
        {"a negative end", with("exp", "-1")},
        {"no user", with("sub", "")},
        {"an unknown user", with("sub", R"("nobody")")},
        {"a user of another's session", with("sub", "\"" + other.id + "\"")},
        {"an unknown session", with("sid", R"("none")")},
        {"no session", with("sid", "")},
        {"an older version", with("ver", "-1")},
        {"a version in words", with("ver", R"("0")")},
        {"a list", SignedBy(key, kHeader, "[]")},
        {"nothing", SignedBy(key, kHeader, "{}")},
        {"a huge one", SignedBy(key, kHeader, Claims("iss", "\"" + std::string(5000, 'v') + "\""))},
        {"a deep one", SignedBy(key, kHeader, std::string(500, '[') + std::string(500, ']'))}};
  }
  // Secrets of other kinds, and access that was taken away.
  Attacks OfOtherKinds() {
    Attacks attacks;
    const HttpResponse login =
        Ask(Method::kPost, "/api/v1/auth/login", "",
            json::serialize(json::object{{"name", "anna"}, {"password", kPassword}}));
    const auto field = [&](const char* name) {
      return std::string(Json(login).at(name).as_string());
    };
    attacks["a refresh token"] = field("refresh_token");
    attacks["the password"] = "correct";
    const auto change = [&](const User& user, const std::string& body) {
      EXPECT_EQ(Ask(Method::kPatch, "/api/v1/users/" + user.id, AdminToken(), body).status, 200);
    };
    const auto add = [&](const char* name) { return AddUser(name, Role::kAdmin, kPassword); };
    const User disabled = add("dan");
    attacks["of a disabled account"] = TokenOf(disabled);
    change(disabled, R"({"enabled":false})");
    const User demoted = add("dora");
    attacks["of a former administrator"] = TokenOf(demoted);
    change(demoted, R"({"role":"operator"})");
    const User renewed = add("rita");
    attacks["of before the password was changed"] = TokenOf(renewed);
    change(renewed, R"({"password":"another long password"})");
    const User deleted = add("della");
    attacks["of a deleted account"] = TokenOf(deleted);
    EXPECT_EQ(Ask(Method::kDelete, "/api/v1/users/" + deleted.id, AdminToken()).status, 204);
    attacks["after logout"] = field("access_token");
    EXPECT_EQ(Ask(Method::kPost, "/api/v1/auth/logout", "",
                  json::serialize(json::object{{"refresh_token", field("refresh_token")}}))
                  .status,
              204);
    return attacks;
  }

  void ExpectAllRefused(const Attacks& attacks) {
    std::size_t tried = 0;
    for (const Route& route : api_->Application().Routes()) {
      if (route.role == Role::kPublic) continue;
      std::string target = route.pattern;
      for (std::size_t open = target.find('{'); open != target.npos; open = target.find('{')) {
        target.replace(open, target.find('}') - open + 1, "none");
      }
      for (const auto& [what, token] : attacks) {
        EXPECT_EQ(Ask(route.method, target, token).status, 401)
            << what << ": " << MethodName(route.method) << " " << route.pattern;
        ++tried;
      }
    }
    EXPECT_GT(tried, 40 * attacks.size());
    std::cout << attacks.size() << " attacks, " << tried << " requests, all refused\n";
  }

  User admin_;
  std::string session_id_;
};

// Else the forger of this test would be refused for its own faults.
TEST_F(TokenAttack, OpensWithWhatIsSignedHere) {
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/users", SignedBy(Key(), kHeader, Claims())).status, 200);
}

TEST_F(TokenAttack, OnTheSignatureIsRefused) { ExpectAllRefused(OnTheSignature()); }

TEST_F(TokenAttack, OnTheClaimsIsRefused) { ExpectAllRefused(OnTheClaims()); }

TEST_F(TokenAttack, WithOtherSecretsOrLostAccessIsRefused) {
  admin_token_ = TokenOf(AddUser("root", Role::kAdmin));
  ExpectAllRefused(OfOtherKinds());
}

}  // namespace
}  // namespace vigil::api
