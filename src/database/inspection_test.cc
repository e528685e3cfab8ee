// Looking at a database must tell what is wrong with it and leave it as it is.
#include "database/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "database/camera_repository.h"
#include "database/sqlite_connection.h"
#include "temporary_folder.h"

namespace vigil::database {
namespace {

using testing::SizeIs;

class InspectDatabaseTest : public testing::Test {
 protected:
  InspectDatabaseTest() : path_(folder_.Path() / "vigil.db") {
    auto database = OpenDatabase({.path = path_}, sealer_, clock_);
    Camera camera;
    camera.name = "gate";
    camera.url = Secret(std::string("rtsp://10.0.0.1/"));
    EXPECT_TRUE(CameraRepository(**database).Create(camera).has_value());
  }

  void Run(const std::string& sql) const {
    auto connection = OpenSqlite({.path = path_});
    ASSERT_TRUE((*connection)->ExecuteScript(sql).has_value());
  }

  TemporaryFolder folder_;
  std::filesystem::path path_;
  ManualClock clock_;
  Sealer sealer_ = *Sealer::FromHex(std::string(64, 'a'));
};

TEST_F(InspectDatabaseTest, ASoundOne) {
  const auto seen = InspectDatabase({.path = path_}, &sealer_);
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  EXPECT_EQ(seen->schema, seen->schema_known);
  EXPECT_EQ(seen->damage, "");
  EXPECT_EQ(seen->key_fits, true);
  ASSERT_THAT(seen->cameras, SizeIs(1));
  EXPECT_EQ(seen->cameras.front().url.Reveal(), "rtsp://10.0.0.1/");
}

TEST_F(InspectDatabaseTest, AnotherKey) {
  const Sealer other = *Sealer::FromHex(std::string(64, 'b'));
  const auto seen = InspectDatabase({.path = path_}, &other);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->key_fits, false);
  EXPECT_THAT(seen->cameras, SizeIs(0));
}

TEST_F(InspectDatabaseTest, AnotherSchema) {
  Run("INSERT INTO schema_version VALUES (999, 'later', 0)");
  const auto seen = InspectDatabase({.path = path_}, &sealer_);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->schema, 999);
  Run("DROP TABLE schema_version");
  EXPECT_EQ(InspectDatabase({.path = path_}, &sealer_)->schema, 0);
}

TEST_F(InspectDatabaseTest, ADamagedPage) {
  const auto size = std::filesystem::file_size(path_);
  ASSERT_GT(size, 8U * 4096);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);
  const std::string rubbish(4 * 4096, '\xA5');
  file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
  file.close();
  const auto seen = InspectDatabase({.path = path_}, &sealer_);
  EXPECT_TRUE(seen.has_value() ? !seen->damage.empty() : seen.error().code == ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace vigil::database
