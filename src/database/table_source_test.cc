// Copies of all tables: to files, from files, and between databases.
#include "database/table_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "base/format.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

const CopyProgress kQuiet = [](const std::string&, std::int64_t) {};

// An empty database of the engine under test.
class EmptyDatabase {
 public:
  EmptyDatabase() {
    options_.path = folder_.Path() / "vigil.db";
    if (postgres_ != nullptr) options_.postgres_url = postgres_->Url();
  }
  const DatabaseOptions& Options() const { return options_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<TemporaryPostgres> postgres_ = TemporaryPostgres::Make();
  DatabaseOptions options_;
};

class TableCopies : public ::testing::Test {
 protected:
  TableCopies() {
    // More than one batch, and every kind of value.
    Rows persons;
    for (int i = 0; i < 2500; ++i) {
      persons.push_back({format("p{:05}", i), i % 2 == 0 ? "Ada \xC3\xA4" : "", "", "guest", 2, "",
                         i % 3 == 0 ? Value() : Value(std::numeric_limits<std::int64_t>::max()), 1,
                         -5, 2000});
    }
    const Status loaded = database_->Write([&](Connection& connection) {
      return connection.Load("persons",
                             {"id", "name", "reason", "category", "severity", "notes", "expires_at",
                              "searched", "created_at", "updated_at"},
                             persons);
    });
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
    database_.Execute(
        "INSERT INTO photos (id, person_id, media_id, mime_type, width, height, face_x1, face_y1, "
        "face_x2, face_y2, face_score, landmarks, quality, created_at) VALUES ('f', 'p00001', 'm', "
        "'image/jpeg', 1, 1, -0.5, 1e300, 0.1, 3, 4, '', 5, 6)");
    database_.Execute("INSERT INTO settings (key, value) VALUES ('bytes', $1)",
                      {Bytes{std::byte{0}, std::byte{255}, std::byte{39}}});
    database_.Execute("INSERT INTO settings (key, value) VALUES ('none', $1)", {Bytes{}});
  }

  std::vector<TableDigest> Digests(const DatabaseOptions& options) {
    return *DigestTables(**OpenSnapshot(options), kQuiet);
  }

  TemporaryFolder folder_;
  TemporaryDatabase database_;
  EmptyDatabase empty_;
};

TEST_F(TableCopies, HoldEachRowOfEachTable) {
  auto source = *OpenSnapshot(database_.Options());
  const auto filled = FillDatabase(*source, empty_.Options(), kQuiet);
  ASSERT_TRUE(filled.has_value()) << filled.error().message;
  EXPECT_EQ(*filled, Digests(database_.Options()));
  EXPECT_EQ(*filled, Digests(empty_.Options()));
  const auto persons = std::ranges::find(*filled, "persons", &TableDigest::name);
  ASSERT_NE(persons, filled->end());
  EXPECT_EQ(persons->rows, 2500);
  ManualClock clock;
  const Sealer sealer = TestSealer();
  EXPECT_TRUE(OpenDatabase(empty_.Options(), sealer, clock).has_value());
}

TEST_F(TableCopies, AreTheSameByWayOfFiles) {
  auto source = *OpenSnapshot(database_.Options());
  const auto written = WriteTables(*source, folder_.Path(), kQuiet);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  auto files = OpenTableFiles(folder_.Path());
  ASSERT_TRUE(files.has_value()) << files.error().message;
  EXPECT_EQ(*DigestTables(**files, kQuiet), *written);
  EXPECT_TRUE(CheckKeyOf(**files, TestSealer()));
  EXPECT_EQ(CheckKeyOf(**files, TestSealer('2')).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(FillDatabase(**files, empty_.Options(), kQuiet), *written);
}

// A move between the engines gives the same digests. On SQLite alone it is a copy once more.
TEST_F(TableCopies, HaveTheSameDigestsOnBothEngines) {
  TemporaryFolder other;
  const DatabaseOptions sqlite{.path = other.Path() / "other.db"};
  auto source = *OpenSnapshot(database_.Options());
  const auto there = FillDatabase(*source, sqlite, kQuiet);
  ASSERT_TRUE(there.has_value()) << there.error().message;
  auto moved = *OpenSnapshot(sqlite);
  const auto back = FillDatabase(*moved, empty_.Options(), kQuiet);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*there, *back);
}

TEST_F(TableCopies, ShowOneMoment) {
  auto source = *OpenSnapshot(database_.Options());
  const auto before = *DigestTables(*source, kQuiet);
  database_.Execute("DELETE FROM persons");
  EXPECT_EQ(*DigestTables(*source, kQuiet), before);
  EXPECT_NE(Digests(database_.Options()), before);
}

TEST_F(TableCopies, NeverGoIntoAFilledDatabase) {
  TemporaryDatabase filled;
  filled.Execute("INSERT INTO settings (key, value) VALUES ('mine', $1)", {Bytes{}});
  const auto before = Digests(filled.Options());
  auto source = *OpenSnapshot(database_.Options());
  const auto refused = FillDatabase(*source, filled.Options(), kQuiet);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("not empty"));
  EXPECT_EQ(Digests(filled.Options()), before);
}

TEST_F(TableCopies, ThatWereCutLeaveTheDatabaseEmpty) {
  auto source = *OpenSnapshot(database_.Options());
  ASSERT_TRUE(WriteTables(*source, folder_.Path(), kQuiet).has_value());
  const auto file = folder_.Path() / "persons.rows";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  auto files = *OpenTableFiles(folder_.Path());
  const auto refused = FillDatabase(*files, empty_.Options(), kQuiet);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kDataLoss);
  // So empty that the whole fits.
  EXPECT_TRUE(FillDatabase(*source, empty_.Options(), kQuiet).has_value());
}

TEST_F(TableCopies, OfANewerSchemaAreRefused) {
  database_.Execute("INSERT INTO schema_version (version, name, applied_at) VALUES (999, 'x', 1)");
  const auto refused = OpenSnapshot(database_.Options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("install the newer version"));
}

}  // namespace
}  // namespace vigil::database
