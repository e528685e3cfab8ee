// Tests of the clock that tests move.
#include "base/clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace vigil {
namespace {

using namespace std::chrono_literals;

TEST(ManualClock, WakesSleepersAtTheirDeadlineOnly) {
  ManualClock clock;
  bool reached = false;
  std::jthread sleeper([&, deadline = clock.Now() + 10s](std::stop_token stop) {
    reached = clock.SleepUntil(deadline, stop);
  });
  clock.AwaitSleepers(1);
  clock.Advance(9s);
  clock.AwaitSleepers(1);
  clock.Advance(1s);
  sleeper.join();
  EXPECT_TRUE(reached);
}

TEST(ManualClock, StopEndsASleep) {
  ManualClock clock;
  bool reached = true;
  std::jthread sleeper(
      [&](std::stop_token stop) { reached = clock.SleepUntil(clock.Now() + 1h, stop); });
  clock.AwaitSleepers(1);
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(reached);
}

TEST(ManualClock, MovesBothTimes) {
  ManualClock clock;
  const auto steady = clock.Now();
  const auto wall = clock.WallNow();
  clock.Advance(1500ms);
  EXPECT_EQ(clock.Now() - steady, 1500ms);
  EXPECT_EQ(clock.WallNow() - wall, 1500ms);
}

TEST(SystemClock, StopEndsASleepAtOnce) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.SleepUntil(clock.Now() + 1h, stop.get_token()));
}

}  // namespace
}  // namespace vigil
