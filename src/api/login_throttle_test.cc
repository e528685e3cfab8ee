// How guessing slows down.
#include "api/login_throttle.h"

#include <gtest/gtest.h>

namespace vigil::api {
namespace {

using std::chrono::seconds;

TEST(LoginThrottle, LetsFivePasswordsBeTriedThenWaitsLongerAndLonger) {
  ManualClock clock;
  LoginThrottle throttle(clock);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.Begin("anna", "a").count(), 0) << i;
  EXPECT_EQ(throttle.Begin("anna", "b"), seconds{2});
  clock.Advance(seconds{2});
  EXPECT_EQ(throttle.Begin("anna", "c").count(), 0);
  EXPECT_EQ(throttle.Begin("anna", "d"), seconds{4});
}

TEST(LoginThrottle, StopsAnAddressThatTriesManyAccounts) {
  ManualClock clock;
  LoginThrottle throttle(clock);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(throttle.Begin("user" + std::to_string(i), "a").count(), 0) << i;
  }
  EXPECT_GT(throttle.Begin("fresh", "a").count(), 0);
  EXPECT_EQ(throttle.Begin("fresh", "b").count(), 0);
}

TEST(LoginThrottle, SuccessAndTimeForgive) {
  ManualClock clock;
  LoginThrottle throttle(clock);
  for (int i = 0; i < 4; ++i) throttle.Begin("anna", "a");
  throttle.Succeeded("anna", "a");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.Begin("anna", "a").count(), 0);
  EXPECT_GT(throttle.Begin("anna", "a").count(), 0);
  clock.Advance(std::chrono::minutes{16});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.Begin("anna", "a").count(), 0);
}

TEST(LoginThrottle, OneKnownPasswordDoesNotForgiveTheAddress) {
  ManualClock clock;
  LoginThrottle throttle(clock);
  for (int i = 0; i < 19; ++i) {
    EXPECT_EQ(throttle.Begin("user" + std::to_string(i), "a").count(), 0) << i;
  }
  // A success among them neither counts nor forgives.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(throttle.Begin("known", "a").count(), 0) << i;
    throttle.Succeeded("known", "a");
  }
  EXPECT_EQ(throttle.Begin("user19", "a").count(), 0);
  EXPECT_GT(throttle.Begin("user20", "a").count(), 0);
}

TEST(LoginThrottle, NeverWaitsLongerThanFiveMinutes) {
  ManualClock clock;
  LoginThrottle throttle(clock);
  seconds longest{0};
  for (int i = 0; i < 30; ++i) {
    const seconds wait = throttle.Begin("anna", std::to_string(i));
    longest = std::max(longest, wait);
    clock.Advance(wait);
  }
  EXPECT_EQ(longest, seconds{300});
}

}  // namespace
}  // namespace vigil::api
