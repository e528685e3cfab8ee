// See audit_head_file.h.
#include "database/audit_head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "base/log.h"
#include "base/uuid.h"
#include "database/audit_repository.h"

namespace vigil::database {
namespace {

// Whole or not at all as far as the file system allows: one write to the end, then on disk.
Status AppendLine(const std::filesystem::path& file, std::string line) {
  line += '\n';
  const int descriptor =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  const bool written =
      descriptor >= 0 &&
      ::write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
      ::fsync(descriptor) == 0;
  const int cause = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (written) return {};
  return Fail(ErrorCode::kUnavailable, format("cannot write heads of the audit log to {}: {}",
                                              file.string(), std::strerror(cause)));
}

// What the database says of the row that a written head names; empty: it fits.
Result<std::string> Misfit(Connection& connection, const AuditHead& written) {
  VIGIL_ASSIGN_OR_RETURN(const auto forgotten, ReadAuditHead(connection, AuditEnd::kForgotten));
  if (written.sequence == 0) return std::string();
  if (forgotten.has_value() && written.sequence < forgotten->sequence) return std::string();
  if (forgotten.has_value() && written.sequence == forgotten->sequence) {
    return forgotten->hash == written.hash ? std::string() : "the row retention forgot differs";
  }
  VIGIL_ASSIGN_OR_RETURN(
      const Answer row,
      connection.Execute("SELECT hash FROM audit_log WHERE sequence = $1", {written.sequence}));
  if (row.rows.empty()) {
    return format("row {}, whose head was written down, is gone", written.sequence);
  }
  if (row.rows.front().Text("hash") == written.hash) return std::string();
  return format("row {} has another hash than its head that was written down", written.sequence);
}

}  // namespace

Result<NewestAuditHead> ReadNewestAuditHead(Database& database) {
  return database.Read([&](Connection& connection) -> Result<NewestAuditHead> {
    VIGIL_ASSIGN_OR_RETURN(const Secret seed, AuditSigningSeed(connection, database.GetSealer()));
    VIGIL_ASSIGN_OR_RETURN(auto head, ReadAuditHead(connection, AuditEnd::kNewest));
    NewestAuditHead newest{.head = {}, .public_key = SigningPublicKey(seed.Reveal())};
    if (!head.has_value() || !IsSigned(*head, AuditEnd::kNewest, newest.public_key)) {
      return Fail(
          ErrorCode::kDataLoss,
          "the newest head of the audit log is missing or was changed by somebody else; run "
          "`vigil audit verify`");
    }
    newest.head = *std::move(head);
    return newest;
  });
}

Result<WrittenAuditHeads> ReadAuditHeads(const std::filesystem::path& file) {
  WrittenAuditHeads written;
  std::error_code failure;
  if (!std::filesystem::exists(file, failure) && !failure) return written;
  std::ifstream input(file);
  if (!input) {
    return Fail(ErrorCode::kPermission,
                format("cannot read the heads of the audit log in {}; make the file readable for "
                       "this user",
                       file.string()));
  }
  std::string line;
  while (std::getline(input, line)) {
    if (line.empty()) continue;
    const Result<json::value> value = ParseJson(line);
    Result<AuditHead> head =
        value.has_value() ? AuditHeadOf(*value) : std::unexpected(value.error());
    if (head.has_value()) {
      written.heads.push_back(*std::move(head));
    } else {
      ++written.unreadable;
    }
  }
  return written;
}

Status AuditHeadWriter::CompareWithLast() {
  if (!loaded_) {
    VIGIL_ASSIGN_OR_RETURN(WrittenAuditHeads written, ReadAuditHeads(file_));
    if (!written.heads.empty()) last_ = std::move(written.heads.back());
    // A line that a crash cut short must not take the next one with it.
    if (written.unreadable > 0) VIGIL_RETURN_IF_ERROR(AppendLine(file_, ""));
    loaded_ = true;
  }
  if (!last_.has_value()) return {};
  VIGIL_ASSIGN_OR_RETURN(const std::string misfit, database_.Read([&](Connection& connection) {
    return Misfit(connection, *last_);
  }));
  if (misfit.empty()) return {};
  LogError("audit",
           "the audit log was cut or replaced: {}; run `vigil audit verify` (a restored backup "
           "shows this too)",
           misfit);
  AuditEntry entry;
  entry.user_name = "vigil";
  entry.action = kAuditBroken;
  entry.detail = WriteJson(json::object{{"found", misfit}});
  return AuditRepository(database_).Append(std::move(entry));
}

Status AuditHeadWriter::Write() {
  VIGIL_RETURN_IF_ERROR(CompareWithLast());
  VIGIL_ASSIGN_OR_RETURN(NewestAuditHead newest, ReadNewestAuditHead(database_));
  if (last_.has_value() && *last_ == newest.head) return {};
  VIGIL_RETURN_IF_ERROR(
      AppendLine(file_, WriteJson(AuditHeadJson(newest.head, newest.public_key))));
  LogInfo("audit", "the audit log ends with row {}: {} (signature {})", newest.head.sequence,
          newest.head.hash, newest.head.signature);
  last_ = std::move(newest.head);
  return {};
}

}  // namespace vigil::database
