// See audit_verification.h.
#include "database/audit_verification.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "base/format.h"

namespace vigil::database {
namespace {

constexpr int kRowsAtOnce = 1000;

// Walks the chain from its beginning; the lowest fault is the one that counts.
class Verification {
 public:
  Verification(Connection& connection, const Sealer& sealer, std::span<const AuditHead> heads)
      : connection_(connection), sealer_(sealer), heads_(heads.begin(), heads.end()) {
    std::ranges::sort(heads_, {}, &AuditHead::sequence);
  }

  Result<AuditVerdict> Run() {
    VIGIL_RETURN_IF_ERROR(ReadKey());
    VIGIL_RETURN_IF_ERROR(FindBeginning());
    VIGIL_RETURN_IF_ERROR(Walk());
    VIGIL_RETURN_IF_ERROR(CheckStrays());
    VIGIL_RETURN_IF_ERROR(CheckNewest());
    for (; next_head_ < heads_.size(); ++next_head_) {
      if (!CheckSignature(heads_[next_head_])) continue;
      Note(
          sequence_ + 1, "",
          format("the log ends with row {}, but a head of row {} was written down: the end was cut "
                 "off, or an older copy of the database put in its place",
                 sequence_, heads_[next_head_].sequence));
    }
    return std::move(verdict_);
  }

 private:
  void Note(std::int64_t sequence, std::string id, std::string what) {
    if (verdict_.fault.has_value() && verdict_.fault->sequence <= sequence) return;
    verdict_.fault = AuditFault{sequence, std::move(id), std::move(what)};
  }

  // Something between the last head that fits and row `last` was changed and hashed anew; a fault
  // that was met there says more.
  void NoteHashedAnew(std::int64_t last, std::string what) {
    if (verdict_.fault.has_value() && verdict_.fault->sequence <= last) return;
    Note(confirmed_ + 1, "", std::move(what));
  }

  Status ReadKey() {
    VIGIL_ASSIGN_OR_RETURN(const Secret seed, AuditSigningSeed(connection_, sealer_));
    verdict_.public_key = SigningPublicKey(seed.Reveal());
    return {};
  }

  // The first row, or the one behind what retention took away.
  Status FindBeginning() {
    VIGIL_ASSIGN_OR_RETURN(const auto forgotten, ReadAuditHead(connection_, AuditEnd::kForgotten));
    if (forgotten.has_value()) {
      sequence_ = forgotten->sequence;
      hash_ = forgotten->hash;
      if (!IsSigned(*forgotten, AuditEnd::kForgotten, verdict_.public_key)) {
        Note(sequence_ + 1, "",
             format("the rows up to {} are said to be gone by retention, but that is not signed by "
                    "this installation",
                    sequence_));
      }
    }
    verdict_.first = sequence_ + 1;
    confirmed_ = sequence_;
    while (next_head_ < heads_.size() && heads_[next_head_].sequence <= sequence_) {
      const AuditHead& head = heads_[next_head_++];
      CheckSignature(head);
      if (head.sequence == sequence_ && head.hash != hash_) {
        Note(sequence_ + 1, "",
             format("the head of row {} that was written down differs", sequence_));
      }
      ++verdict_.heads_older;
    }
    return {};
  }

  bool CheckSignature(const AuditHead& head) {
    if (IsSigned(head, AuditEnd::kNewest, verdict_.public_key)) return true;
    Note(head.sequence, "",
         format(
             "a head of row {} was given that is not signed by this installation: it was changed, "
             "comes from elsewhere, or the installation's key was replaced",
             head.sequence));
    return false;
  }

  Status Walk() {
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(
          const Answer rows,
          connection_.Execute("SELECT id, at, user_id, user_name, action, object_id, detail, "
                              "sequence, hash FROM audit_log WHERE sequence > $1 "
                              "ORDER BY sequence LIMIT $2",
                              {sequence_, kRowsAtOnce}));
      for (const Row& row : rows.rows) TakeRow(AuditEntryOf(row));
      if (std::ssize(rows.rows) < kRowsAtOnce) return {};
    }
  }

