// Sessions and tokens over the database's rows.
#include "api/auth.h"

#include <algorithm>

#include "api/browser_login.h"
#include "base/crypto.h"
#include "base/log.h"
#include "database/audit_repository.h"
#include "database/session_repository.h"
#include "database/setting_repository.h"
#include "database/user_repository.h"

namespace vigil::api {
namespace {

constexpr std::chrono::hours kRefreshTokenLife{24 * 7};

std::unexpected<Problem> RefuseLogin() {
  return Refuse(401, "unauthorised", "the name or the password is wrong");
}

std::unexpected<Problem> RefuseRefresh() {
  return Refuse(401, "unauthorised", "the refresh token is not valid any more; log in again");
}

// A program's bearer token or a browser's cookie.
Result<std::string_view> AccessToken(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view header = request.Header("authorization");
  const std::string_view cookie = CookieOf(request, kAccessCookie);
  if (header.empty() && !cookie.empty()) return cookie;
  const bool bearer =
      header.size() > kScheme.size() &&
      std::ranges::equal(header.substr(0, kScheme.size()), kScheme, [](char given, char wanted) {
        return (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given) == wanted;
      });
  if (!bearer) {
    return Fail(ErrorCode::kPermission,
                "log in and send the access token as Authorization: Bearer TOKEN");
  }
  return header.substr(kScheme.size());
}

}  // namespace

Status CheckPassword(const Secret& password) {
  const std::size_t length = password.Reveal().size();
  if (length < 10 || length > 200) {
    return Fail(ErrorCode::kInvalidArgument, "a password has 10 to 200 characters");
  }
  return {};
}

Result<std::string> CheckUserName(const std::string& name) {
  std::string lower = name;
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  const bool clean = std::ranges::all_of(lower, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  if (!clean || lower.empty() || lower.size() > 64) {
    return Fail(ErrorCode::kInvalidArgument,
                "an account's name has 1 to 64 letters a-z, digits, dots, dashes or underscores");
  }
  return lower;
}

Result<std::unique_ptr<Auth>> Auth::Make(database::Database& database, Clock& clock) {
  database::SettingRepository settings(database);
  VIGIL_ASSIGN_OR_RETURN(Secret key, settings.GetOrMake("access_token_key", &TokenSigner::MakeKey));
  VIGIL_ASSIGN_OR_RETURN(TokenSigner signer, TokenSigner::FromKey(std::move(key)));
  VIGIL_ASSIGN_OR_RETURN(std::string decoy_hash, HashPassword(RandomToken()));
  return std::unique_ptr<Auth>(new Auth(database, clock, std::move(signer), std::move(decoy_hash)));
}

Result<User> Auth::Setup(const Secret& token, const std::string& name, const Secret& password) {
  // Asked before the password is hashed: this door is open to all, and hashing is dear.
  database::UserRepository users(database_);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<User> known, users.List());
  const bool set_up = std::ranges::any_of(
      known, [](const User& user) { return user.role == Role::kAdmin && user.enabled; });
  if (set_up) {
    return Fail(ErrorCode::kPermission, "an administrator exists already: log in instead");
  }
  VIGIL_RETURN_IF_ERROR(CheckPassword(password));
  User user;
  VIGIL_ASSIGN_OR_RETURN(user.name, CheckUserName(name));
  VIGIL_ASSIGN_OR_RETURN(user.password_hash, HashPassword(password.Reveal()));
  user.role = Role::kAdmin;
  return users.CreateFirstAdministrator(token, std::move(user));
}

std::expected<Tokens, Problem> Auth::Login(const std::string& name, const Secret& password,
                                           const std::string& address) {
  const Result<std::string> checked = CheckUserName(name);
  const std::string account = checked.value_or("");
  if (const auto wait = throttle_.Begin(account, address); wait.count() > 0) {
    Problem problem(429, "too_many_attempts",
                    format("too many failed logins; try again in {} s", wait.count()));
    problem.headers.emplace_back("Retry-After", std::to_string(wait.count()));
    return std::unexpected(std::move(problem));
  }
  VIGIL_ASSIGN_OR_RETURN(std::optional<User> user,
                         database::UserRepository(database_).FindByName(account));
  const bool right = VerifyPassword(user ? user->password_hash : decoy_hash_, password.Reveal());
  if (!right || !user || !user->enabled) {
    LogWarning("api", "a login failed from {}", address);
    return RefuseLogin();
  }
  throttle_.Succeeded(account, address);
  Secret refresh_token(RandomToken());
  Session session;
  session.user_id = user->id;
  session.refresh_hash = Sha256Hex(refresh_token.Reveal());
  session.expires_at = clock_.WallNow() + kRefreshTokenLife;
  VIGIL_ASSIGN_OR_RETURN(session, database::SessionRepository(database_).Create(session));
  return MakeTokens(*std::move(user), session.id, std::move(refresh_token));
}

std::expected<Tokens, Problem> Auth::Refresh(const Secret& refresh_token) {
  database::SessionRepository sessions(database_);
  Secret next(RandomToken());
  VIGIL_ASSIGN_OR_RETURN(
      const database::RefreshResult result,
      sessions.Rotate(Sha256Hex(refresh_token.Reveal()), Sha256Hex(next.Reveal()),
                      clock_.WallNow() + kRefreshTokenLife));
  if (result.verdict == database::RefreshVerdict::kReused) {
    LogWarning("api", "a spent refresh token came back: login {} was ended", result.session.id);
    AuditEntry entry;
    entry.user_id = result.session.user_id;
    entry.action = "auth.reused";
    entry.object_id = result.session.id;
    entry.detail = "{}";
    VIGIL_RETURN_IF_ERROR(database::AuditRepository(database_).Append(std::move(entry)));
  }
  if (result.verdict != database::RefreshVerdict::kRotated) return RefuseRefresh();
  Result<User> user = database::UserRepository(database_).Get(result.session.user_id);
  if (!user && user.error().code != ErrorCode::kNotFound) {
    return std::unexpected(std::move(user).error());
  }
  if (!user || !user->enabled) return RefuseRefresh();
  return MakeTokens(*std::move(user), result.session.id, std::move(next));
}

std::expected<Tokens, Problem> Auth::MakeTokens(User user, const std::string& session_id,
                                                Secret refresh_token) const {
  VIGIL_ASSIGN_OR_RETURN(std::string access_token,
                         signer_.Sign({user.id, session_id, user.token_version}, clock_.WallNow()));
  return Tokens{std::move(user), std::move(access_token), std::move(refresh_token)};
}

Status Auth::Logout(const Secret& refresh_token) {
  return database::SessionRepository(database_).RevokeByToken(Sha256Hex(refresh_token.Reveal()));
}

Status Auth::CheckToken(const HttpRequest& request) const {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view token, AccessToken(request));
  VIGIL_RETURN_IF_ERROR(signer_.Verify(token, clock_.WallNow()));
  return {};
}

Result<Principal> Auth::Authenticate(const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const std::string_view token, AccessToken(request));
  VIGIL_ASSIGN_OR_RETURN(const AccessClaims claims, signer_.Verify(token, clock_.WallNow()));
  const auto ended = Fail(ErrorCode::kPermission, "this login has ended; log in again");
  const Result<User> user = database::UserRepository(database_).Get(claims.user_id);
  if (!user) {
    return user.error().code == ErrorCode::kNotFound ? ended : std::unexpected(user.error());
  }
  const Result<Session> session = database::SessionRepository(database_).Get(claims.session_id);
  if (!session) {
    return session.error().code == ErrorCode::kNotFound ? ended : std::unexpected(session.error());
  }
  if (!user->enabled || user->token_version != claims.token_version || session->revoked ||
      session->user_id != user->id || session->expires_at <= clock_.WallNow()) {
    return ended;
  }
  return Principal{user->id, user->name, session->id, user->role};
}

}  // namespace vigil::api
