// The gate must save work on still pictures without ever missing a face for good.
#include "pipeline/motion_gate.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "fakes/fake_frame_source.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

Frame At(Frame frame, int pts_ms) {
  frame.pts = milliseconds{pts_ms};
  return frame;
}

Frame StillFrame(int pts_ms) { return At(MakeTestFrame(640, 360, 100), pts_ms); }

// A still picture with a brighter square.
Frame FrameWithSquare(int pts_ms, int x, int y, int side) {
  constexpr int kWidth = 640;
  constexpr int kHeight = 360;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(kWidth * kHeight, std::uint8_t{100});
  for (int row = y; row < y + side; ++row) {
    std::memset(pixels->data() + row * kWidth + x, 180, static_cast<std::size_t>(side));
  }
  Frame frame = StillFrame(pts_ms);
  frame.planes[0] = {pixels->data(), kWidth};
  frame.buffer = pixels;
  return frame;
}

TEST(MotionGate, PassesTheFirstFrameThenHoldsStillOnesBack) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(200), false), GateVerdict::kStill);
}

TEST(MotionGate, SkipsFramesBeforeTheInterval) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(0), true), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(160), true), GateVerdict::kSkipped);
  EXPECT_EQ(gate.Look(StillFrame(200), true), GateVerdict::kPass);
}

TEST(MotionGate, SeesASmallFaceAppear) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 300, 150, 30), false), GateVerdict::kPass);
}

TEST(MotionGate, LooksAtAStillPictureAtEveryHeartbeat) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(1800), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(StillFrame(2000), false), GateVerdict::kPass);
}

TEST(MotionGate, StaysOpenWhileAFaceIsTracked) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(0), true), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(200), true), GateVerdict::kPass);
}

TEST(MotionGate, NoticesMovementTooSlowForTwoNeighbouringFrames) {
  MotionGate gate({.heartbeat = std::chrono::hours{1}, .luma_difference = 12});
  EXPECT_EQ(gate.Look(At(MakeTestFrame(640, 360, 100), 0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(At(MakeTestFrame(640, 360, 107), 200), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(At(MakeTestFrame(640, 360, 114), 400), false), GateVerdict::kPass);
}

TEST(MotionGate, SurvivesTinyFramesAndResolutionChanges) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(At(MakeTestFrame(1, 1, 100), 0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(200), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(At(Frame{}, 400), false), GateVerdict::kPass);
}

TEST(MotionGate, DoesNotFreezeWhenTimeRunsBackwards) {
  MotionGate gate({});
  EXPECT_EQ(gate.Look(StillFrame(100'000), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
}

}  // namespace
}  // namespace vigil::pipeline
