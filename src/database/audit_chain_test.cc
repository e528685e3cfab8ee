// The audit log's chain: appending from everywhere, what retention leaves, heads in a file, and
// whatever somebody else does to the rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "base/crypto.h"
#include "base/format.h"
#include "database/audit_head_file.h"
#include "database/audit_repository.h"
#include "database/audit_verification.h"
#include "database/retention.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

AuditEntry Entry(int number) {
  AuditEntry entry;
  entry.user_id = format("id-{}", number % 3);
  entry.user_name = number % 3 == 0 ? "anna" : "otto";
  entry.action = "person.change";
  entry.object_id = format("p-{}", number);
  entry.detail = format(R"({{"name":"Zoë \"{}\""}})", number);
  return entry;
}

class AuditChain : public ::testing::Test {
 protected:
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(AuditRepository(*database_).Append(Entry(i)).has_value());
    }
  }
  std::optional<AuditFault> Fault(const std::vector<AuditHead>& heads = {}) {
    const auto verdict = VerifyAudit(*database_, heads);
    if (!verdict.has_value()) return AuditFault{-1, "", verdict.error().message};
    return verdict->fault;
  }
  AuditHead Newest() { return ReadNewestAuditHead(*database_)->head; }

  TemporaryDatabase database_;
};

TEST_F(AuditChain, IsIntactFromTheFirstRowOn) {
  EXPECT_EQ(Fault(), std::nullopt);
  EXPECT_EQ(Newest().sequence, 0);
  Append(3);
  database_.Reopen();
  Append(2);
  EXPECT_EQ(Fault(), std::nullopt);
  EXPECT_EQ(Newest().sequence, 5);
  const auto page = AuditRepository(*database_).List({});
  EXPECT_EQ(page->items.front().hash, Newest().hash);
  EXPECT_EQ(page->items.front().sequence, 5);
}

// Whoever checks a log without this program needs the rule to the last byte.
TEST_F(AuditChain, HashIsTheOneTheSchemaDescribes) {
  const AuditEntry entry{.id = "i",
                         .at = WallTime{std::chrono::milliseconds{5}},
                         .user_id = "u",
                         .user_name = "n\"",
                         .action = "a",
                         .object_id = "o",
                         .detail = "{}",
                         .sequence = 7};
  EXPECT_EQ(AuditHash(entry, "h"), Sha256Hex(R"(["h",7,"i",5,"u","n\"","a","o","{}"])"));
}

TEST_F(AuditChain, HeadsOfManyThreadsAndProcessesMakeOneChain) {
  TemporaryDatabase& one = database_;
  Sealer sealer = TestSealer();
  const auto other = OpenDatabase(one.Options(), sealer, one.GetClock());
  ASSERT_TRUE(other.has_value());
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      Database& database = t % 2 == 0 ? *one : **other;
      threads.emplace_back([&database] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_TRUE(AuditRepository(database).Append(Entry(i)).has_value());
        }
      });
    }
  }
  const auto verdict = VerifyAudit(*one);
  EXPECT_EQ(verdict->fault, std::nullopt);
  EXPECT_EQ(verdict->rows, kThreads * kEach);
}

TEST_F(AuditChain, RowsLeaveBehindASignedCheckpoint) {
  Append(10);
  const AuditHead old = Newest();
  database_.GetClock().Advance(std::chrono::hours{24 * 40});
  Append(5);
  const AuditHead young = Newest();
  EXPECT_EQ(*ForgetOldAudit(*database_, std::chrono::hours{0}, 4), 0) << "for ever";
  EXPECT_EQ(*ForgetOldAudit(*database_, std::chrono::hours{24 * 30}, 4), 10);
  EXPECT_EQ(*ForgetOldAudit(*database_, std::chrono::hours{24 * 30}, 4), 0);
  const auto verdict = VerifyAudit(*database_, std::vector{old, young});
  EXPECT_EQ(verdict->fault, std::nullopt);
  EXPECT_EQ(verdict->first, 11);
  EXPECT_EQ(verdict->heads_older, 1);
  EXPECT_EQ(verdict->heads_matched, 1);
  EXPECT_EQ(AuditRepository(*database_).List({}, {.action = "audit.forget"})->items.size(), 3U);
  // Whoever deletes more by hand has no checkpoint for it, and that of an old head does not serve.
  database_.Execute("DELETE FROM audit_log WHERE sequence <= 12");
  EXPECT_EQ(Fault()->sequence, 11);
}

