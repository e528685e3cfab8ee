// How old rows leave the audit log; see retention.h.
#include "base/crypto.h"
#include "base/format.h"
#include "base/uuid.h"
#include "database/audit_chain.h"
#include "database/retention.h"

namespace vigil::database {
namespace {

// Where the chain begins: behind what was forgotten so far.
Result<AuditHead> Beginning(Connection& connection, std::string_view public_key) {
  VIGIL_ASSIGN_OR_RETURN(auto forgotten, ReadAuditHead(connection, AuditEnd::kForgotten));
  if (!forgotten.has_value()) {
    return AuditHead{.sequence = 0, .hash = std::string(kAuditGenesis), .at = {}, .signature = {}};
  }
  if (!IsSigned(*forgotten, AuditEnd::kForgotten, public_key)) {
    return Fail(ErrorCode::kDataLoss,
                "the checkpoint of the audit log is not signed by this installation; run `vigil "
                "audit verify`");
  }
  return *std::move(forgotten);
}

// Moves `end` over the rows of one batch that are older than `before`.
Status WalkOver(const Answer& rows, WallTime before, AuditHead& end) {
  for (const Row& row : rows.rows) {
    const AuditEntry entry = AuditEntryOf(row);
    if (entry.at >= before) return {};
    if (entry.sequence != end.sequence + 1 || entry.hash != AuditHash(entry, end.hash)) {
      return Fail(
          ErrorCode::kDataLoss,
          format("row {} of the audit log is not the one that was written there, so nothing "
                 "from there on is forgotten; run `vigil audit verify`",
                 end.sequence + 1));
    }
    end.sequence = entry.sequence;
    end.hash = entry.hash;
  }
  return {};
}

Result<std::int64_t> ForgetSome(Connection& connection, const Database& database, Clock& clock,
                                WallTime before, int rows_at_once) {
  VIGIL_ASSIGN_OR_RETURN(const Secret seed, AuditSigningSeed(connection, database.GetSealer()));
  VIGIL_ASSIGN_OR_RETURN(const AuditHead begin,
                         Beginning(connection, SigningPublicKey(seed.Reveal())));
  VIGIL_ASSIGN_OR_RETURN(
      const Answer rows,
      connection.Execute("SELECT id, at, user_id, user_name, action, object_id, detail, sequence, "
                         "hash FROM audit_log WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                         {begin.sequence, rows_at_once}));
  AuditHead end = begin;
  VIGIL_RETURN_IF_ERROR(WalkOver(rows, before, end));
  const std::int64_t count = end.sequence - begin.sequence;
  if (count == 0) return 0;
  // First, so that the log is never without a row, and the row vouches for a whole chain.
  AuditEntry entry{.id = MakeUuid(clock),
                   .at = clock.WallNow(),
                   .user_id = {},
                   .user_name = "vigil",
                   .action = "audit.forget",
                   .object_id = {},
                   .detail = WriteJson(json::object{
                       {"rows", count}, {"through", end.sequence}, {"hash", end.hash}})};
  VIGIL_RETURN_IF_ERROR(AppendToAuditChain(connection, database.GetSealer(), clock, entry));
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("DELETE FROM audit_log WHERE sequence <= $1", {end.sequence}));
  VIGIL_RETURN_IF_ERROR(WriteAuditHead(
      connection, AuditEnd::kForgotten,
      SignAuditHead(seed, AuditEnd::kForgotten, end.sequence, end.hash, clock.WallNow())));
  return count;
}

// Whether a day of rows waits: one step a day keeps the log from filling with rows of its own.
Result<bool> IsDue(Database& database, WallTime before) {
  return database.Read([&](Connection& connection) -> Result<bool> {
    VIGIL_ASSIGN_OR_RETURN(const Answer oldest,
                           connection.Execute("SELECT at FROM audit_log WHERE sequence IS NOT NULL "
                                              "ORDER BY sequence LIMIT 1",
                                              {}));
    return !oldest.rows.empty() && oldest.rows.front().Time("at") < before - std::chrono::hours{24};
  });
}

}  // namespace

Result<std::int64_t> ForgetOldAudit(Database& database, std::chrono::hours kept, int rows_at_once,
                                    const std::stop_token& stop) {
  if (kept <= std::chrono::hours{0}) return 0;
  Clock& clock = database.GetClock();
  const WallTime before = clock.WallNow() - kept;
  VIGIL_ASSIGN_OR_RETURN(const bool due, IsDue(database, before));
  std::int64_t forgotten = 0;
  while (due && !stop.stop_requested()) {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t some, database.Write([&](Connection& connection) {
      return ForgetSome(connection, database, clock, before, rows_at_once);
    }));
    forgotten += some;
    if (some < rows_at_once) break;
  }
  return forgotten;
}

}  // namespace vigil::database
