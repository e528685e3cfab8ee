// Viewers must get new pictures at once and never an old one as if it were live.
#include "pipeline/live_view.h"

#include <gtest/gtest.h>

#include <thread>

#include "fakes/fake_frame_source.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

Frame FrameOf(const std::string& camera_id) {
  Frame frame = MakeTestFrame();
  frame.camera_id = camera_id;
  return frame;
}

TEST(LiveView, HoldsTheLatestPictureOfEachCamera) {
  LiveView view;
  EXPECT_EQ(view.Latest("a"), nullptr);
  view.Publish(FrameOf("a"), {});
  view.Publish(FrameOf("b"), {LiveFace{}});
  EXPECT_TRUE(view.Latest("a")->faces.empty());
  EXPECT_EQ(view.Latest("b")->faces.size(), 1U);
  EXPECT_LT(view.Latest("a")->number, view.Latest("b")->number);
}

TEST(LiveView, AnswersAWaiterWithTheNextPicture) {
  LiveView view;
  view.Publish(FrameOf("a"), {});
  const std::uint64_t seen = view.Latest("a")->number;
  LiveView::Picture got;
  std::jthread waiter([&](std::stop_token stop) {
    got = view.WaitNewer("a", seen, std::chrono::minutes{1}, stop);
  });
  view.Publish(FrameOf("b"), {});
  view.Publish(FrameOf("a"), {});
  waiter.join();
  ASSERT_NE(got, nullptr);
  EXPECT_GT(got->number, seen);
}

TEST(LiveView, EndsAWaitByTimeoutAndByStop) {
  LiveView view;
  EXPECT_EQ(view.WaitNewer("a", 0, milliseconds{1}, {}), nullptr);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(view.WaitNewer("a", 0, std::chrono::minutes{1}, stop.get_token()), nullptr);
}

TEST(LiveView, ForgetsThePictureOfAStreamThatEnded) {
  LiveView view;
  view.Publish(FrameOf("a"), {});
  view.Forget("a");
  EXPECT_EQ(view.Latest("a"), nullptr);
}

}  // namespace
}  // namespace vigil::pipeline
