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

const WatchedArea kLeftHalf{.areas = {{{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}}, .excluded = {}};

TEST(MotionGate, IsOpenedByMotionInTheWatchedAreaAlone) {
  MotionGate gate({.watched = kLeftHalf});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 400, 150, 60), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(FrameWithSquare(400, 100, 150, 60), false), GateVerdict::kPass);
}

TEST(MotionGate, MeasuresMotionAgainstTheWatchedArea) {
  // A tenth of the picture, a fifth of what is watched.
  MotionGate gate({.heartbeat = std::chrono::hours{1}, .area_min = 0.15, .watched = kLeftHalf});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 10, 10, 160), false), GateVerdict::kPass);
}

TEST(MotionGate, WatchesAnAreaNarrowerThanACellOfItsGrid) {
  // A slit of eight pixels: no cell has its middle in it.
  const WatchedArea slit{.areas = {{{0.010F, 0}, {0.022F, 0}, {0.022F, 1}, {0.010F, 1}}},
                         .excluded = {}};
  MotionGate gate({.heartbeat = std::chrono::hours{1}, .watched = slit});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 100, 100, 60), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(FrameWithSquare(400, 0, 100, 60), false), GateVerdict::kPass);
}

// A screen whose edges fall between the cells.
TEST(MotionGate, IsNotOpenedByWhatIsExcluded) {
  const WatchedArea without_screen{
      .areas = {},
      .excluded = {{{0.406F, 0.306F}, {0.605F, 0.306F}, {0.605F, 0.73F}, {0.406F, 0.73F}}}};
  MotionGate gate({.heartbeat = std::chrono::hours{1}, .watched = without_screen});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 264, 114, 120), false), GateVerdict::kStill);
  EXPECT_EQ(gate.Look(FrameWithSquare(400, 100, 114, 120), false), GateVerdict::kPass);
}

TEST(MotionGate, WatchesAnAreaSmallerThanItsRaster) {
  const WatchedArea speck{.areas = {{{0.3140F, 0.5010F}, {0.3145F, 0.5010F}, {0.3145F, 0.5020F}}},
                          .excluded = {}};
  MotionGate gate({.heartbeat = std::chrono::hours{1}, .watched = speck});
  EXPECT_EQ(gate.Look(StillFrame(0), false), GateVerdict::kPass);
  EXPECT_EQ(gate.Look(FrameWithSquare(200, 150, 150, 100), false), GateVerdict::kPass);
}

TEST(MotionGate, WantsNothingBeforeTheNextLook) {
  MotionGate gate({.detect_interval = milliseconds{200}});
  EXPECT_EQ(gate.Demand().from, milliseconds{0});
  gate.Look(StillFrame(1000), false);
  EXPECT_EQ(gate.Demand().from, milliseconds{1200});
  gate.Look(StillFrame(1160), false);
  EXPECT_EQ(gate.Demand().from, milliseconds{1200}) << "a skipped picture is no look";
  EXPECT_FALSE(gate.Demand().keyframes_only);
}

TEST(MotionGate, WantsKeyframesAloneOnceItIsIdleAndAllWhenSomethingMovesOrAFaceIsFollowed) {
  MotionGate gate({.keyframes_when_idle = true, .idle_after = milliseconds{3000}});
  gate.Look(StillFrame(0), false);
  for (int pts = 1000; pts < 3000; pts += 1000) {
    gate.Look(StillFrame(pts), false);
    EXPECT_FALSE(gate.Demand().keyframes_only) << pts;
  }
  EXPECT_EQ(gate.Look(StillFrame(4000), false), GateVerdict::kPass) << "the heartbeat goes on";
  EXPECT_TRUE(gate.Demand().keyframes_only);
  gate.Look(FrameWithSquare(5000, 300, 150, 60), false);
  EXPECT_FALSE(gate.Demand().keyframes_only);
  gate.Look(FrameWithSquare(9000, 300, 150, 60), false);
  EXPECT_TRUE(gate.Demand().keyframes_only);
  gate.Look(FrameWithSquare(10'000, 300, 150, 60), true);
  EXPECT_FALSE(gate.Demand().keyframes_only);
}

TEST(MotionGate, NeverWantsKeyframesAloneUnlessAsked) {
  MotionGate gate({.idle_after = milliseconds{0}});
  gate.Look(StillFrame(0), false);
  gate.Look(StillFrame(10'000), false);
  EXPECT_FALSE(gate.Demand().keyframes_only);
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
