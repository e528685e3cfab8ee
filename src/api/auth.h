// Who may enter: setup of the first administrator, login, refresh, logout, and the check of every
// request.
#pragma once

#include <memory>
#include <string>

#include "api/access_token.h"
#include "api/login_throttle.h"
#include "api/router.h"
#include "base/secret.h"
#include "database/database.h"

namespace vigil::api {

// What a login gives. The access token lives 10 minutes; the refresh token 7 days, and is spent by
// one use.
struct Tokens {
  User user;
  std::string access_token;
  Secret refresh_token;
};

// Thread-safe; every call but CheckToken may wait for the database, Login and Setup also hash a
// password (0.1 s).
class Auth final : public Authenticator {
 public:
  // Reads the signing key from the settings, or makes and seals it there.
  static Result<std::unique_ptr<Auth>> Make(database::Database& database, Clock& clock);

  // Spends the one-time token that setup-database printed. kPermission when it is wrong or an
  // administrator exists.
  Result<User> Setup(const Secret& token, const std::string& name, const Secret& password);
  // 401 for a wrong name, a wrong password and a disabled account alike, after the same work; 429
  // when throttled.
  std::expected<Tokens, Problem> Login(const std::string& name, const Secret& password,
                                       const std::string& address);
  // A spent token that comes back ends the whole login: somebody else may hold it.
  std::expected<Tokens, Problem> Refresh(const Secret& refresh_token);
  Status Logout(const Secret& refresh_token);

  Status CheckToken(const HttpRequest& request) const override;
  Result<Principal> Authenticate(const HttpRequest& request) override;

 private:
  Auth(database::Database& database, Clock& clock, TokenSigner signer, std::string decoy_hash)
      : database_(database),
        clock_(clock),
        signer_(std::move(signer)),
        decoy_hash_(std::move(decoy_hash)),
        throttle_(clock) {}
  std::expected<Tokens, Problem> MakeTokens(User user, const std::string& session_id,
                                            Secret refresh_token) const;

  database::Database& database_;
  Clock& clock_;
  const TokenSigner signer_;
  const std::string decoy_hash_;  // what the password of an unknown account is compared with
  LoginThrottle throttle_;
};

// The rule for new passwords: 10 to 200 characters. kInvalidArgument says it.
Status CheckPassword(const Secret& password);
// The rule for account names: 1 to 64 of a-z, 0-9, '.', '_', '-', after lower-casing.
// kInvalidArgument otherwise.
Result<std::string> CheckUserName(const std::string& name);

}  // namespace vigil::api
