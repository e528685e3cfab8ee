// What only a database in a file does: modes, full disks, files that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "as_nobody.h"
#include "camera_group_rows.h"
#include "database/database.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

TEST(Sqlite, KeepsTextWithAZeroByte) {
  TemporaryDatabase database;
  const std::string text("a\0b", 3);
  EXPECT_EQ(database.Execute("SELECT $1 AS text", {text}).rows.at(0).Text("text"), text);
}

TEST(Sqlite, IsPrivateToItsOwner) {
  TemporaryDatabase database;
  database.Execute("INSERT INTO camera_groups (id, name, created_at) VALUES ('a', 'a', 0)");
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    struct stat status{};
    ASSERT_EQ(::stat((database.Path().string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST(Sqlite, SaysThatTheDiskIsFullAndGoesOnAfterwards) {
  // The limit of pages stands for a full disk: SQLite reports both alike.
  TemporaryDatabase database({.pages_max = 120});
  Status status;
  int written = 0;
  while (status.has_value() && written < 100) {
    status = database->Write([&](Connection& connection) -> Status {
      VIGIL_RETURN_IF_ERROR(InsertGroup(connection, "before-" + std::to_string(written)));
      VIGIL_RETURN_IF_ERROR(
          connection.Execute("INSERT INTO settings (key, value) VALUES ($1, $2)",
                             {std::to_string(written), Bytes(30'000, std::byte{1})}));
      return {};
    });
    if (status.has_value()) ++written;
  }
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(status.error().message, HasSubstr("free space"));
  EXPECT_THAT(status.error().message, HasSubstr(database.Path().string()));
  EXPECT_EQ(Count(*database), written) << "nothing half-done";
  database.Execute("DELETE FROM settings WHERE key <> 'key_check'");
  EXPECT_TRUE(database->Write([](Connection& c) { return InsertGroup(c, "after"); }).has_value());
}

TEST(Sqlite, RefusesAFileThatIsNoDatabase) {
  TemporaryFolder folder;
  std::ofstream(folder.Path() / "vigil.db") << std::string(10'000, 'x');
  ManualClock clock;
  const Sealer sealer = TestSealer();
  const auto opened = OpenDatabase({.path = folder.Path() / "vigil.db"}, sealer, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(opened.error().message, HasSubstr("backup"));
}

TEST(Sqlite, NamesTheFolderThatIsMissing) {
  ManualClock clock;
  const Sealer sealer = TestSealer();
  const auto opened = OpenDatabase({.path = "/nowhere/at/all/vigil.db"}, sealer, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPermission);
  EXPECT_THAT(opened.error().message, HasSubstr("/nowhere/at/all/vigil.db"));
}

TEST(Sqlite, NamesAReadOnlyFolder) {
  using std::filesystem::perms;
  TemporaryFolder folder;
  std::filesystem::permissions(folder.Path(), perms::owner_read | perms::owner_exec |
                                                  perms::others_read | perms::others_exec);
  const AsNobody nobody;
  if (!nobody.Works()) GTEST_SKIP() << "this system does not let the super-user step down";
  ManualClock clock;
  const Sealer sealer = TestSealer();
  const auto opened = OpenDatabase({.path = folder.Path() / "vigil.db"}, sealer, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPermission);
  EXPECT_THAT(opened.error().message, HasSubstr("writable"));
}

TEST(Sqlite, NamesAReadOnlyFile) {
  using std::filesystem::perms;
  TemporaryDatabase database;
  std::filesystem::permissions(database.Path().parent_path(), perms::all);
  std::filesystem::permissions(database.Path(), perms::owner_read | perms::others_read);
  const AsNobody nobody;
  if (!nobody.Works()) GTEST_SKIP() << "this system does not let the super-user step down";
  ManualClock clock;
  const Sealer sealer = TestSealer();
  const auto opened = OpenDatabase({.path = database.Path()}, sealer, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kPermission);
  EXPECT_THAT(opened.error().message, HasSubstr(database.Path().string()));
}

}  // namespace
}  // namespace vigil::database
