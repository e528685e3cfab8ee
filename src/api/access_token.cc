// The only user of cpp-jwt and of OpenSSL's keys.
#include "api/access_token.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <jwt/jwt.hpp>
#include <limits>
#include <memory>

#include "base/log.h"

namespace vigil::api {
namespace {

constexpr const char* kIssuer = "vigil";
constexpr const char* kAudience = "vigil-api";
constexpr std::size_t kTokenBytesMax = 2048;

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

std::int64_t SecondsOf(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// cpp-jwt takes texts apart without looking at them, so only what has the shape of a token reaches
// it.
bool HasTokenShape(std::string_view token) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return token.size() <= kTokenBytesMax && std::ranges::all_of(token, allowed) &&
         std::ranges::count(token, '.') == 2 && token.find("..") == token.npos &&
         token.front() != '.' && token.back() != '.';
}

}  // namespace

Result<Secret> TokenSigner::MakeKey() {
  const KeyPtr key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const BioPtr memory(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (!key || !memory ||
      PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Fail(ErrorCode::kInternal, "OpenSSL made no P-256 key");
  }
  return Secret(TextOf(memory.get()));
}

Result<TokenSigner> TokenSigner::FromKey(Secret private_key) {
  const std::string& text = private_key.Reveal();
  const BioPtr input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free_all);
  const KeyPtr key(
      input ? PEM_read_bio_PrivateKey(input.get(), nullptr, nullptr, nullptr) : nullptr,
      &EVP_PKEY_free);
  const BioPtr output(BIO_new(BIO_s_mem()), &BIO_free_all);
  if (!key || !output || EVP_PKEY_is_a(key.get(), "EC") != 1 ||
      EVP_PKEY_get_bits(key.get()) != 256 || PEM_write_bio_PUBKEY(output.get(), key.get()) != 1) {
    return Fail(ErrorCode::kInvalidArgument,
                "the key of the access tokens is no P-256 private key in PEM form");
  }
  return TokenSigner(std::move(private_key), TextOf(output.get()));
}

Result<std::string> TokenSigner::Sign(const AccessClaims& claims, WallTime now) const {
  try {
    jwt::jwt_object token{jwt::params::algorithm("ES256"),
                          jwt::params::secret(private_key_.Reveal())};
    token.add_claim("iss", std::string(kIssuer))
        .add_claim("aud", std::string(kAudience))
        .add_claim("sub", claims.user_id)
        .add_claim("sid", claims.session_id)
        .add_claim("ver", claims.token_version)
        .add_claim("iat", SecondsOf(now))
        .add_claim("exp", SecondsOf(now + kAccessTokenLife));
    return token.signature();
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kInternal, format("signing an access token: {}", error.what()));
  }
}

Result<AccessClaims> TokenSigner::Verify(std::string_view token, WallTime now) const {
  const auto refused = Fail(ErrorCode::kPermission, "the access token is not valid; log in again");
  if (token.empty() || !HasTokenShape(token)) return refused;
  try {
    // The library compares `exp` with the system's clock; its widest leeway leaves that to the
    // injected clock below.
    std::error_code failure;
    const jwt::jwt_object decoded = jwt::decode(
        jwt::string_view(token.data(), token.size()), jwt::params::algorithms({"ES256"}), failure,
        jwt::params::secret(public_key_), jwt::params::issuer(kIssuer), jwt::params::aud(kAudience),
        jwt::params::verify(true), jwt::params::leeway(std::numeric_limits<std::uint32_t>::max()));
    if (failure) return refused;
    const auto& payload = decoded.payload();
    // The library's getter aborts where a claim is missing.
    for (const char* claim : {"iss", "aud", "exp", "sub", "sid", "ver"}) {
      if (!payload.has_claim(claim)) return refused;
    }
    if (payload.get_claim_value<std::int64_t>("exp") <= SecondsOf(now)) {
      return Fail(ErrorCode::kPermission, "the access token has expired; refresh it or log in");
    }
    return AccessClaims{payload.get_claim_value<std::string>("sub"),
                        payload.get_claim_value<std::string>("sid"),
                        payload.get_claim_value<std::int64_t>("ver")};
  } catch (const std::exception& error) {
    LogDebug("api", "an access token was refused: {}", error.what());
    return refused;
  }
}

}  // namespace vigil::api