TEST_F(AuditChain, OldHeadIsNoCheckpoint) {
  Append(10);
  const AuditHead old = Newest();
  Append(10);
  database_.Execute("DELETE FROM audit_log WHERE sequence <= $1", {old.sequence});
  database_.Execute("INSERT INTO audit_heads VALUES ('forgotten', $1, $2, $3, $4)",
                    {old.sequence, old.hash, old.at, old.signature});
  EXPECT_THAT(Fault()->what, HasSubstr("not signed"));
}

TEST_F(AuditChain, RetentionKeepsRowsThatWereChanged) {
  Append(10);
  database_.Execute("UPDATE audit_log SET user_name = 'eve' WHERE sequence = 3");
  database_.GetClock().Advance(std::chrono::hours{24 * 40});
  const auto forgotten = ForgetOldAudit(*database_, std::chrono::hours{24 * 30}, 100);
  EXPECT_EQ(forgotten.error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(Fault()->sequence, 3);
}

// The head in the database could be that of the changed rows, were it not signed.
TEST_F(AuditChain, GoesOnWhenItsHeadWasChangedAndNeverForgetsIt) {
  Append(3);
  const AuditHead written = Newest();
  Append(1);
  database_.Execute("UPDATE audit_heads SET hash = $1 WHERE kind = 'newest'",
                    {std::string(64, 'a')});
  Append(2);
  EXPECT_EQ(Newest().sequence, 7) << "one row more: the log has noticed";
  EXPECT_EQ(Fault()->sequence, 1) << "nothing vouches for the first rows any more";
  const auto fault = Fault({written});
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->sequence, 4) << "the first behind the head that fits";
  EXPECT_THAT(fault->what, HasSubstr("not signed"));
}

TEST_F(AuditChain, HeadsAreWrittenWhenTheyChange) {
  const TemporaryFolder folder;
  const auto file = folder.Path() / "audit-heads.jsonl";
  AuditHeadWriter writer(*database_, file);
  ASSERT_TRUE(writer.Write().has_value());
  Append(2);
  ASSERT_TRUE(writer.Write().has_value());
  ASSERT_TRUE(writer.Write().has_value());
  std::ofstream(file, std::ios::app) << "{\"sequence\":9,\"ha";  // a crash in the midst of a line
  Append(1);
  AuditHeadWriter next_start(*database_, file);
  ASSERT_TRUE(next_start.Write().has_value());
  const auto written = ReadAuditHeads(file);
  ASSERT_EQ(written->heads.size(), 3U);
  EXPECT_EQ(written->unreadable, 1);
  EXPECT_EQ(written->heads.back(), Newest());
  EXPECT_EQ(Fault(written->heads), std::nullopt);
}

// The one thing that the database alone cannot show.
TEST_F(AuditChain, AnEndCutOffTogetherWithItsHeadIsFoundByTheWrittenOne) {
  const TemporaryFolder folder;
  const auto file = folder.Path() / "audit-heads.jsonl";
  AuditHeadWriter writer(*database_, file);
  Append(5);
  const AuditHead early = Newest();
  Append(5);
  ASSERT_TRUE(writer.Write().has_value());
  database_.Execute("DELETE FROM audit_log WHERE sequence > $1", {early.sequence});
  database_.Execute("UPDATE audit_heads SET sequence = $1, hash = $2, at = $3, signature = $4",
                    {early.sequence, early.hash, early.at, early.signature});
  EXPECT_EQ(Fault(), std::nullopt) << "as it stood then";
  EXPECT_EQ(Fault(ReadAuditHeads(file)->heads)->sequence, 6);
  // The running program notices too, and from then on the log itself tells.
  ASSERT_TRUE(writer.Write().has_value());
  EXPECT_THAT(Fault()->what, HasSubstr("is gone"));
}

TEST_F(AuditChain, HeadOfAnotherInstallationIsRefused) {
  Append(2);
  TemporaryDatabase other;
  ASSERT_TRUE(AuditRepository(*other).Append(Entry(1)).has_value());
  EXPECT_THAT(Fault({ReadNewestAuditHead(*other)->head})->what, HasSubstr("not signed by this"));
}

// Everything that somebody with the database in hand and without the key may do, at random.
class Tampering {
 public:
  Tampering(Connection& connection, const std::vector<AuditHead>& heads, std::uint32_t seed)
      : connection_(connection), heads_(heads), random_(seed) {}

