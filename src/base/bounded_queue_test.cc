// Tests of the bounded queue: order, drops, waiting and the way it ends.
#include "base/bounded_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <thread>

namespace vigil {
namespace {

using namespace std::chrono_literals;

TEST(BoundedQueue, KeepsTheOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.PushWait(i, 0ms));
  EXPECT_EQ(queue.Pop(), 0);
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, NewestPushesOutTheOldest) {
  BoundedQueue<int> queue(2);
  EXPECT_EQ(queue.PushNewest(1), std::nullopt);
  EXPECT_EQ(queue.PushNewest(2), std::nullopt);
  EXPECT_EQ(queue.PushNewest(3), 1);
  EXPECT_EQ(queue.Pop(), 2);
}

TEST(BoundedQueue, FullDurableQueueRefusesAfterItsDeadline) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.PushWait(1, 0ms));
  EXPECT_FALSE(queue.PushWait(2, 1ms));
  EXPECT_EQ(queue.Depth(), 1U);
}

TEST(BoundedQueue, DrainsAfterCloseThenEnds) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  queue.PushNewest(std::make_unique<int>(7));
  queue.Close();
  EXPECT_NE(queue.PushNewest(std::make_unique<int>(8)), std::nullopt);
  const auto left = queue.Pop();
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(**left, 7);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueue, StopWakesAWaitingConsumer) {
  BoundedQueue<int> queue(1);
  std::optional<int> got = 1;
  std::jthread consumer([&](std::stop_token stop) { got = queue.Pop(stop); });
  consumer.request_stop();
  consumer.join();
  EXPECT_EQ(got, std::nullopt);
}

RC_GTEST_PROP(BoundedQueue, LosesNothingButWhatItReturns, (const std::vector<int>& items)) {
  BoundedQueue<int> queue(3);
  std::vector<int> seen;
  for (const int item : items) {
    if (const auto dropped = queue.PushNewest(item)) seen.push_back(*dropped);
  }
  queue.Close();
  while (const auto item = queue.Pop()) seen.push_back(*item);
  RC_ASSERT(seen == items);
}

}  // namespace
}  // namespace vigil
