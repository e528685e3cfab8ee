// The screen by instruction set equals the plain one, crop by crop.
#include "vision/detectors/rnet_screen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "vision/detectors/pnet.h"

namespace vigil::vision {
namespace {

RnetWeights RandomWeights() {
  std::mt19937 random(9);
  std::normal_distribution<float> normal(0, 1);
  const auto floats = [&](std::size_t count, float spread) {
    std::vector<float> values(count);
    for (float& value : values) value = spread * normal(random);
    return values;
  };
  return {floats(756, 0.3F), floats(28, 0.2F),     floats(28, 0.4F),     floats(12096, 0.05F),
          floats(48, 0.2F),  floats(48, 0.4F),     floats(12288, 0.05F), floats(64, 0.2F),
          floats(64, 0.4F),  floats(73728, 0.05F), floats(128, 0.2F),    floats(128, 0.4F),
          floats(256, 0.2F), floats(2, 0.1F)};
}

TEST(RnetScreen, EveryInstructionSetGivesTheSameScores) {
  if (!PnetScan::IsFast()) GTEST_SKIP() << "this processor has the plain loop only";
  RnetScreen screen(RandomWeights());
  std::mt19937 random(10);
  for (std::size_t lane = 0; lane < RnetScreen::kLanes; ++lane) {
    for (float& value : screen.Place(lane))
      value = (static_cast<float>(random() % 256) - 127.5F) / 128;
  }
  std::vector<float> fast, plain;
  screen.Infer();
  for (std::size_t lane = 0; lane < RnetScreen::kLanes; ++lane)
    fast.push_back(screen.VerdictOf(lane).score);
  screen.InferPlainly();
  for (std::size_t lane = 0; lane < RnetScreen::kLanes; ++lane)
    plain.push_back(screen.VerdictOf(lane).score);
  EXPECT_EQ(fast, plain);
  EXPECT_GT(std::ranges::max(plain) - std::ranges::min(plain), 1e-3F)
      << "every crop scores the same: the test shows nothing";
}

}  // namespace
}  // namespace vigil::vision
