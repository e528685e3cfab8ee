// The judgements of `vigil doctor` that need no running world; its faults end to end are seeded in
// tests/e2e/test_doctor.py.
#include "app/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "installed_models.h"
#include "temporary_folder.h"
#include "vision/model_store.h"

namespace vigil::app {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

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
  StoredFacts facts;
  EXPECT_EQ(CheckDatabase(config_, nullptr, facts).front().state, FindingState::kOk);
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
  StoredFacts facts;
  const Finding found = CheckDatabase(config_, nullptr, facts).front();
  EXPECT_EQ(found.state, FindingState::kFault);
  EXPECT_THAT(found.mend, HasSubstr("backup"));
}

TEST(DoctorEmbedder, NamesABetterOneForALargeGallery) {
  config::Config config;
  config.models.directory = InstalledModelsDirectory();
  if (!vision::FindModel(config.models.directory, "facenet-128")) {
    ASSERT_FALSE(ModelsAreRequired());
    GTEST_SKIP() << "facenet-128 is not installed";
  }
  const Finding few = CheckEmbedder(config, 10).at(0);
  EXPECT_EQ(few.state, FindingState::kOk) << few.what;
  const Finding many = CheckEmbedder(config, 500).at(0);
  EXPECT_EQ(many.state, FindingState::kWarning) << many.what;
  EXPECT_NE(many.mend.find("sface"), std::string::npos) << many.mend;
}

}  // namespace
}  // namespace vigil::app
