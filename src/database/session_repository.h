// Logins: families of refresh tokens.
#pragma once

#include <string>

#include "base/result.h"
#include "core/user.h"
#include "database/database.h"

namespace vigil::database {

enum class RefreshVerdict {
  kRotated,  // the session now holds the new hash
  kUnknown,  // no such token was ever issued
  kExpired,  // too old, logged out or revoked
  kReused,   // a spent token came back: someone else may hold it, the whole family is revoked now
};

struct RefreshResult {
  RefreshVerdict verdict = RefreshVerdict::kUnknown;
  Session session;  // empty for kUnknown
};

// Thread-safe.
class SessionRepository {
 public:
  explicit SessionRepository(Database& database) : database_(database) {}

  // Fills id and created_at; user_id, refresh_hash and expires_at are the caller's.
  Result<Session> Create(Session session);
  Result<Session> Get(const std::string& id);
  // Exchanges the token of hash `old_hash` for that of `new_hash`, valid until `expires_at`.
  Result<RefreshResult> Rotate(const std::string& old_hash, const std::string& new_hash,
                               WallTime expires_at);
  // Ends the session that holds or ever held `refresh_hash`. An unknown one is no error.
  Status RevokeByToken(const std::string& refresh_hash);
  Status RevokeAllOfUser(const std::string& user_id);

 private:
  Database& database_;
};

}  // namespace vigil::database
