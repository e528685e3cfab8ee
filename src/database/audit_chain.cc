// See audit_chain.h.
#include "database/audit_chain.h"

#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "base/log.h"
#include "base/time_text.h"
#include "base/uuid.h"
#include "database/setting_repository.h"

namespace vigil::database {
namespace {

constexpr const char* kSigningSeed = "audit_signing_key";

std::string_view NameOf(AuditEnd end) { return end == AuditEnd::kNewest ? "newest" : "forgotten"; }

std::string SignedText(AuditEnd end, const AuditHead& head) {
  return format("vigil audit head 1\n{}\n{}\n{}\n{}", NameOf(end), head.sequence, head.hash,
                head.at.time_since_epoch().count());
}

// What is wrong with the newest head; empty: nothing.
Result<std::string> FaultOfHead(Connection& connection, const std::optional<AuditHead>& head,
                                std::string_view public_key) {
  if (!head.has_value()) return std::string("the newest head is missing");
  if (!IsSigned(*head, AuditEnd::kNewest, public_key)) {
    return format("the newest head, of row {}, is not signed by this installation", head->sequence);
  }
  VIGIL_ASSIGN_OR_RETURN(
      const Answer newer,
      connection.Execute("SELECT sequence FROM audit_log WHERE sequence > $1 LIMIT 1",
                         {head->sequence}));
  if (!newer.rows.empty()) return format("rows stand behind the newest head {}", head->sequence);
  VIGIL_ASSIGN_OR_RETURN(
      const Answer row,
      connection.Execute("SELECT hash FROM audit_log WHERE sequence = $1", {head->sequence}));
  if (row.rows.empty()) {
    // Before the first row, or all were forgotten.
    VIGIL_ASSIGN_OR_RETURN(const auto forgotten, ReadAuditHead(connection, AuditEnd::kForgotten));
    const std::int64_t empty_at = forgotten.has_value() ? forgotten->sequence : 0;
    if (head->sequence == empty_at) return std::string();
    return format("row {}, the newest, is missing", head->sequence);
  }
  if (row.rows.front().Text("hash") != head->hash) {
    return format("row {} has another hash than the newest head", head->sequence);
  }
  return std::string();
}

// Where a chain with a faulty head goes on: behind the rows that are there.
Result<AuditHead> LastRow(Connection& connection) {
  AuditHead last{.sequence = 0, .hash = std::string(kAuditGenesis), .at = {}, .signature = {}};
  VIGIL_ASSIGN_OR_RETURN(const auto forgotten, ReadAuditHead(connection, AuditEnd::kForgotten));
  if (forgotten.has_value()) last = *forgotten;
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute("SELECT sequence, hash FROM audit_log "
                                            "WHERE sequence > $1 ORDER BY sequence DESC LIMIT 1",
                                            {last.sequence}));
  if (answer.rows.empty()) return last;
  last.sequence = answer.rows.front().Integer("sequence");
  last.hash = answer.rows.front().Text("hash");
  return last;
}

// Puts `entry` behind `last`, which then names it.
Status Link(Connection& connection, AuditHead& last, AuditEntry& entry) {
  entry.sequence = last.sequence + 1;
  entry.hash = AuditHash(entry, last.hash);
  last.sequence = entry.sequence;
  last.hash = entry.hash;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO audit_log (id, at, user_id, user_name, action, object_id, detail, sequence, "
      "hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {entry.id, entry.at, entry.user_id, entry.user_name, entry.action, entry.object_id,
       entry.detail, entry.sequence, entry.hash}));
  return {};
}

