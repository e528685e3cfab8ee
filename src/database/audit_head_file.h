// Signed heads of the audit log, written down where a change of the database does not reach them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "database/audit_chain.h"
#include "database/database.h"

namespace vigil::database {

struct NewestAuditHead {
  AuditHead head;
  std::string public_key;  // raw
};

// kDataLoss when the database has none that is signed by this installation.
Result<NewestAuditHead> ReadNewestAuditHead(Database& database);

// What a file of heads holds.
struct WrittenAuditHeads {
  std::vector<AuditHead> heads;  // in the order of the file; empty too when there is no file
  std::int64_t unreadable = 0;   // lines that are no head, such as one that a crash cut short
};

// kPermission when the file is there and cannot be read.
Result<WrittenAuditHeads> ReadAuditHeads(const std::filesystem::path& file);

// Adds the newest head to `file`, one JSON line each, and to the log of the program, whenever it
// has changed. Used by one thread.
class AuditHeadWriter {
 public:
  // `database` must outlive it. The file is made with mode 0600 when there is a first head to
  // write.
  AuditHeadWriter(Database& database, std::filesystem::path file)
      : database_(database), file_(std::move(file)) {}

  // Also looks whether the head written last still fits; when it does not, the log was cut or
  // replaced, and a row kAuditBroken says so from then on. A failure leaves it to the next call.
  Status Write();

 private:
  Status CompareWithLast();

  Database& database_;
  const std::filesystem::path file_;
  bool loaded_ = false;
  std::optional<AuditHead> last_;  // that was written
};

}  // namespace vigil::database
