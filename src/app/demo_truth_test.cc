// Tests of the demo's verdict: it must be able to fail.
#include "app/demo_truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DemoTruth MakeTruth() {
  return {
      {.loop_s = 40,
       .appearances = {{"ada_example", 2, 9, true}, {"bob", 7, 14, false}, {"eve", 20, 27, true}}},
      "eve"};
}

void SeeEverybody(DemoTruth& truth) {
  truth.NoteMatch("Ada Example", 4, true, 0.8F);
  truth.NoteMatch("Bob", 48, false, 0.7F);
  for (const auto* name : {"Ada Example", "Bob"}) {
    truth.NoteAlert(name, true, true);
    truth.NoteAlert(name, false, true);
  }
}

TEST(DemoTruth, IsContentWhenEverybodyWasSeenAndTold) {
  auto truth = MakeTruth();
  SeeEverybody(truth);
  EXPECT_THAT(truth.Faults(60), IsEmpty());
  EXPECT_TRUE(truth.Summary(60).at("ok").as_bool());
}

TEST(DemoTruth, MissesAPersonOnlyAfterTheirTime) {
  auto truth = MakeTruth();
  EXPECT_THAT(truth.Faults(5), IsEmpty());
  EXPECT_THAT(truth.Faults(30), SizeIs(2));
}

TEST(DemoTruth, IsNotContentWithoutAPicture) { EXPECT_THAT(MakeTruth().Faults(0), SizeIs(1)); }

TEST(DemoTruth, FindsANameAtTheWrongTimeOrSide) {
  auto truth = MakeTruth();
  SeeEverybody(truth);
  truth.NoteMatch("Bob", 23, true, 0.7F);          // the stranger was named
  truth.NoteMatch("Ada Example", 8, false, 0.7F);  // Bob was called Ada
  ASSERT_THAT(truth.Faults(60), SizeIs(2));
  EXPECT_THAT(truth.Faults(60)[0], HasSubstr("Bob was named at 23.0 s"));
}

TEST(DemoTruth, WantsEveryAlertAndNoForgedOne) {
  auto truth = MakeTruth();
  truth.NoteMatch("Ada Example", 4, true, 0.8F);
  truth.NoteAlert("Ada Example", true, false);
  EXPECT_THAT(truth.Faults(12), SizeIs(2));
}

TEST(DemoSchedule, ReadsWhatTheCameraDescribes) {
  const auto schedule = ParseDemoSchedule(
      R"({"loop_s":45.5,"appearances":[{"person":"a","from_s":2,"to_s":9,"left":true}]})");
  ASSERT_TRUE(schedule.has_value());
  EXPECT_EQ(schedule->appearances.at(0).person, "a");
  EXPECT_FALSE(ParseDemoSchedule("{}").has_value());
}

TEST(DisplayName, ReadsLikeAName) { EXPECT_EQ(DisplayName("ben_afflek"), "Ben Afflek"); }

}  // namespace
}  // namespace vigil::app
