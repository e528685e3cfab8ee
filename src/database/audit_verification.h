// Finds out whether the audit log is as it was written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "database/audit_chain.h"
#include "database/database.h"

namespace vigil::database {

// Where the log is first known to be wrong.
struct AuditFault {
  std::int64_t sequence = 0;  // of the row; 0: it has no place in the chain
  std::string id;             // of the row that stands there; empty: none does
  std::string what;           // one sentence for people

  bool operator==(const AuditFault&) const = default;
};

struct AuditVerdict {
  std::int64_t rows = 0;           // that were read
  std::int64_t first = 1;          // the oldest that retention kept
  std::optional<AuditHead> head;   // the newest one of the database
  std::string public_key;          // raw; what signs here
  std::int64_t heads_matched = 0;  // of those given
  std::int64_t heads_older = 0;    // of those given: their rows retention has taken away
  std::optional<AuditFault> fault;
};

// Reads the whole log over one snapshot and compares it with its own newest head and with `heads`,
// which were written down earlier, in any order. Any row that was changed, deleted, moved or put in
// is found, the newest ones too: only who holds the installation's key can sign a head. That the
// newest rows were cut off and the head of that time put back is found by a head of `heads` that is
// younger. Where hashes were computed anew, the named row is the first after the last head that
// fits, unless another one is plainly wrong. Holds one reader meanwhile.
Result<AuditVerdict> VerifyAudit(Database& database, std::span<const AuditHead> heads = {});

// The same inside a transaction that runs.
Result<AuditVerdict> VerifyAudit(Connection& connection, const Sealer& sealer,
                                 std::span<const AuditHead> heads);

}  // namespace vigil::database
