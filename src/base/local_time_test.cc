// Local clocks, around the days on which they jump.
#include "base/local_time.h"

#include <gtest/gtest.h>

#include "base/time_text.h"

namespace vigil {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

LocalTime In(const std::string& zone, const char* utc) {
  return LocalTimeIn(zone, ParseTime(utc).value()).value();
}

TEST(LocalTime, KnowsWeekdayAndTimeOfDay) {
  EXPECT_EQ(In("UTC", "2026-11-23T01:16:00Z"), (LocalTime{0, minutes{76}}));
  EXPECT_EQ(In("UTC", "2026-11-22T23:59:59Z"), (LocalTime{6, hours{23} + minutes{59}}));
}

TEST(LocalTime, FollowsSummerTime) {
  EXPECT_EQ(In("Europe/Berlin", "2026-03-29T00:59:00Z"), (LocalTime{6, hours{1} + minutes{59}}));
  EXPECT_EQ(In("Europe/Berlin", "2026-03-29T01:00:00Z"), (LocalTime{6, hours{3}}));
  EXPECT_EQ(In("Europe/Berlin", "2026-10-25T00:30:00Z"), (LocalTime{6, hours{2} + minutes{30}}));
  EXPECT_EQ(In("Europe/Berlin", "2026-10-25T01:30:00Z"), (LocalTime{6, hours{2} + minutes{30}}));
}

TEST(LocalTime, CrossesTheDateLine) {
  EXPECT_EQ(In("Pacific/Auckland", "2026-11-22T12:00:00Z").weekday, 0);
}

TEST(LocalTime, RefusesUnknownZones) {
  for (const char* zone : {"", "Mars/Olympus", "../../etc/passwd", "Europe"}) {
    EXPECT_FALSE(LocalTimeIn(zone, WallTime{})) << zone;
  }
}

}  // namespace
}  // namespace vigil