  // Does one thing; the first row that is wrong, where that can be known exactly.
  std::optional<std::int64_t> DoOne() {
    switch (Below(11)) {
      case 0:
        return ChangeOneField();
      case 1:
        return DeleteRows(1);
      case 2:
        return DeleteRows(1 + Below(10));
      case 3:
        return SwapTwoRows();
      case 4:
        return InsertRow();
      case 5:
        return ChangeAndHashAnew(false);
      case 6:
        return ChangeAndHashAnew(true);
      case 7:
        return CutTheEnd();
      case 8:
        return ChangeHead();
      case 9:
        return ForgetByHand();
      default:
        return PutAsideARow();
    }
  }

 private:
  int Rows() const { return static_cast<int>(heads_.size()) - 1; }
  int Below(int limit) { return std::uniform_int_distribution(0, limit - 1)(random_); }
  int AnyRow() { return 1 + Below(Rows()); }
  Answer Do(const std::string& sql, const std::vector<Value>& values = {}) {
    auto answer = connection_.Execute(sql, values);
    if (!answer.has_value()) throw std::runtime_error(sql + ": " + answer.error().message);
    return *std::move(answer);
  }
  AuditEntry Read(std::int64_t sequence) {
    return AuditEntryOf(Do("SELECT * FROM audit_log WHERE sequence = $1", {sequence}).rows.at(0));
  }

  std::int64_t ChangeOneField() {
    const int row = AnyRow();
    const char* const fields[] = {"id",     "user_id",   "user_name", "action",
                                  "detail", "object_id", "hash",      "at"};
    const std::string field = fields[Below(std::size(fields))];
    if (field == "at") {
      Do("UPDATE audit_log SET at = at + $2 WHERE sequence = $1", {row, 1 + Below(1000)});
      return row;
    }
    std::string value = Do("SELECT " + field + " AS v FROM audit_log WHERE sequence = $1", {row})
                            .rows.at(0)
                            .Text("v");
    // One letter more or less, and never a part of one: PostgreSQL refuses such text by itself.
    const auto place = static_cast<std::size_t>(Below(static_cast<int>(value.size()) + 1));
    if (place == value.size() || (static_cast<unsigned char>(value[place]) & 0xC0U) == 0x80U) {
      value += 'x';
    } else if (Below(2) == 0 && static_cast<unsigned char>(value[place]) < 128) {
      value.erase(place, 1);
    } else {
      value.insert(place, 1, static_cast<char>('a' + Below(26)));
    }
    Do("UPDATE audit_log SET " + field + " = $2 WHERE sequence = $1", {row, value});
    return row;
  }

  std::int64_t DeleteRows(int count) {
    const int row = AnyRow();
    Do("DELETE FROM audit_log WHERE sequence >= $1 AND sequence < $2", {row, row + count});
    return row;
  }

  std::int64_t SwapTwoRows() {
    const int row = AnyRow();
    const int other = 1 + (row + Below(Rows() - 1)) % Rows();
    Do("UPDATE audit_log SET sequence = -1 WHERE sequence = $1", {row});
    Do("UPDATE audit_log SET sequence = $1 WHERE sequence = $2", {row, other});
    Do("UPDATE audit_log SET sequence = $1 WHERE sequence = -1", {other});
    return std::min(row, other);
  }

  void Insert(const AuditEntry& entry) {
    Do("INSERT INTO audit_log (id, at, user_id, user_name, action, object_id, detail, sequence, "
       "hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
       {entry.id, entry.at, entry.user_id, entry.user_name, entry.action, entry.object_id,
        entry.detail, entry.sequence, entry.hash});
  }

  // At the end or in the midst, those behind it moved and hashed anew.
  std::optional<std::int64_t> InsertRow() {
    const int row = 1 + Below(Rows() + 1);
    for (int later = Rows(); later >= row; --later) {
      Do("UPDATE audit_log SET sequence = $1 WHERE sequence = $2", {later + 1, later});
    }
    AuditEntry entry = Entry(1);
    entry.id = "put-in";
    entry.sequence = row;
    Insert(entry);
    HashAnew(row, Rows() + 1);
    return std::nullopt;
  }

