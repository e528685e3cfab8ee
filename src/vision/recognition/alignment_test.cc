// Alignment against figures worked out by hand.
#include "vision/recognition/alignment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/frame.h"

namespace vigil::vision {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Red rises with x, green with y, blue is the same everywhere.
Frame Slope(int width, int height) {
  auto image = std::make_shared<RgbImage>(RgbImage{width, height, {}});
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image->pixels.push_back(static_cast<std::uint8_t>(x % 256));
      image->pixels.push_back(static_cast<std::uint8_t>(y % 256));
      image->pixels.push_back(77);
    }
  }
  return FrameOfImage(std::move(image));
}

Landmarks Moved(const SimilarityTransform& transform) {
  Landmarks points;
  for (std::size_t i = 0; i < points.size(); ++i) points[i] = transform.Apply(kFivePointLayout[i]);
  return points;
}

Detection FaceWith(const Landmarks& landmarks) {
  return {.box = {0, 0, 10, 10}, .score = 1, .landmarks = landmarks};
}

TEST(Alignment, FitFindsTheTurnThatWasMade) {
  const SimilarityTransform made{.along = 1.2F, .across = -0.7F, .shift_x = 31, .shift_y = -12};
  const auto fitted = FitSimilarity(kFivePointLayout, Moved(made));
  ASSERT_TRUE(fitted);
  EXPECT_NEAR(fitted->along, made.along, 1e-4);
  EXPECT_NEAR(fitted->across, made.across, 1e-4);
  EXPECT_NEAR(fitted->shift_x, made.shift_x, 1e-2);
  EXPECT_NEAR(fitted->shift_y, made.shift_y, 1e-2);
}

TEST(Alignment, FitOfPointsThatCoincideOrAreNoNumbersFails) {
  EXPECT_FALSE(FitSimilarity(Landmarks{}, kFivePointLayout));
  EXPECT_FALSE(FitSimilarity(kFivePointLayout, Landmarks{}));
  Landmarks broken = kFivePointLayout;
  broken[3].y = kNan;
  EXPECT_FALSE(FitSimilarity(kFivePointLayout, broken));
}

TEST(Alignment, FaceInTheLayoutIsCutOutAsItIs) {
  const Frame frame = Slope(200, 200);
  Landmarks landmarks = kFivePointLayout;
  for (Point& point : landmarks) point = {point.x + 40, point.y + 30};
  const RgbImage crop = AlignFace(frame, FaceWith(landmarks));
  ASSERT_EQ(crop.width, 112);
  ASSERT_EQ(crop.height, 112);
  EXPECT_NEAR(crop.Row(0)[0], 40, 1);
  EXPECT_NEAR(crop.Row(0)[1], 30, 1);
  EXPECT_NEAR(crop.Row(111)[111 * 3], 151, 1);
  EXPECT_NEAR(crop.Row(111)[111 * 3 + 1], 141, 1);
  EXPECT_EQ(crop.Row(50)[50 * 3 + 2], 77);
}

TEST(Alignment, TurnedFaceIsSetUpright) {
  // A quarter turn: what is right in the crop is down in the frame.
  const SimilarityTransform turned{.along = 0, .across = 1, .shift_x = 150, .shift_y = 20};
  const RgbImage crop = AlignFace(Slope(200, 200), FaceWith(Moved(turned)));
  EXPECT_NEAR(crop.Row(0)[0], 150, 1);
  EXPECT_NEAR(crop.Row(0)[1], 20, 1);
  EXPECT_NEAR(crop.Row(0)[100 * 3 + 1], 120, 1);
  EXPECT_NEAR(crop.Row(100)[0], 50, 1);
}

TEST(Alignment, ShrinkingAveragesInsteadOfSkipping) {
  auto image = std::make_shared<RgbImage>(RgbImage{600, 600, {}});
  for (int y = 0; y < 600; ++y) {
    for (int x = 0; x < 600; ++x)
      image->pixels.insert(image->pixels.end(), 3, (x + y) % 2 == 0 ? 0 : 200);
  }
  const SimilarityTransform four_times{.along = 4, .shift_x = 60, .shift_y = 60};
  const RgbImage crop = AlignFace(FrameOfImage(std::move(image)), FaceWith(Moved(four_times)));
  for (const int at : {10, 50, 90}) EXPECT_NEAR(crop.Row(at)[at * 3], 100, 12);
}

TEST(Alignment, BeyondThePictureIsBlack) {
  Landmarks landmarks = kFivePointLayout;
  for (Point& point : landmarks) point = {point.x - 56, point.y};
  const RgbImage crop = AlignFace(Slope(120, 120), FaceWith(landmarks));
  EXPECT_EQ(crop.Row(60)[10 * 3 + 2], 0);
  EXPECT_EQ(crop.Row(60)[90 * 3 + 2], 77);
  for (Point& point : landmarks) point = {point.x + 5000, point.y};
  EXPECT_EQ(AlignFace(Slope(120, 120), FaceWith(landmarks)).Row(60)[90 * 3 + 2], 0);
}

TEST(Alignment, WithoutLandmarksTheBoxIsCut) {
  const Detection face{.box = {40, 40, 152, 152}, .score = 1, .landmarks = {}};
  const RgbImage crop = AlignFace(Slope(200, 200), face);
  EXPECT_NEAR(crop.Row(0)[0], 40, 1);
  EXPECT_NEAR(crop.Row(111)[111 * 3], 151, 1);
}

TEST(Alignment, WithoutAnythingTheWholePictureIsCut) {
  const Detection nothing{.box = {kNan, kNan, kNan, kNan}, .score = 1, .landmarks = {}};
  EXPECT_EQ(AlignFace(Slope(112, 112), nothing).Row(56)[56 * 3 + 2], 77);
}

}  // namespace
}  // namespace vigil::vision
