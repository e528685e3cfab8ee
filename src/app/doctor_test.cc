// The judgements of `vigil doctor` that need no running world; its faults end to end are seeded in
// tests/e2e/test_doctor.py.
#include "app/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "database/camera_repository.h"
#include "temporary_folder.h"

namespace vigil::app {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow{seconds{1'780'000'000}};

TEST(Clock, ImpossibleYearsAreFaults) {
  EXPECT_EQ(JudgeClock(WallTime{}, true).state, FindingState::kFault);
  EXPECT_EQ(JudgeClock(WallTime{seconds{4'000'000'000}}, true).state, FindingState::kFault);
  EXPECT_EQ(JudgeClock(kNow, true).state, FindingState::kOk);
  EXPECT_EQ(JudgeClock(kNow, false).state, FindingState::kWarning);
  EXPECT_EQ(JudgeClock(kNow, std::nullopt).state, FindingState::kOk);
}

TEST(Disk, IsJudgedByWhatIsLeft) {
  EXPECT_EQ(JudgeSpace("/srv", 0).state, FindingState::kFault);
  EXPECT_EQ(JudgeSpace("/srv", 500'000'000).state, FindingState::kWarning);
  const Finding roomy = JudgeSpace("/srv", 50'000'000'000);
  EXPECT_EQ(roomy.state, FindingState::kOk);
  EXPECT_EQ(roomy.what, "50000 MB free at /srv");
}

TEST(Order, FaultsComeFirstAndKeepTheirOrder) {
  Findings findings = {{"a", FindingState::kOk, "", ""},
                       {"b", FindingState::kWarning, "", ""},
                       {"c", FindingState::kFault, "", ""},
                       {"d", FindingState::kOk, "", ""},
                       {"e", FindingState::kFault, "", ""}};
  SortByWeight(findings);
  EXPECT_THAT(findings, ElementsAre(Field(&Finding::check, "c"), Field(&Finding::check, "e"),
                                    Field(&Finding::check, "b"), Field(&Finding::check, "a"),
                                    Field(&Finding::check, "d")));
}

TEST(Precision, WhatTheProcessorCannotIsAWarning) {
  config::Config config;
  config.models.directory = "none";
  config.models.precision = "bf16";
  vision::CpuFeatures cpu{.model_name = "old"};
  EXPECT_EQ(CheckPrecision(config, cpu).front().state, FindingState::kWarning);
  cpu.bf16 = true;
  EXPECT_EQ(CheckPrecision(config, cpu).front().state, FindingState::kOk);
  config.models.precision = "f32";
  EXPECT_EQ(CheckPrecision(config, {}).front().state, FindingState::kOk);
}

class EmbedderChoice : public testing::Test {
 protected:
  EmbedderChoice() {
    config_.models.directory = folder_.Path();
    config_.models.embedder = "facenet-128";
    config_.models.precision = "f32";
  }

  // Installs the embedder, with these points of its impostor tail.
  void Install(const std::string& points) const {
    std::filesystem::create_directory(folder_.Path() / "facenet-128");
    std::ofstream(folder_.Path() / "facenet-128" / "installed.json")
        << R"({"schema": 1, "id": "facenet-128", "kind": "embedder", "recipe": 3,
          "source_archive": "a.zip", "source_archive_sha256": "aa",
          "networks": [{"network": "embedder", "precision": "fp32", "source_sha256": "bb",
            "xml": "net.xml", "xml_sha256": "cc", "bin": "net.bin", "bin_sha256": "dd"}],
          "input": {"width": 160, "height": 160, "colour": "RGB", "preprocessing": "per-image",
            "crop": "box", "margin": 14},
          "output": {"dimension": 128, "threshold_floor": 0.42},
          "calibration": [)"
        << points << "]}";
  }
  void InstallCalibrated() const {
    Install(R"({"precision": "fp32", "measured_on": "x", "points": [[1e-3, 0.5], [1e-2, 0.36]]})");
  }

  TemporaryFolder folder_;
  config::Config config_;
};

TEST_F(EmbedderChoice, DependsOnTheGallery) {
  InstallCalibrated();
  const Finding small = CheckEmbedder(config_, {}, 3).at(0);
  EXPECT_EQ(small.check, "models");
  EXPECT_EQ(small.state, FindingState::kOk);
  EXPECT_THAT(small.what, HasSubstr("people enrolled: 3"));
  EXPECT_THAT(small.mend, IsEmpty());
  const Finding large = CheckEmbedder(config_, {}, 500).at(0);
  EXPECT_EQ(large.check, "models");
  EXPECT_EQ(large.state, FindingState::kWarning);
  EXPECT_THAT(large.what, HasSubstr("with 500 people enrolled"));
  EXPECT_THAT(large.mend, HasSubstr("vigil models install sface"));
}

TEST_F(EmbedderChoice, WithoutCalibrationIsAWarning) {
  Install("");
  const Finding found = CheckEmbedder(config_, {}, 3).at(0);
  EXPECT_EQ(found.state, FindingState::kWarning);
  EXPECT_THAT(found.what, HasSubstr("floor of 0.42"));
  EXPECT_THAT(found.mend, HasSubstr("vigil models calibrate"));
}

TEST_F(EmbedderChoice, OfWhatIsNotInstalledIsNotJudged) {
  EXPECT_THAT(CheckEmbedder(config_, {}, 500), IsEmpty());
}

database::StoredChannel KeptChannel(const std::string& name, const std::string& settings) {
  database::StoredChannel channel;
  channel.name = name;
  channel.kind = "webhook";
  channel.settings = Secret(settings);
  return channel;
}

// Nothing listens on port 1: a channel that is looked at is a fault that names itself.
constexpr const char* kNobody =
    R"({"url": "http://127.0.0.1:1/", "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "allow_private_addresses": true})";

TEST(Channels, KeptOnesAreLookedAtWhenEnabled) {
  database::StoredChannel off = KeptChannel("off", kNobody);
  off.enabled = false;
  const Findings findings = CheckChannels({}, {KeptChannel("desk", kNobody), off});
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings.front().state, FindingState::kFault);
  EXPECT_THAT(findings.front().what, HasSubstr("channel desk: "));
  EXPECT_THAT(findings.front().mend, HasSubstr("check that the receiver runs"));
}

TEST(Channels, SettingsThatDoNotParseAreAFault) {
  for (const char* settings : {"", "[]", "{}", R"({"url": 7})"}) {
    const Findings findings = CheckChannels({}, {KeptChannel("desk", settings)});
    ASSERT_THAT(findings, SizeIs(1)) << settings;
    EXPECT_EQ(findings.front().check, "channel");
    EXPECT_EQ(findings.front().state, FindingState::kFault);
    EXPECT_THAT(findings.front().what, HasSubstr("channel desk: its stored settings")) << settings;
    EXPECT_EQ(findings.front().mend, "set the channel's settings again");
  }
}

TEST(Channels, OneOfTheFileHidesItsNamesake) {
  config::Config config;
  config::ChannelConfig& channel = config.alerts.channels.emplace_back();
  channel.name = "desk";
  channel.kind = config::ChannelKind::kWebhook;
  channel.url = Secret(std::string("http://127.0.0.1:1/"));
  channel.allow_private_addresses = true;
  EXPECT_THAT(CheckChannels(config, {KeptChannel("desk", "{}")}),
              ElementsAre(Field(&Finding::mend, HasSubstr("check that the receiver runs"))));
}

class Storage : public testing::Test {
 protected:
  Storage() { config_.data.directory = folder_.Path(); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.Path() / name) << text;
  }

  TemporaryFolder folder_;
  config::Config config_;
  std::optional<Sealer> sealer_;
};

TEST_F(Storage, NothingYetIsNoFaultAndStaysNothing) {
  EXPECT_EQ(CheckKey(config_, sealer_).front().state, FindingState::kOk);
  Stored stored;
  EXPECT_EQ(CheckDatabase(config_, nullptr, stored).front().state, FindingState::kOk);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.Path()));
}

TEST_F(Storage, ADatabaseWithoutItsKeyIsAFault) {
  Write("vigil.db", "");
  EXPECT_EQ(CheckKey(config_, sealer_).front().state, FindingState::kFault);
  EXPECT_FALSE(std::filesystem::exists(folder_.Path() / "vigil.key")) << "no other key is made";
}

TEST_F(Storage, AKeyOthersMayReadIsAWarning) {
  Write("vigil.key", std::string(64, 'a') + "\n");
  const auto file = folder_.Path() / "vigil.key";
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_EQ(CheckKey(config_, sealer_).front().state, FindingState::kWarning);
  EXPECT_TRUE(sealer_.has_value());
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(CheckKey(config_, sealer_).front().state, FindingState::kOk);
}

TEST_F(Storage, AFolderInPlaceOfTheKeyIsAFault) {
  std::filesystem::create_directory(folder_.Path() / "vigil.key");
  EXPECT_EQ(CheckKey(config_, sealer_).front().state, FindingState::kFault);
}

TEST_F(Storage, WhatIsNoDatabaseIsAFault) {
  Write("vigil.db", std::string(8192, 'x'));
  Stored stored;
  const Finding found = CheckDatabase(config_, nullptr, stored).front();
  EXPECT_EQ(found.state, FindingState::kFault);
  EXPECT_THAT(found.mend, HasSubstr("backup"));
}

TEST_F(Storage, WithoutTheRightKeyStoredCamerasAndChannelsAreLeftOut) {
  const Sealer right = *Sealer::FromHex(std::string(64, 'a'));
  const Sealer wrong = *Sealer::FromHex(std::string(64, 'b'));
  ManualClock clock;
  {
    auto database = database::OpenDatabase({.path = config_.DatabaseFile()}, right, clock);
    ASSERT_TRUE(database.has_value()) << database.error().message;
    Camera camera;
    camera.name = "gate";
    camera.url = Secret(std::string("rtsp://10.0.0.1/"));
    ASSERT_TRUE(database::CameraRepository(**database).Create(camera).has_value());
    ASSERT_TRUE(database::ChannelRepository(**database).Create(KeptChannel("desk", kNobody)));
  }
  Stored seen;
  EXPECT_EQ(CheckDatabase(config_, &right, seen).front().state, FindingState::kOk);
  EXPECT_THAT(seen.cameras, SizeIs(1));
  ASSERT_THAT(seen.channels, SizeIs(1));
  EXPECT_EQ(seen.channels.front().settings.Reveal(), kNobody);
  EXPECT_EQ(seen.persons, 0);
  for (const Sealer* sealer : {static_cast<const Sealer*>(nullptr), &wrong}) {
    Stored blind;
    CheckDatabase(config_, sealer, blind);
    EXPECT_THAT(blind.cameras, IsEmpty());
    EXPECT_THAT(blind.channels, IsEmpty());
    EXPECT_EQ(blind.persons, 0) << "counting needs no key";
  }
}

}  // namespace
}  // namespace vigil::app
