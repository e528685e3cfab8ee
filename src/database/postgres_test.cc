// What only PostgreSQL does: its dialect, its types, and a server that goes away, refuses or is
// slow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/format.h"
#include "camera_group_rows.h"
#include "database/inspection.h"
#include "database/migrator.h"
#include "database/postgres_connection.h"
#include "database/postgres_dialect.h"
#include "temporary_database.h"
#include "temporary_folder.h"

namespace vigil::database {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PostgresDialect, TranslatesTypesAndNothingElse) {
  EXPECT_EQ(
      ToPostgres("CREATE TABLE t (id TEXT NOT NULL, n INTEGER, x REAL, b BLOB) STRICT;"),
      "CREATE TABLE t (id TEXT COLLATE \"C\" NOT NULL, n BIGINT, x DOUBLE PRECISION, b BYTEA) "
      ";");
  for (const char* untouched : {"-- REAL INTEGER\n", "'REAL'", "'it''s TEXT'", "\"BLOB\"",
                                "INTEGERS", "_TEXT", "-- BLOB", "'open TEXT"}) {
    EXPECT_EQ(ToPostgres(untouched), untouched);
  }
}

class Postgres : public ::testing::Test {
 protected:
  void SetUp() override {
    if (postgres_ == nullptr) GTEST_SKIP() << "VIGIL_TEST_POSTGRES is not set";
  }

  std::unique_ptr<Connection> Open(PostgresOptions options = {}) const {
    options.url = postgres_->Url();
    auto connection = OpenPostgres(options);
    VIGIL_CHECK(connection.has_value(), "the test's server lets us in");
    return *std::move(connection);
  }

  std::unique_ptr<TemporaryPostgres> postgres_ = TemporaryPostgres::Make();
};

