// SQL of the audit log.
#include "database/audit_repository.h"

#include "base/uuid.h"
#include "database/audit_chain.h"
#include "database/condition.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

Condition ConditionOf(const AuditFilter& filter, const PageRequest& request) {
  Condition condition;
  if (!request.after.empty()) condition.Add("id < ${}", request.after);
  if (!filter.user.empty()) condition.Add("${} IN (user_id, user_name)", filter.user);
  if (filter.action.ends_with('.')) {
    // As a pattern the underscores of actions would stand for any letter.
    condition.Add("SUBSTR(action, 1, LENGTH(${0})) = ${0}", filter.action);
  } else if (!filter.action.empty()) {
    condition.Add("action = ${}", filter.action);
  }
  if (!filter.object_id.empty()) condition.Add("object_id = ${}", filter.object_id);
  if (filter.from.has_value()) condition.Add("at >= ${}", *filter.from);
  if (filter.to.has_value()) condition.Add("at <= ${}", *filter.to);
  return condition;
}

}  // namespace

Status AuditRepository::Append(AuditEntry entry) {
  const Clock& clock = database_.GetClock();
  entry.id = MakeUuid(clock);
  if (entry.at == WallTime{}) entry.at = clock.WallNow();
  return database_.Write([&](Connection& connection) {
    return AppendToAuditChain(connection, database_.GetSealer(), clock, entry);
  });
}

Result<Page<AuditEntry>> AuditRepository::List(const PageRequest& request,
                                               const AuditFilter& filter) {
  Condition condition = ConditionOf(filter, request);
  const int limit = PageLimit(request);
  condition.parameters.emplace_back(limit + 1);
  return database_.Read([&](Connection& connection) -> Result<Page<AuditEntry>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(format("SELECT id, at, user_id, user_name, action, object_id, detail, "
                                  "sequence, hash FROM audit_log {} ORDER BY id DESC LIMIT ${}",
                                  condition.sql, condition.parameters.size()),
                           condition.parameters));
    return MakePage<AuditEntry>(answer.rows, limit, AuditEntryOf);
  });
}

}  // namespace vigil::database