// Rows of older versions, in the order of their ids, which is that of time.
Result<std::int64_t> AdoptOldRows(Connection& connection, AuditHead& last) {
  constexpr int kRowsAtOnce = 1000;
  std::int64_t adopted = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer rows,
        connection.Execute(
            "SELECT id, at, user_id, user_name, action, object_id, detail, sequence, "
            "hash FROM audit_log WHERE sequence IS NULL ORDER BY id LIMIT $1",
            {kRowsAtOnce}));
    for (const Row& row : rows.rows) {
      AuditEntry entry = AuditEntryOf(row);
      entry.sequence = last.sequence + 1;
      entry.hash = AuditHash(entry, last.hash);
      VIGIL_RETURN_IF_ERROR(
          connection.Execute("UPDATE audit_log SET sequence = $2, hash = $3 WHERE id = $1",
                             {entry.id, entry.sequence, entry.hash}));
      last.sequence = entry.sequence;
      last.hash = entry.hash;
      ++adopted;
    }
    if (std::ssize(rows.rows) < kRowsAtOnce) return adopted;
  }
}

AuditEntry OwnEntry(const Clock& clock, std::string_view action, const json::object& detail) {
  return {.id = MakeUuid(clock),
          .at = clock.WallNow(),
          .user_id = {},
          .user_name = "vigil",
          .action = std::string(action),
          .object_id = {},
          .detail = WriteJson(detail)};
}

}  // namespace

json::object AuditHeadJson(const AuditHead& head, std::string_view public_key) {
  return {{"sequence", head.sequence},
          {"hash", head.hash},
          {"at", FormatTime(head.at)},
          {"signature", head.signature},
          {"public_key", Base64Encode(public_key)}};
}

Result<AuditHead> AuditHeadOf(const json::value& value) {
  const json::object* object = value.if_object();
  const auto field = [&](std::string_view name) -> const json::value* {
    return object == nullptr ? nullptr : object->if_contains(name);
  };
  const json::value* sequence = field("sequence");
  const json::value* hash = field("hash");
  const json::value* at = field("at");
  const json::value* signature = field("signature");
  if (sequence == nullptr || !sequence->is_int64() || sequence->as_int64() < 0 || hash == nullptr ||
      !hash->is_string() || at == nullptr || !at->is_string() || signature == nullptr ||
      !signature->is_string()) {
    return Fail(ErrorCode::kInvalidArgument,
                "a head of the audit log has a sequence from 0, hash, at and signature");
  }
  AuditHead head{.sequence = sequence->as_int64(),
                 .hash = std::string(hash->as_string()),
                 .at = {},
                 .signature = std::string(signature->as_string())};
  VIGIL_ASSIGN_OR_RETURN(head.at, ParseTime(at->as_string()));
  return head;
}

AuditEntry AuditEntryOf(const Row& row) {
  return {.id = row.Text("id"),
          .at = row.Time("at"),
          .user_id = row.Text("user_id"),
          .user_name = row.Text("user_name"),
          .action = row.Text("action"),
          .object_id = row.Text("object_id"),
          .detail = row.Text("detail"),
          .sequence = row.Integer("sequence"),
          .hash = row.Text("hash")};
}

std::string AuditHash(const AuditEntry& entry, std::string_view hash_before) {
  return Sha256Hex(json::serialize(json::array{
      hash_before, entry.sequence, entry.id, std::int64_t{entry.at.time_since_epoch().count()},
      entry.user_id, entry.user_name, entry.action, entry.object_id, entry.detail}));
}

AuditHead SignAuditHead(const Secret& seed, AuditEnd end, std::int64_t sequence, std::string hash,
                        WallTime at) {
  AuditHead head{.sequence = sequence, .hash = std::move(hash), .at = at, .signature = {}};
  head.signature = Base64Encode(Sign(seed.Reveal(), SignedText(end, head)));
  return head;
}

bool IsSigned(const AuditHead& head, AuditEnd end, std::string_view public_key) {
  const Result<std::string> signature = Base64Decode(head.signature);
  return signature.has_value() && VerifySignature(public_key, SignedText(end, head), *signature);
}

