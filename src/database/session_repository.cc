// SQL of logins.
#include "database/session_repository.h"

#include "base/format.h"
#include "base/uuid.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, user_id, refresh_hash, expires_at, revoked, created_at FROM sessions ";

Session SessionOf(const Row& row) {
  return {.id = row.Text("id"),
          .user_id = row.Text("user_id"),
          .refresh_hash = row.Text("refresh_hash"),
          .expires_at = row.Time("expires_at"),
          .revoked = row.Flag("revoked"),
          .created_at = row.Time("created_at")};
}

Result<std::optional<Session>> FindWhere(Connection& connection, std::string_view condition,
                                         const std::string& value) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelect) + std::string(condition), {value}));
  if (answer.rows.empty()) return std::nullopt;
  return SessionOf(answer.rows.front());
}

// The session that once held a token which was exchanged since.
Result<std::optional<Session>> FindBySpentToken(Connection& connection, const std::string& hash) {
  return FindWhere(connection,
                   "WHERE id = (SELECT session_id FROM spent_refresh_tokens "
                   "WHERE refresh_hash = $1)",
                   hash);
}

Status Revoke(Connection& connection, const std::string& id) {
  VIGIL_RETURN_IF_ERROR(connection.Execute("UPDATE sessions SET revoked = 1 WHERE id = $1", {id}));
  return {};
}

Result<RefreshResult> Exchange(Connection& connection, Session session, const std::string& new_hash,
                               WallTime now, WallTime expires_at) {
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO spent_refresh_tokens (refresh_hash, session_id, spent_at) VALUES ($1, $2, $3)",
      {session.refresh_hash, session.id, now}));
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("UPDATE sessions SET refresh_hash = $2, expires_at = $3 WHERE id = $1",
                         {session.id, new_hash, expires_at}));
  session.refresh_hash = new_hash;
  session.expires_at = expires_at;
  return RefreshResult{RefreshVerdict::kRotated, std::move(session)};
}

}  // namespace

Result<Session> SessionRepository::Create(Session session) {
  const Clock& clock = database_.GetClock();
  session.id = MakeUuid(clock);
  session.created_at = clock.WallNow();
  session.revoked = false;
  return database_.Write([&](Connection& connection) -> Result<Session> {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO sessions (id, user_id, refresh_hash, expires_at, revoked, created_at) "
        "VALUES ($1, $2, $3, $4, 0, $5)",
        {session.id, session.user_id, session.refresh_hash, session.expires_at,
         session.created_at}));
    return session;
  });
}

Result<Session> SessionRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) -> Result<Session> {
    VIGIL_ASSIGN_OR_RETURN(std::optional<Session> session,
                           FindWhere(connection, "WHERE id = $1", id));
    if (!session.has_value()) {
      return Fail(ErrorCode::kNotFound, format("there is no session {}", id));
    }
    return *std::move(session);
  });
}

Result<RefreshResult> SessionRepository::Rotate(const std::string& old_hash,
                                                const std::string& new_hash, WallTime expires_at) {
  const WallTime now = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Result<RefreshResult> {
    VIGIL_ASSIGN_OR_RETURN(std::optional<Session> session,
                           FindWhere(connection, "WHERE refresh_hash = $1", old_hash));
    if (session.has_value()) {
      if (session->revoked || session->expires_at <= now) {
        return RefreshResult{RefreshVerdict::kExpired, *std::move(session)};
      }
      return Exchange(connection, *std::move(session), new_hash, now, expires_at);
    }
    VIGIL_ASSIGN_OR_RETURN(session, FindBySpentToken(connection, old_hash));
    if (!session.has_value()) return RefreshResult{};
    VIGIL_RETURN_IF_ERROR(Revoke(connection, session->id));
    session->revoked = true;
    return RefreshResult{RefreshVerdict::kReused, *std::move(session)};
  });
}

Status SessionRepository::RevokeByToken(const std::string& refresh_hash) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(std::optional<Session> session,
                           FindWhere(connection, "WHERE refresh_hash = $1", refresh_hash));
    if (!session.has_value()) {
      VIGIL_ASSIGN_OR_RETURN(session, FindBySpentToken(connection, refresh_hash));
    }
    if (!session.has_value()) return {};
    return Revoke(connection, session->id);
  });
}

Status SessionRepository::RevokeAllOfUser(const std::string& user_id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("UPDATE sessions SET revoked = 1 WHERE user_id = $1", {user_id}));
    return {};
  });
}

}  // namespace vigil::database
