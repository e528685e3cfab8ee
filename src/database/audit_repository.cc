// SQL of the audit log.
#include "database/audit_repository.h"

#include "base/uuid.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

AuditEntry EntryOf(const Row& row) {
  return {.id = row.Text("id"),
          .at = row.Time("at"),
          .user_id = row.Text("user_id"),
          .user_name = row.Text("user_name"),
          .action = row.Text("action"),
          .object_id = row.Text("object_id"),
          .detail = row.Text("detail")};
}

}  // namespace

Status AuditRepository::Append(AuditEntry entry) {
  const Clock& clock = database_.GetClock();
  entry.id = MakeUuid(clock);
  if (entry.at == WallTime{}) entry.at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO audit_log (id, at, user_id, user_name, action, object_id, detail) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {entry.id, entry.at, entry.user_id, entry.user_name, entry.action, entry.object_id,
         entry.detail}));
    return {};
  });
}

Result<Page<AuditEntry>> AuditRepository::List(const PageRequest& request) {
  const int limit = PageLimit(request);
  return database_.Read([&](Connection& connection) -> Result<Page<AuditEntry>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT id, at, user_id, user_name, action, object_id, detail "
                           "FROM audit_log WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2",
                           {request.after, limit + 1}));
    return MakePage<AuditEntry>(answer.rows, limit, EntryOf);
  });
}

}  // namespace vigil::database