Result<Secret> AuditSigningSeed(Connection& connection, const Sealer& sealer) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Secret> stored,
                         ReadSetting(connection, sealer, kSigningSeed));
  if (!stored.has_value()) {
    return Fail(ErrorCode::kDataLoss,
                "the key that signs the audit log is gone from the database: somebody deleted the "
                "setting audit_signing_key; restore the database from a backup");
  }
  VIGIL_ASSIGN_OR_RETURN(std::string seed, Base64Decode(stored->Reveal()));
  return Secret(std::move(seed));
}

Result<std::optional<AuditHead>> ReadAuditHead(Connection& connection, AuditEnd end) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT sequence, hash, at, signature FROM audit_heads WHERE kind = $1",
                         {NameOf(end)}));
  if (answer.rows.empty()) return std::nullopt;
  const Row& row = answer.rows.front();
  return AuditHead{.sequence = row.Integer("sequence"),
                   .hash = row.Text("hash"),
                   .at = row.Time("at"),
                   .signature = row.Text("signature")};
}

Status WriteAuditHead(Connection& connection, AuditEnd end, const AuditHead& head) {
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO audit_heads (kind, sequence, hash, at, signature) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (kind) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, "
      "at = excluded.at, signature = excluded.signature",
      {NameOf(end), head.sequence, head.hash, head.at, head.signature}));
  return {};
}

Status AppendToAuditChain(Connection& connection, const Sealer& sealer, const Clock& clock,
                          AuditEntry& entry) {
  VIGIL_ASSIGN_OR_RETURN(const Secret seed, AuditSigningSeed(connection, sealer));
  VIGIL_ASSIGN_OR_RETURN(const auto head, ReadAuditHead(connection, AuditEnd::kNewest));
  VIGIL_ASSIGN_OR_RETURN(const std::string fault,
                         FaultOfHead(connection, head, SigningPublicKey(seed.Reveal())));
  AuditHead last;
  if (fault.empty()) {
    last = *head;
  } else {
    LogError("audit", "somebody else has changed the audit log: {}; run `vigil audit verify`",
             fault);
    VIGIL_ASSIGN_OR_RETURN(last, LastRow(connection));
    AuditEntry broken = OwnEntry(clock, kAuditBroken, {{"found", fault}});
    VIGIL_RETURN_IF_ERROR(Link(connection, last, broken));
  }
  VIGIL_RETURN_IF_ERROR(Link(connection, last, entry));
  return WriteAuditHead(
      connection, AuditEnd::kNewest,
      SignAuditHead(seed, AuditEnd::kNewest, last.sequence, last.hash, clock.WallNow()));
}

Status BeginAuditChain(Database& database) {
  const auto begun = [&](Connection& connection) -> Result<bool> {
    VIGIL_ASSIGN_OR_RETURN(const auto seed,
                           ReadSetting(connection, database.GetSealer(), kSigningSeed));
    return seed.has_value();
  };
  VIGIL_ASSIGN_OR_RETURN(const bool already, database.Read(begun));
  if (already) return {};
  return database.Write([&](Connection& connection) -> Status {
    // Another process may have come first.
    VIGIL_ASSIGN_OR_RETURN(const bool meanwhile, begun(connection));
    if (meanwhile) return {};
    const Secret seed(RandomSigningSeed());
    VIGIL_RETURN_IF_ERROR(WriteSetting(connection, database.GetSealer(), kSigningSeed,
                                       Secret(Base64Encode(seed.Reveal()))));
    AuditHead last{.sequence = 0, .hash = std::string(kAuditGenesis), .at = {}, .signature = {}};
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t adopted, AdoptOldRows(connection, last));
    if (adopted > 0) {
      AuditEntry entry = OwnEntry(database.GetClock(), "audit.begin", {{"older_rows", adopted}});
      VIGIL_RETURN_IF_ERROR(Link(connection, last, entry));
    }
    return WriteAuditHead(connection, AuditEnd::kNewest,
                          SignAuditHead(seed, AuditEnd::kNewest, last.sequence, last.hash,
                                        database.GetClock().WallNow()));
  });
}

}  // namespace vigil::database
