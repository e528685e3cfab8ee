// What every FrameSource promises, run on each adapter and on the fake, so that the fake cannot
// lie.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "core/frame_source.h"

namespace vigil {

// A harness is default-constructible and gives
//   std::unique_ptr<FrameSource> OpenShort(int frames): a source of exactly that many frames of
//   camera "contract", std::unique_ptr<FrameSource> OpenBlocking(): a source whose second Next
//   blocks for seconds.
// It outlives its sources.
template <class Harness>
class FrameSourceContract : public testing::Test {
 protected:
  Harness harness_;
};

TYPED_TEST_SUITE_P(FrameSourceContract);

TYPED_TEST_P(FrameSourceContract, GivesEveryFrameThenTheEnd) {
  const auto source = this->harness_.OpenShort(5);
  for (int i = 0; i < 5; ++i) {
    const auto frame = source->Next({});
    ASSERT_TRUE(frame.has_value()) << frame.error().message;
    EXPECT_EQ(source->Fault(), StreamFault::kNone);
  }
  const auto end = source->Next({});
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().code, ErrorCode::kEndOfStream);
  EXPECT_EQ(source->Fault(), StreamFault::kEnded);
}

TYPED_TEST_P(FrameSourceContract, StaysDeadAfterTheEnd) {
  const auto source = this->harness_.OpenShort(1);
  ASSERT_TRUE(source->Next({}).has_value());
  const auto end = source->Next({});
  const auto again = source->Next({});
  ASSERT_FALSE(end.has_value());
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error(), end.error());
  EXPECT_EQ(source->Fault(), StreamFault::kEnded);
}

TYPED_TEST_P(FrameSourceContract, NumbersFramesAndTimeOnlyRises) {
  const auto source = this->harness_.OpenShort(5);
  std::uint64_t sequence = 0;
  std::chrono::milliseconds pts{0};
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto frame = source->Next({});
    ASSERT_TRUE(frame.has_value()) << frame.error().message;
    EXPECT_EQ(frame->camera_id, "contract");
    EXPECT_GT(frame->captured_at.time_since_epoch().count(), 0);
    if (i > 0) {
      EXPECT_EQ(frame->sequence, sequence + 1);
      EXPECT_GT(frame->pts, pts);
    }
    sequence = frame->sequence;
    pts = frame->pts;
  }
}

TYPED_TEST_P(FrameSourceContract, FramesHoldTheirPixelsAndOutliveTheSource) {
  auto source = this->harness_.OpenShort(3);
  std::vector<Frame> kept;
  while (auto frame = source->Next({})) kept.push_back(*std::move(frame));
  source.reset();
  ASSERT_EQ(kept.size(), 3U);
  for (const Frame& frame : kept) {
    EXPECT_GT(frame.width, 0);
    EXPECT_GT(frame.height, 0);
    ASSERT_NE(frame.buffer, nullptr);
    ASSERT_NE(frame.planes[0].data, nullptr);
    EXPECT_GE(frame.planes[0].stride_bytes, frame.width);
    RgbAt(frame, 0, 0);
    RgbAt(frame, frame.width - 1, frame.height - 1);
  }
}

TYPED_TEST_P(FrameSourceContract, AStopBeforeNextCancels) {
  const auto source = this->harness_.OpenShort(3);
  std::stop_source stop;
  stop.request_stop();
  const auto frame = source->Next(stop.get_token());
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code, ErrorCode::kCancelled);
}

TYPED_TEST_P(FrameSourceContract, AStopEndsABlockedNext) {
  const auto source = this->harness_.OpenBlocking();
  ASSERT_TRUE(source->Next({}).has_value());
  std::stop_source stop;
  std::chrono::steady_clock::time_point requested;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    requested = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto frame = source->Next(stop.get_token());
  const auto returned = std::chrono::steady_clock::now();
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code, ErrorCode::kCancelled);
  ASSERT_TRUE(stop.stop_requested());
  EXPECT_LT(returned - requested, std::chrono::milliseconds{1000});
}

REGISTER_TYPED_TEST_SUITE_P(FrameSourceContract, GivesEveryFrameThenTheEnd, StaysDeadAfterTheEnd,
                            NumbersFramesAndTimeOnlyRises, FramesHoldTheirPixelsAndOutliveTheSource,
                            AStopBeforeNextCancels, AStopEndsABlockedNext);

}  // namespace vigil
