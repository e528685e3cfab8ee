// Upgrades: complete, resumable, never backwards.
#include "database/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/sqlite_connection.h"
#include "temporary_database.h"
#include "temporary_folder.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

class Migrator : public ::testing::Test {
 protected:
  bool HasTable(const std::string& name) {
    return !connection_
                ->Execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1",
                          {name})
                ->rows.empty();
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Connection> connection_ = *OpenSqlite({.path = folder_.Path() / "vigil.db"});
  const std::vector<Migration> two_{{1, "0001_a.sql", "CREATE TABLE a (x INTEGER);"},
                                    {2, "0002_b.sql", "CREATE TABLE b (x INTEGER);"}};
};

TEST_F(Migrator, AppliesEachStepOnce) {
  EXPECT_EQ(Migrate(*connection_, std::span(two_).first(1), clock_), 1);
  EXPECT_FALSE(HasTable("b"));
  EXPECT_EQ(Migrate(*connection_, two_, clock_), 2);
  EXPECT_EQ(Migrate(*connection_, two_, clock_), 2);
  EXPECT_TRUE(HasTable("a"));
  EXPECT_TRUE(HasTable("b"));
  EXPECT_EQ(SchemaVersion(*connection_), 2);
}

TEST_F(Migrator, LeavesNothingOfAStepThatFailed) {
  std::vector<Migration> broken = two_;
  broken[1].sql = "CREATE TABLE b (x INTEGER); INSERT INTO b VALUES (1); CREATE TABLE b (y);";
  const Result<int> failed = Migrate(*connection_, broken, clock_);
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().message, HasSubstr("0002_b.sql"));
  EXPECT_FALSE(HasTable("b"));
  EXPECT_EQ(SchemaVersion(*connection_), 1);
  EXPECT_EQ(Migrate(*connection_, two_, clock_), 2);
}

TEST_F(Migrator, GoesOnAfterAKill) {
  // A process killed within a step leaves its transaction open; closing without commit is what the
  // file sees of it.
  ASSERT_TRUE(Migrate(*connection_, std::span(two_).first(1), clock_).has_value());
  ASSERT_TRUE(connection_->Begin(TransactionKind::kWrite).has_value());
  ASSERT_TRUE(connection_->ExecuteScript(two_[1].sql).has_value());
  connection_.reset();
  connection_ = *OpenSqlite({.path = folder_.Path() / "vigil.db"});
  EXPECT_FALSE(HasTable("b"));
  EXPECT_EQ(Migrate(*connection_, two_, clock_), 2);
  EXPECT_TRUE(HasTable("b"));
}

TEST_F(Migrator, RefusesANewerSchema) {
  ASSERT_TRUE(Migrate(*connection_, two_, clock_).has_value());
  const Result<int> refused = Migrate(*connection_, std::span(two_).first(1), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("newer version of Vigil"));
  EXPECT_FALSE(CheckSchema(*connection_, std::span(two_).first(1)).has_value());
}

TEST_F(Migrator, LooksWithoutMakingAnything) {
  EXPECT_EQ(SchemaVersion(*connection_), 0);
  EXPECT_FALSE(CheckSchema(*connection_, two_).has_value());
  EXPECT_FALSE(HasTable("schema_version"));
}

TEST_F(Migrator, AsksForSetUpWhenTheSchemaIsOlder) {
  EXPECT_THAT(CheckSchema(*connection_, two_).error().message, HasSubstr("vigil setup-database"));
  ASSERT_TRUE(Migrate(*connection_, two_, clock_).has_value());
  EXPECT_TRUE(CheckSchema(*connection_, two_).has_value());
}

TEST_F(Migrator, BuildsTheProgramsOwnSchema) {
  EXPECT_EQ(Migrate(*connection_, BuiltInMigrations(), clock_),
            static_cast<int>(BuiltInMigrations().size()));
  for (const char* table :
       {"persons", "photos", "reference_embeddings", "gallery_log", "camera_groups", "cameras",
        "detections", "incidents", "sightings", "cooldowns", "outbox", "deliveries", "users",
        "sessions", "setup_tokens", "audit_log", "settings"}) {
    EXPECT_TRUE(HasTable(table)) << table;
  }
}

TEST_F(Migrator, OpensOnlyTheRightSchemaWhenToldSo) {
  const Sealer sealer = TestSealer();
  DatabaseOptions options{.path = folder_.Path() / "vigil.db",
                          .schema = SchemaPolicy::kRequireCurrent};
  EXPECT_EQ(OpenDatabase(options, sealer, clock_).error().code, ErrorCode::kUnavailable);
  options.schema = SchemaPolicy::kUpgrade;
  EXPECT_TRUE(OpenDatabase(options, sealer, clock_).has_value());
  options.schema = SchemaPolicy::kRequireCurrent;
  EXPECT_TRUE(OpenDatabase(options, sealer, clock_).has_value());
}

}  // namespace
}  // namespace vigil::database