  void HashAnew(int from, int to) {
    std::string before = from == 1 ? std::string(kAuditGenesis) : Read(from - 1).hash;
    for (int row = from; row <= to; ++row) {
      before = AuditHash(Read(row), before);
      Do("UPDATE audit_log SET hash = $2 WHERE sequence = $1", {row, before});
    }
  }

  std::optional<std::int64_t> ChangeAndHashAnew(bool head_too) {
    const int row = AnyRow();
    Do("UPDATE audit_log SET user_name = 'eve' WHERE sequence = $1", {row});
    HashAnew(row, Rows());
    if (head_too) Do("UPDATE audit_heads SET hash = $1", {Read(Rows()).hash});
    return std::nullopt;
  }

  // With the head that was signed when the log ended there.
  std::int64_t CutTheEnd() {
    const AuditHead& head = heads_[static_cast<std::size_t>(Below(Rows()))];
    Do("DELETE FROM audit_log WHERE sequence > $1", {head.sequence});
    Do("UPDATE audit_heads SET sequence = $1, hash = $2, at = $3, signature = $4",
       {head.sequence, head.hash, head.at, head.signature});
    return head.sequence + 1;
  }

  std::optional<std::int64_t> ChangeHead() {
    const char* const changes[] = {"UPDATE audit_heads SET sequence = sequence - 1",
                                   "UPDATE audit_heads SET sequence = sequence + 1",
                                   "UPDATE audit_heads SET at = at + 1",
                                   "UPDATE audit_heads SET hash = 'f' || hash",
                                   "UPDATE audit_heads SET signature = 'f' || signature",
                                   "UPDATE audit_heads SET signature = ''",
                                   "UPDATE audit_heads SET kind = 'forgotten'",
                                   "DELETE FROM audit_heads"};
    Do(changes[Below(std::size(changes))]);
    return std::nullopt;
  }

  std::optional<std::int64_t> ForgetByHand() {
    const AuditHead& head = heads_[static_cast<std::size_t>(AnyRow())];
    Do("DELETE FROM audit_log WHERE sequence <= $1", {head.sequence});
    Do("INSERT INTO audit_heads VALUES ('forgotten', $1, $2, $3, $4)",
       {head.sequence, head.hash, head.at, head.signature});
    return std::nullopt;
  }

  std::optional<std::int64_t> PutAsideARow() {
    const int row = AnyRow();
    if (Below(2) == 0) {
      Do("UPDATE audit_log SET sequence = NULL WHERE sequence = $1", {row});
    } else {
      AuditEntry entry = Entry(1);
      entry.id = "put-in";
      entry.sequence = Below(2) == 0 ? -5 : Rows() + 1 + Below(5);
      entry.hash = AuditHash(entry, heads_.back().hash);
      Insert(entry);
    }
    return std::nullopt;
  }

  Connection& connection_;
  const std::vector<AuditHead>& heads_;
  std::mt19937 random_;
};

TEST_F(AuditChain, TenThousandTamperingsAreAllFound) {
  constexpr int kRows = 40;
  constexpr int kTamperings = 10'000;
  std::vector<AuditHead> heads{Newest()};
  for (int i = 0; i < kRows; ++i) {
    Append(1);
    heads.push_back(Newest());
  }
  const std::vector last{heads.back()};
  const auto connection = database_.Connect();
  const Sealer sealer = TestSealer();
  int found = 0;
  int named = 0;
  int exact = 0;
  const std::uint32_t first_seed = std::random_device{}();
  for (std::uint32_t i = 0; i < kTamperings; ++i) {
    ASSERT_TRUE(connection->Begin(TransactionKind::kWrite).has_value());
    const auto wrong = Tampering(*connection, heads, first_seed + i).DoOne();
    const auto verdict = VerifyAudit(*connection, sealer, last);
    connection->Rollback();
    ASSERT_TRUE(verdict.has_value()) << "seed " << first_seed + i << verdict.error().message;
    ASSERT_TRUE(verdict->fault.has_value()) << "seed " << first_seed + i;
    ++found;
    if (!wrong.has_value()) continue;
    ++exact;
    ASSERT_EQ(verdict->fault->sequence, *wrong)
        << "seed " << first_seed + i << ": " << verdict->fault->what;
    ++named;
  }
  EXPECT_EQ(Fault(last), std::nullopt) << "all was undone";
  std::printf("tamperings %d, found %d; first wrong row known in %d, named right in %d\n",
              kTamperings, found, exact, named);
}

}  // namespace
}  // namespace vigil::database
