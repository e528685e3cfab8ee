// The gate that makes everybody stand still.
#include "base/turn_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace vigil {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(TurnGate, TurnsAreTakenTogether) {
  TurnGate gate;
  const auto one = gate.Enter();
  const auto two = gate.Enter();
  EXPECT_NE(one, nullptr);
  EXPECT_NE(two, nullptr);
}

TEST(TurnGate, DoesNotCloseOverATurnAndStaysOpenThen) {
  TurnGate gate;
  auto turn = gate.Enter();
  EXPECT_EQ(gate.Close(milliseconds{1}), nullptr);
  turn.reset();
  turn = gate.Enter();
  turn.reset();
  EXPECT_NE(gate.Close(milliseconds{1}), nullptr);
}

TEST(TurnGate, ClosesForOneAtATime) {
  TurnGate gate;
  auto still = gate.Close(minutes{1});
  EXPECT_EQ(gate.Close(milliseconds{1}), nullptr);
  still.reset();
  EXPECT_NE(gate.Close(milliseconds{1}), nullptr);
}

TEST(TurnGate, NobodyWorksWhileItIsClosedAndABusyCrowdCannotHoldItOpen) {
  TurnGate gate;
  std::atomic<bool> over = false;
  std::atomic<int> working = 0;
  std::vector<std::jthread> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.emplace_back([&] {
      while (!over) {
        const auto turn = gate.Enter();
        ++working;
        --working;
      }
    });
  }
  for (int round = 0; round < 100; ++round) {
    const auto still = gate.Close(minutes{1});
    ASSERT_NE(still, nullptr);
    EXPECT_EQ(working, 0);
  }
  over = true;
}

}  // namespace
}  // namespace vigil
