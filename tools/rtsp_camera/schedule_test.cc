// Tests of the simulated camera's order of appearances.
#include "schedule.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace vigil::camera {
namespace {

TEST(Schedule, ShowsEverybodyOnceWithinTheLoop) {
  const auto schedule = MakeSchedule({"a", "b", "c", "d", "e"});
  ASSERT_EQ(schedule.appearances.size(), 5U);
  for (const auto& appearance : schedule.appearances) {
    EXPECT_GE(appearance.from_s, 2);
    EXPECT_LT(appearance.to_s, schedule.loop_s);
  }
}

TEST(Schedule, LetsPairsMeetAndEndsEmpty) {
  const auto schedule = MakeSchedule({"a", "b", "c", "d", "e"});
  const auto& people = schedule.appearances;
  EXPECT_LT(people[1].from_s, people[0].to_s);
  EXPECT_GT(people[2].from_s, people[1].to_s);
  EXPECT_LT(people[3].from_s, people[2].to_s);
  EXPECT_GT(people[4].from_s, people[3].to_s);
  EXPECT_GE(schedule.loop_s - people[4].to_s, 8);
}

TEST(Schedule, IsDescribedAsJson) {
  const auto described = ParseJson(ScheduleJson(MakeSchedule({"a"})));
  ASSERT_TRUE(described.has_value());
  EXPECT_EQ(described->at("appearances").at(0).at("person").as_string(), "a");
}

}  // namespace
}  // namespace vigil::camera