TEST_F(Postgres, ReadsTheNumbersThatSumsGive) {
  const auto connection = Open();
  const auto answer = connection->Execute(
      "SELECT SUM(n) AS total, AVG(n) AS mean, SUM(-n) AS debt, CAST(0.5 AS REAL) AS half, "
      "CAST(-3 AS SMALLINT) AS small, 7 AS seven, 1 = 1 AS yes, SUM(n) * 100000000 AS many "
      "FROM (VALUES (CAST($1 AS BIGINT)), (20000), (12345)) AS v (n)",
      {400'000'000});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  const Row& row = answer->rows.at(0);
  EXPECT_EQ(row.Integer("total"), 400'032'345);
  EXPECT_EQ(row.Integer("debt"), -400'032'345);
  EXPECT_EQ(row.Integer("many"), 40'003'234'500'000'000);
  EXPECT_NEAR(row.Real("mean"), 133'344'115.0, 1e-6);
  EXPECT_EQ(row.Real("half"), 0.5);
  EXPECT_EQ(row.Integer("small"), -3);
  EXPECT_EQ(row.Integer("seven"), 7);
  EXPECT_TRUE(row.Flag("yes"));
}

TEST_F(Postgres, ReadsNumbersThatNoIntegerHolds) {
  const auto connection = Open();
  const auto answer = connection->Execute(
      "SELECT CAST('1e30' AS NUMERIC) AS huge, CAST('-1e30' AS NUMERIC) AS debt, "
      "CAST('9223372036854775807' AS NUMERIC) AS most",
      {});
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  const Row& row = answer->rows.at(0);
  EXPECT_DOUBLE_EQ(row.Real("huge"), 1e30);
  EXPECT_DOUBLE_EQ(row.Real("debt"), -1e30);
  EXPECT_DOUBLE_EQ(row.Real("most"), 9223372036854775807.0);
  for (const char* word : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_THROW((void)connection->Execute("SELECT CAST($1 AS NUMERIC) AS n", {word}), RowError)
        << word;
  }
}

TEST_F(Postgres, KeepsABoundedNumberOfStatements) {
  const auto connection = Open();
  for (int i = 0; i < 600; ++i) {
    const auto answer = connection->Execute(format("SELECT {} AS n", i), {});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    ASSERT_EQ(answer->rows.at(0).Integer("n"), i);
  }
  const auto kept = connection->Execute("SELECT COUNT(*) AS n FROM pg_prepared_statements", {});
  EXPECT_LE(kept->rows.at(0).Integer("n"), 256);
}

TEST_F(Postgres, AnUpgradeTakesItsTime) {
  const auto connection =
      Open({.statement_timeout = milliseconds{50}, .lock_timeout = milliseconds{50}});
  ASSERT_TRUE(connection->Begin(TransactionKind::kUpgrade).has_value());
  EXPECT_TRUE(connection->ExecuteScript("SELECT pg_sleep(0.2)").has_value());
  EXPECT_TRUE(connection->Commit().has_value());
  EXPECT_FALSE(connection->ExecuteScript("SELECT pg_sleep(0.2)").has_value())
      << "the others do not";
}

TEST_F(Postgres, AnUpgradeWaitsForTheOneOfAnotherProcess) {
  const auto first = Open();
  const auto second = Open({.lock_timeout = milliseconds{50}});
  ASSERT_TRUE(first->Begin(TransactionKind::kUpgrade).has_value());
  std::jthread waiting([&] {
    EXPECT_TRUE(second->Begin(TransactionKind::kUpgrade).has_value());
    const auto found = second->HasTable("made");
    EXPECT_TRUE(found.has_value() && *found);
    second->Rollback();
  });
  // Until the server says that it waits.
  const auto look = Open();
  while (look->Execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", {})
             ->rows.empty()) {
  }
  ASSERT_TRUE(first->ExecuteScript("CREATE TABLE made (n INTEGER)").has_value());
  ASSERT_TRUE(first->Commit().has_value());
}

TEST_F(Postgres, LooksAtTheSchemaWithoutMakingOne) {
  const auto connection = Open();
  EXPECT_EQ(SchemaVersion(*connection), 0);
  EXPECT_FALSE(CheckSchema(*connection, BuiltInMigrations()).has_value());
  EXPECT_EQ(connection->HasTable("schema_version"), false);
}

TEST_F(Postgres, SaysWhatIsMissing) {
  const auto without = OpenPostgres({.url = Secret(postgres_->Url().Reveal() + "_nowhere")});
  ASSERT_FALSE(without.has_value());
  EXPECT_EQ(without.error().code, ErrorCode::kUnavailable) << without.error().message;
  EXPECT_THAT(without.error().message, HasSubstr("createdb"));
}

TEST_F(Postgres, ADeadServerLeavesTheNextOneItsTime) {
  // Listens, and never answers.
  const TemporaryFolder folder;
  const int silent = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = (folder.Path() / ".s.PGSQL.5432").string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(silent, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(silent, 4), 0);

  std::string url = postgres_->Url().Reveal();
  const std::string host = "host=";
  url.insert(url.find(host) + host.size(), folder.Path().string() + ",");
  const auto connection = OpenPostgres({.url = Secret(url), .connect_timeout = milliseconds{200}});
  ::close(silent);
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  EXPECT_TRUE((*connection)->Execute("SELECT 1 AS one", {}).has_value());
}

TEST_F(Postgres, SortsTextByItsBytes) {
  const auto connection = Open();
  ASSERT_TRUE(connection->ExecuteScript("CREATE TABLE words (word TEXT)").has_value());
  for (const char* word : {"b", "A", "a", "ä", "B", "-"}) {
    ASSERT_TRUE(connection->Execute("INSERT INTO words (word) VALUES ($1)", {word}).has_value());
  }
  const auto answer = connection->Execute("SELECT word FROM words ORDER BY word", {});
  std::string sorted;
  for (const Row& row : answer->rows) sorted += row.Text("word");
  EXPECT_EQ(sorted, "-ABabä");
}

TEST_F(Postgres, OneWriterExcludesAnother) {
  const auto first = Open();
  const auto second = Open({.lock_timeout = milliseconds{50}});
  ASSERT_TRUE(first->Begin(TransactionKind::kWrite).has_value());
  const Status refused = second->Begin(TransactionKind::kWrite);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(second->Begin(TransactionKind::kRead).has_value()) << "a reader never waits";
  second->Rollback();
  first->Rollback();
  EXPECT_TRUE(second->Begin(TransactionKind::kWrite).has_value());
}

TEST_F(Postgres, EndsAStatementThatTakesTooLong) {
  const auto connection = Open({.statement_timeout = milliseconds{50}});
  const auto answer = connection->Execute("SELECT pg_sleep(60)", {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(connection->Execute("SELECT 1", {}).has_value());
}

TEST_F(Postgres, OpensALostConnectionAnew) {
  const auto connection = Open();
  const auto other = Open();
  const auto end_all = [&] {
    return other->Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "datname = current_database()",
        {});
  };
  ASSERT_TRUE(connection->Begin(TransactionKind::kWrite).has_value());
  ASSERT_TRUE(end_all().has_value());
  const auto lost = connection->Execute("SELECT 1", {});
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(connection->Execute("SELECT 1", {}).has_value())
      << "half a transaction never goes on with another connection";
  connection->Rollback();
  EXPECT_TRUE(connection->Begin(TransactionKind::kRead).has_value());
  connection->Rollback();
  // Between transactions nobody notices.
  ASSERT_TRUE(end_all().has_value());
  EXPECT_TRUE(connection->Begin(TransactionKind::kRead).has_value());
}

TEST_F(Postgres, NamesTheServerThatIsAway) {
  const auto away = OpenPostgres(
      {.url = Secret(std::string("postgresql://me@localhost:1/vigil?password=hunter2"))});
  ASSERT_FALSE(away.has_value());
  EXPECT_EQ(away.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(away.error().message, AllOf(HasSubstr("localhost"), Not(HasSubstr("hunter2"))));
}

TEST_F(Postgres, SaysHowToMakeAMissingDatabase) {
  const std::string known = postgres_->Url().Reveal();
  const auto missing = OpenPostgres({.url = Secret(known + "_not_there")});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(missing.error().message, HasSubstr("does not exist"));
}

TEST_F(Postgres, IsInspectedLikeAFile) {
  TemporaryDatabase database;
  const Sealer sealer = TestSealer();
  const auto seen = InspectDatabase(database.Options(), &sealer);
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  EXPECT_EQ(seen->schema, seen->schema_known);
  EXPECT_EQ(seen->key_fits, true);
  EXPECT_EQ(seen->persons, 0);
}

}  // namespace
}  // namespace vigil::database
