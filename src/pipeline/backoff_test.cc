// The waits decide whether cameras come back soon, in step, or locked.
#include "pipeline/backoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::AllOf;
using testing::Ge;
using testing::Le;

TEST(Backoff, DoublesFromHalfASecondToThirtySeconds) {
  Backoff backoff({}, 1);
  double full = 500 / 0.75;
  for (int i = 0; i < 12; ++i) {
    const double wait = static_cast<double>(backoff.After(StreamFault::kRefused, {}).count());
    EXPECT_THAT(wait, AllOf(Ge(0.75 * full - 1), Le(full + 1))) << "after failure " << i + 1;
    full = std::min(30'000.0, 2 * full);
  }
}

RC_GTEST_PROP(Backoff, StaysWithinItsBoundsForAnyHistory, (std::uint32_t seed)) {
  Backoff backoff({}, seed);
  const auto lasted = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 20'000));
  for (const int lasted_ms : lasted) {
    const auto wait = backoff.After(StreamFault::kStalled, milliseconds{lasted_ms});
    RC_ASSERT(wait >= milliseconds{500});
    RC_ASSERT(wait <= milliseconds{30'000});
  }
}

TEST(Backoff, StartsAnewAfterAStreamThatLasted) {
  Backoff backoff({}, 1);
  for (int i = 0; i < 10; ++i) (void)backoff.After(StreamFault::kStalled, {});
  EXPECT_LE(backoff.After(StreamFault::kStalled, milliseconds{5'000}), milliseconds{700});
}

TEST(Backoff, DoesNotForgiveAStreamThatKeepsBreaking) {
  Backoff backoff({}, 1);
  for (int i = 0; i < 10; ++i) (void)backoff.After(StreamFault::kStalled, milliseconds{1'000});
  EXPECT_GE(backoff.After(StreamFault::kStalled, milliseconds{1'000}), milliseconds{20'000});
}

TEST(Backoff, TriesAWrongPasswordThriceThenEveryFiveMinutes) {
  Backoff backoff({}, 1);
  EXPECT_LT(backoff.After(StreamFault::kUnauthorised, {}), milliseconds{30'001});
  EXPECT_LT(backoff.After(StreamFault::kUnauthorised, {}), milliseconds{30'001});
  EXPECT_EQ(backoff.After(StreamFault::kUnauthorised, {}), minutes{5});
  EXPECT_EQ(backoff.After(StreamFault::kUnauthorised, {}), minutes{5});
}

TEST(Backoff, KeepsCamerasOfOneSwitchOutOfStep) {
  std::set<milliseconds> waits;
  for (std::uint32_t seed = 1; seed <= 64; ++seed) {
    waits.insert(Backoff({}, seed * 2'654'435'761U).After(StreamFault::kRefused, {}));
  }
  EXPECT_GT(waits.size(), 32U);
}

}  // namespace
}  // namespace vigil::pipeline
