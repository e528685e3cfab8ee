// Signals end nothing while they are waited for.
#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace vigil::app {
namespace {

// Some libraries start a thread when they are loaded, long before main holds any signal back.
TEST(StopSignals, AreKeptFromThreadsThatWereThereBefore) {
  const std::jthread library([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::yield();
  });
  StopSignals signals;
  for (const int signal : {SIGTERM, SIGINT}) {
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_TRUE(signals.Wait(std::chrono::minutes{1}));
  }
  EXPECT_FALSE(signals.Wait(std::chrono::milliseconds{0}));
}

TEST(StopSignals, AreSeenByWhoeverWaitsThen) {
  StopSignals signals;
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  bool seen = false;
  std::jthread([&] { seen = signals.Wait(std::chrono::minutes{1}); }).join();
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace vigil::app