  void TakeRow(const AuditEntry& entry) {
    ++verdict_.rows;
    if (entry.sequence > sequence_ + 1) {
      Note(sequence_ + 1, "",
           entry.sequence == sequence_ + 2
               ? format("row {} is missing", sequence_ + 1)
               : format("rows {} to {} are missing", sequence_ + 1, entry.sequence - 1));
    } else if (entry.sequence <= sequence_) {
      Note(entry.sequence, entry.id, format("row {} stands there twice", entry.sequence));
    } else if (entry.hash != AuditHash(entry, hash_)) {
      Note(entry.sequence, entry.id,
           format("row {} is not the one that was written there", entry.sequence));
    }
    if (entry.action == kAuditBroken) {
      // The heads that were signed since vouch for what was there then, changed or not.
      NoteHashedAnew(entry.sequence,
                     format("when row {} was written, the log before it had been changed: {}; rows "
                            "from {} on may not be those that were written",
                            entry.sequence, entry.detail, confirmed_ + 1));
    }
    sequence_ = entry.sequence;
    hash_ = entry.hash;
    CheckHeads();
  }

  // Those given of the row just taken, or of rows that were missing before it.
  void CheckHeads() {
    for (; next_head_ < heads_.size() && heads_[next_head_].sequence <= sequence_; ++next_head_) {
      const AuditHead& head = heads_[next_head_];
      if (!CheckSignature(head)) continue;
      if (head.sequence == sequence_ && head.hash == hash_) {
        confirmed_ = sequence_;
        ++verdict_.heads_matched;
        continue;
      }
      NoteHashedAnew(
          head.sequence,
          format("row {} had another hash when its head was written down: rows {} to {} were "
                 "changed and hashed anew",
                 head.sequence, confirmed_ + 1, head.sequence));
    }
  }

  Status CheckNewest() {
    VIGIL_ASSIGN_OR_RETURN(verdict_.head, ReadAuditHead(connection_, AuditEnd::kNewest));
    if (!verdict_.head.has_value()) {
      NoteHashedAnew(sequence_, "the newest head is missing");
      return {};
    }
    const AuditHead& newest = *verdict_.head;
    if (!IsSigned(newest, AuditEnd::kNewest, verdict_.public_key)) {
      NoteHashedAnew(
          sequence_,
          format("the newest head, of row {}, is not signed by this installation: rows from {} on "
                 "may be changed and hashed anew",
                 newest.sequence, confirmed_ + 1));
    } else if (newest.sequence > sequence_) {
      Note(sequence_ + 1, "",
           format("the log ends with row {}, but its newest head is of row {}: the end was cut off",
                  sequence_, newest.sequence));
    } else if (newest.sequence < sequence_) {
      Note(newest.sequence + 1, "",
           format("rows {} to {} stand behind the newest head: somebody else put them in",
                  newest.sequence + 1, sequence_));
    } else if (newest.hash != hash_) {
      NoteHashedAnew(
          sequence_,
          format("row {} has another hash than the newest head: rows from {} on were changed and "
                 "hashed anew",
                 sequence_, confirmed_ + 1));
    }
    return {};
  }

  // Rows that the walk cannot meet: without a place, before the beginning, or twice in one place
  // where somebody took the index away.
  Status CheckStrays() {
    VIGIL_ASSIGN_OR_RETURN(const Answer counted,
                           connection_.Execute("SELECT COUNT(*) AS n FROM audit_log", {}));
    if (counted.rows.at(0).Integer("n") == verdict_.rows) return {};
    VIGIL_ASSIGN_OR_RETURN(
        const Answer stray,
        connection_.Execute("SELECT id, COALESCE(sequence, 0) AS sequence FROM audit_log "
                            "WHERE sequence IS NULL OR sequence < $1 ORDER BY id LIMIT 1",
                            {verdict_.first}));
    if (stray.rows.empty()) {
      Note(verdict_.first, "", "two rows stand in one place of the log");
    } else {
      const Row& row = stray.rows.front();
      Note(std::max<std::int64_t>(row.Integer("sequence"), 0), row.Text("id"),
           format("row {} stands outside of the chain: somebody else put it in", row.Text("id")));
    }
    return {};
  }

  Connection& connection_;
  const Sealer& sealer_;
  std::vector<AuditHead> heads_;
  std::size_t next_head_ = 0;
  AuditVerdict verdict_;
  std::int64_t sequence_ = 0;  // of the row before
  std::string hash_{kAuditGenesis};
  std::int64_t confirmed_ = 0;  // up to here a head that was written down fits
};

}  // namespace

Result<AuditVerdict> VerifyAudit(Connection& connection, const Sealer& sealer,
                                 std::span<const AuditHead> heads) {
  return Verification(connection, sealer, heads).Run();
}

Result<AuditVerdict> VerifyAudit(Database& database, std::span<const AuditHead> heads) {
  return database.Read(
      [&](Connection& connection) { return VerifyAudit(connection, database.GetSealer(), heads); });
}

}  // namespace vigil::database
