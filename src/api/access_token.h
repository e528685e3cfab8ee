// Access tokens: short-lived JSON Web Tokens (RFC 7519) signed with ES256 (RFC 7518, 3.4).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace vigil::api {

inline constexpr std::chrono::minutes kAccessTokenLife{10};

// What an access token says. It is believed only together with the user's and the session's row.
struct AccessClaims {
  std::string user_id;
  std::string session_id;
  std::int64_t token_version = 0;  // of the user when the token was made
  bool operator==(const AccessClaims&) const = default;
};

// Makes and checks access tokens with one key pair. Immutable and thread-safe; calls take about 0.1
// ms.
class TokenSigner {
 public:
  // A fresh P-256 private key in PEM form; keep it sealed.
  static Result<Secret> MakeKey();
  // kInvalidArgument when `private_key` is no P-256 private key in PEM form.
  static Result<TokenSigner> FromKey(Secret private_key);

  Result<std::string> Sign(const AccessClaims& claims, WallTime now) const;
  // kPermission for every token that was not made by Sign with this key, and for one that ended
  // before `now`.
  Result<AccessClaims> Verify(std::string_view token, WallTime now) const;

 private:
  TokenSigner(Secret private_key, std::string public_key)
      : private_key_(std::move(private_key)), public_key_(std::move(public_key)) {}

  Secret private_key_;
  std::string public_key_;
};

}  // namespace vigil::api
