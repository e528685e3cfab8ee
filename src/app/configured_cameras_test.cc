// What becomes of configured cameras when the file changes.
#include "app/configured_cameras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_database.h"

namespace vigil::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConfiguredCameras : public ::testing::Test {
 protected:
  void Sync(const std::vector<std::pair<std::string, std::string>>& names_and_urls) {
    config::Config config;
    for (const auto& [name, url] : names_and_urls) {
      config::CameraConfig camera;
      camera.name = name;
      camera.url = Secret(url);
      camera.group = "entrance";
      config.cameras.push_back(std::move(camera));
    }
    const Status done = SyncConfiguredCameras(config, cameras_, groups_);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const std::vector<Camera> cameras = cameras_.List().value();
    for (const Camera& camera : cameras) names.push_back(camera.name);
    return names;
  }

  Camera Find(const std::string& name) {
    const std::vector<Camera> cameras = cameras_.List().value();
    for (const Camera& camera : cameras) {
      if (camera.name == name) return camera;
    }
    return {};
  }

  TemporaryDatabase database_;
  database::CameraRepository cameras_{*database_};
  database::CameraGroupRepository groups_{*database_};
};

TEST_F(ConfiguredCameras, AreStoredOnce) {
  Sync({{"door", "rtsp://a"}, {"yard", "rtsp://b"}});
  const Camera door = Find("door");
  Sync({{"door", "rtsp://a"}, {"yard", "rtsp://b"}});
  EXPECT_THAT(Names(), ElementsAre("door", "yard"));
  EXPECT_EQ(Find("door"), door) << "not even touched";
  EXPECT_TRUE(door.from_file);
  EXPECT_EQ(groups_.List()->size(), 1U);
}

TEST_F(ConfiguredCameras, BringTheirAreas) {
  config::Config config;
  config::CameraConfig wanted;
  wanted.name = "door";
  wanted.url = Secret("rtsp://a");
  wanted.areas = {"0 0.5; 1 0.5; 1 1; 0 0.99999"};
  wanted.excluded_areas = {"0 0; 0.12345 0; 0 0.3333333"};
  wanted.face_score_min = 0.85;
  wanted.keyframes_when_idle = true;
  config.cameras = {wanted};
  ASSERT_TRUE(SyncConfiguredCameras(config, cameras_, groups_).has_value());
  const Camera door = Find("door");
  EXPECT_FALSE(door.watched.Contains({0.5F, 0.2F}));
  EXPECT_TRUE(door.watched.Contains({0.5F, 0.7F}));
  EXPECT_EQ(door.watched.excluded.size(), 1U);
  EXPECT_TRUE(door.keyframes_when_idle);
  ASSERT_TRUE(SyncConfiguredCameras(config, cameras_, groups_).has_value());
  EXPECT_EQ(Find("door"), door) << "not even touched";
}

TEST_F(ConfiguredCameras, LeaveWithTheFile) {
  Sync({{"door", "rtsp://a"}, {"yard", "rtsp://b"}});
  Sync({{"yard", "rtsp://b"}});
  EXPECT_THAT(Names(), ElementsAre("yard"));
  Sync({});
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(ConfiguredCameras, KeepTheirHistoryWhenTheyAreRenamed) {
  Sync({{"door", "rtsp://a"}, {"yard", "rtsp://b"}});
  const std::string id = Find("door").id;
  Sync({{"front-door", "rtsp://a"}, {"yard", "rtsp://b"}});
  EXPECT_THAT(Names(), ElementsAre("front-door", "yard"));
  EXPECT_EQ(Find("front-door").id, id);
}

TEST_F(ConfiguredCameras, MayExchangeTheirNames) {
  Sync({{"door", "rtsp://a"}, {"yard", "rtsp://b"}});
  Sync({{"yard", "rtsp://a"}, {"door", "rtsp://b"}});
  EXPECT_THAT(Names(), ElementsAre("door", "yard"));
  EXPECT_EQ(Find("yard").url.Reveal(), "rtsp://a");
}

TEST_F(ConfiguredCameras, LeaveThoseOfTheApiAlone) {
  Camera made;
  made.name = "made";
  made.url = Secret("rtsp://c");
  ASSERT_TRUE(cameras_.Create(made).has_value());
  Sync({{"door", "rtsp://a"}});
  Sync({});
  EXPECT_THAT(Names(), ElementsAre("made"));
  EXPECT_FALSE(Find("made").from_file);
}

TEST_F(ConfiguredCameras, TakeOverOneOfTheApiByItsName) {
  Camera made;
  made.name = "door";
  made.url = Secret("rtsp://old");
  const std::string id = cameras_.Create(made)->id;
  Sync({{"door", "rtsp://a"}});
  EXPECT_EQ(Find("door").id, id);
  EXPECT_TRUE(Find("door").from_file);
  EXPECT_EQ(Find("door").url.Reveal(), "rtsp://a");
}

}  // namespace
}  // namespace vigil::app
