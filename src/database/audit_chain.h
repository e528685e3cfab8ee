// The audit log as a chain: each row's hash covers the row and the hash before it, and the newest
// hash is signed, so that whoever changes the rows without the key cannot hide it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/seal.h"
#include "base/secret.h"
#include "core/user.h"
#include "database/connection.h"
#include "database/database.h"

namespace vigil::database {

// What stands before the first row.
inline constexpr std::string_view kAuditGenesis =
    "0000000000000000000000000000000000000000000000000000000000000000";
// Marks the place where the log found itself changed; nothing else writes it.
inline constexpr std::string_view kAuditBroken = "audit.broken";

// Which end of the chain a head speaks of. It is signed too: the head of yesterday must not pass
// for the place up to which retention forgot.
enum class AuditEnd { kNewest, kForgotten };

// A row of the chain, vouched for by a signature over end, sequence, hash and time.
struct AuditHead {
  std::int64_t sequence = 0;  // 0: before the first row
  std::string hash;           // lower-case hex
  WallTime at{};              // when it was signed
  std::string signature;      // base64

  bool operator==(const AuditHead&) const = default;
};

// {"sequence", "hash", "at", "signature", "public_key"}; the key is base64, for whoever checks the
// signature elsewhere.
json::object AuditHeadJson(const AuditHead& head, std::string_view public_key);
// Reads what AuditHeadJson wrote. kInvalidArgument names what is wrong.
Result<AuditHead> AuditHeadOf(const json::value& value);

// A row of audit_log with all its columns.
AuditEntry AuditEntryOf(const Row& row);

// Lower-case hex: the hash of `entry` (its `hash` aside) behind a row with `hash_before`.
std::string AuditHash(const AuditEntry& entry, std::string_view hash_before);

// Signs with a seed of base/crypto.h.
AuditHead SignAuditHead(const Secret& seed, AuditEnd end, std::int64_t sequence, std::string hash,
                        WallTime at);
bool IsSigned(const AuditHead& head, AuditEnd end, std::string_view public_key);

// The functions below run inside a transaction; those that change something, inside Write.

// The seed of this installation. kDataLoss when it is gone or was altered.
Result<Secret> AuditSigningSeed(Connection& connection, const Sealer& sealer);
Result<std::optional<AuditHead>> ReadAuditHead(Connection& connection, AuditEnd end);
Status WriteAuditHead(Connection& connection, AuditEnd end, const AuditHead& head);

// Adds `entry` behind the newest row and signs the new head. Where the newest head is missing, not
// signed by this installation or at odds with its row, somebody else has written: the chain goes on
// behind the rows that are there, first with a row kAuditBroken that says what was found. Fills
// sequence and hash.
Status AppendToAuditChain(Connection& connection, const Sealer& sealer, const Clock& clock,
                          AuditEntry& entry);

// Makes the key and the first head of a database that has none, and takes rows of older versions
// into the chain. Does nothing later. OpenDatabase calls it.
Status BeginAuditChain(Database& database);

}  // namespace vigil::database
