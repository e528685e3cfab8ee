// Databases as past versions left them: each comes to today's schema with its rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "base/format.h"
#include "database/audit_verification.h"
#include "database/table_source.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

std::string KeptSchema(int version) {
  std::ifstream file(format("{}/tests/kept_schemas/{:04}.sql", VIGIL_SOURCE_DIR, version));
  return {std::istreambuf_iterator<char>(file), {}};
}

// A database of either engine that holds what a version left behind.
class KeptDatabase {
 public:
  explicit KeptDatabase(const std::string& script) {
    options_.path = folder_.Path() / "vigil.db";
    if (postgres_ != nullptr) options_.postgres_url = postgres_->Url();
    const auto connection = Connect();
    const Status filled = connection->ExecuteScript(script);
    EXPECT_TRUE(filled.has_value()) << filled.error().message;
  }

  std::unique_ptr<Connection> Connect() const {
    auto connection = postgres_ != nullptr ? OpenPostgres({.url = postgres_->Url()})
                                           : OpenSqlite({.path = options_.path});
    VIGIL_CHECK(connection.has_value(), "a test's database opens");
    return *std::move(connection);
  }
  // As a start of the program does.
  Result<std::unique_ptr<Database>> Open() { return OpenDatabase(options_, sealer_, clock_); }
  DatabaseOptions& Options() { return options_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<TemporaryPostgres> postgres_ = TemporaryPostgres::Make();
  ManualClock clock_;
  Sealer sealer_ = TestSealer();
  DatabaseOptions options_;
};

using Contents = std::map<std::string, std::vector<std::map<std::string, std::string>>>;

// Every row of every table, each value packed; of the tables and columns of `like` alone, if given.
Contents ContentsOf(const DatabaseOptions& options, const Contents* like) {
  DatabaseOptions reading = options;
  int version = 0;
  // Whatever schema it has is read.
  std::vector<Migration> migrations(BuiltInMigrations().begin(), BuiltInMigrations().end());
  Result<std::unique_ptr<TableSource>> source = Fail(ErrorCode::kInternal, "not opened");
  for (version = 1; version <= static_cast<int>(migrations.size()) && !source; ++version) {
    reading.migrations = std::span(migrations).first(static_cast<std::size_t>(version));
    source = OpenSnapshot(reading);
  }
  EXPECT_TRUE(source.has_value()) << source.error().message;
  Contents contents;
  for (const Table& table : (*source)->Tables()) {
    if (like != nullptr && !like->contains(table.name)) continue;
    auto& rows = contents[table.name];
    EXPECT_TRUE((*source)->ForEachBatch(table, [&](const Rows& batch) -> Status {
      for (const auto& values : batch) {
        auto& row = rows.emplace_back();
        for (std::size_t i = 0; i < values.size(); ++i) {
          row[table.columns[i]] = PackRows({{values[i]}});
        }
      }
      return {};
    }));
  }
  return contents;
}

class KeptSchemas : public ::testing::TestWithParam<int> {};

TEST_P(KeptSchemas, ComeToTodaysWithAllTheirRows) {
  const std::string script = KeptSchema(GetParam());
  ASSERT_FALSE(script.empty()) << "run tools/keep_schema.py";
  KeptDatabase kept(script);
  const Contents before = ContentsOf(kept.Options(), nullptr);
  {
    const auto opened = kept.Open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(VerifyAudit(**opened)->fault, std::nullopt);
  }
  const Contents after = ContentsOf(kept.Options(), &before);
  for (const auto& [table, rows] : before) {
    for (const auto& row : rows) {
      const bool found = std::ranges::any_of(after.at(table), [&](const auto& now) {
        return std::ranges::all_of(row, [&](const auto& value) {
          // The audit log's old rows are taken into the chain by the first start.
          const bool chained =
              table == "audit_log" && (value.first == "sequence" || value.first == "hash");
          return chained || now.at(value.first) == value.second;
        });
      });
      EXPECT_TRUE(found) << "a row of " << table << " was lost or altered";
    }
  }
  EXPECT_GE(before.size(), 19U) << "each table of the first schema was compared";
}

TEST_P(KeptSchemas, HaveTheTablesOfAFreshDatabaseAfterwards) {
  KeptDatabase kept(KeptSchema(GetParam()));
  ASSERT_TRUE(kept.Open().has_value());
  TemporaryDatabase fresh;
  EXPECT_EQ((*OpenSnapshot(kept.Options()))->Tables(), (*OpenSnapshot(fresh.Options()))->Tables());
}

INSTANTIATE_TEST_SUITE_P(EachVersion, KeptSchemas,
                         ::testing::Range(1, static_cast<int>(BuiltInMigrations().size()) + 1));

TEST(NewerSchema, IsRefusedInWordsAndLeftAlone) {
  KeptDatabase kept(KeptSchema(static_cast<int>(BuiltInMigrations().size())));
  const int newer = static_cast<int>(BuiltInMigrations().size()) + 1;
  ASSERT_TRUE(kept.Connect()
                  ->Execute("INSERT INTO schema_version VALUES ($1, 'later.sql', 1)", {newer})
                  .has_value());
  for (const SchemaPolicy policy : {SchemaPolicy::kUpgrade, SchemaPolicy::kRequireCurrent}) {
    kept.Options().schema = policy;
    const auto opened = kept.Open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(opened.error().message, HasSubstr("install the newer version of Vigil"));
    EXPECT_THAT(opened.error().message, HasSubstr(format("has schema {}", newer)));
  }
  const auto rows = kept.Connect()->Execute("SELECT id FROM persons", {});
  EXPECT_EQ(rows->rows.size(), 1U);
}

}  // namespace
}  // namespace vigil::database
