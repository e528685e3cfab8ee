// When a picture counts as frozen, and when no longer.
#include "pipeline/frozen_picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/frame.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FrozenPictureTest : public ::testing::Test {
 protected:
  // A grey picture but for its first rows: the noise, in a few cells of the grid.
  static Frame Picture(std::uint8_t luma, std::uint8_t first_rows) {
    std::vector<std::uint8_t> pixels(640UL * 360 * 3, luma);
    std::fill_n(pixels.begin(), 640 * 10 * 3, first_rows);
    return FrameOfImage(std::make_shared<RgbImage>(RgbImage{640, 360, std::move(pixels)}));
  }

  PictureState LookAfter(milliseconds passed, const Frame& frame) {
    now_ += passed;
    return picture_.Look(frame, now_);
  }

  SteadyTime now_{std::chrono::hours{1}};
  FrozenPicture picture_{seconds{30}};
};

TEST_F(FrozenPictureTest, IsOneThatNeverChangesForTheWholeTime) {
  const Frame same = Picture(80, 80);
  picture_.BeginStream(now_);
  for (int second = 0; second < 30; ++second) {
    ASSERT_EQ(LookAfter(second == 0 ? milliseconds{0} : seconds{1}, same), PictureState::kAlive);
  }
  EXPECT_EQ(LookAfter(seconds{1}, same), PictureState::kFrozen);
}

TEST_F(FrozenPictureTest, IsNotOneWithASensorsNoise) {
  picture_.BeginStream(now_);
  for (int second = 0; second < 100; ++second) {
    ASSERT_EQ(LookAfter(seconds{1}, Picture(80, second % 2 == 0 ? 80 : 81)), PictureState::kAlive);
  }
}

TEST_F(FrozenPictureTest, StaysSoInTheNextStreamUntilItMoves) {
  const Frame same = Picture(80, 80);
  picture_.BeginStream(now_);
  (void)LookAfter(milliseconds{0}, same);
  ASSERT_EQ(LookAfter(seconds{30}, same), PictureState::kFrozen);
  picture_.BeginStream(now_);
  EXPECT_EQ(LookAfter(milliseconds{0}, same), PictureState::kStillFrozen);
  EXPECT_EQ(LookAfter(seconds{599}, same), PictureState::kStillFrozen) << "a dark cellar";
  EXPECT_EQ(LookAfter(seconds{1}, same), PictureState::kFrozen);
  picture_.BeginStream(now_);
  EXPECT_EQ(LookAfter(milliseconds{0}, same), PictureState::kStillFrozen);
  EXPECT_EQ(LookAfter(seconds{1}, Picture(80, 81)), PictureState::kAlive);
  EXPECT_EQ(LookAfter(seconds{1}, Picture(80, 81)), PictureState::kAlive);
}

TEST_F(FrozenPictureTest, IsForgottenWithAStreamThatWasFine) {
  const Frame same = Picture(80, 80);
  picture_.BeginStream(now_);
  (void)LookAfter(milliseconds{0}, same);
  ASSERT_EQ(LookAfter(seconds{20}, same), PictureState::kAlive);
  picture_.BeginStream(now_);
  EXPECT_EQ(LookAfter(seconds{20}, same), PictureState::kAlive);
}

TEST_F(FrozenPictureTest, IsNeverOneWhenSwitchedOff) {
  FrozenPicture off(milliseconds{0});
  off.BeginStream(now_);
  const Frame same = Picture(80, 80);
  (void)off.Look(same, now_);
  EXPECT_EQ(off.Look(same, now_ + std::chrono::hours{1}), PictureState::kAlive);
}

}  // namespace
}  // namespace vigil::pipeline
