// Who did what: lines are added and never changed.
#pragma once

#include "base/result.h"
#include "core/user.h"
#include "database/database.h"
#include "database/page.h"

namespace vigil::database {

// Thread-safe.
class AuditRepository {
 public:
  explicit AuditRepository(Database& database) : database_(database) {}

  // Fills id, and `at` when it is not set; the row goes into the chain of audit_chain.h. Safe from
  // several threads and processes: each transaction that writes begins with the database's one
  // write lock.
  Status Append(AuditEntry entry);
  // Newest first.
  Result<Page<AuditEntry>> List(const PageRequest& request, const AuditFilter& filter = {});

 private:
  Database& database_;
};

}  // namespace vigil::database
