// The crop rule of facenet-pytorch and the standardisation of FaceNet.
#include "vision/recognition/face_box.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace vigil::vision {
namespace {

TEST(FaceRegion, MarginIsSharedByBothSides) {
  // 14 * 73 / 146 = 7 pixels in width and 14 * 146 / 146 = 14 in height, half on each side.
  EXPECT_EQ(FaceRegion({50, 60, 123, 206}, 14, 160, 640, 480), (PixelRect{46, 53, 126, 213}));
}

TEST(FaceRegion, IsClippedToThePicture) {
  EXPECT_EQ(FaceRegion({-20, -30, 53, 70}, 14, 160, 50, 60), (PixelRect{0, 0, 50, 60}));
}

TEST(FaceRegion, WithoutMarginCornersAreTruncated) {
  EXPECT_EQ(FaceRegion({1.9F, 2.9F, 10.9F, 20.9F}, 0, 160, 640, 480), (PixelRect{1, 2, 10, 20}));
}

RC_GTEST_PROP(FaceRegion, IsNeverEmptyNorOutside, ()) {
  const auto corner = [] {
    const int value = *rc::gen::inRange(-2'000'000, 2'000'001);
    if (value > 1'900'000) return std::numeric_limits<float>::quiet_NaN();
    if (value < -1'900'000) return std::numeric_limits<float>::infinity();
    return static_cast<float>(value) / 1000.0F;
  };
  const PixelRect region = FaceRegion({corner(), corner(), corner(), corner()}, 14, 160, 320, 200);
  RC_ASSERT(region.x1 >= 0 && region.y1 >= 0 && region.x2 <= 320 && region.y2 <= 200);
  RC_ASSERT(region.Width() > 0 && region.Height() > 0);
}

RgbImage TwoPixels() { return {2, 1, {10, 20, 30, 40, 50, 60}}; }

TEST(Standardise, PerImageGivesMeanZeroAndDeviationOne) {
  std::vector<float> planes(6);
  Standardise(TwoPixels(), Standardisation::kPerImage, planes);
  EXPECT_NEAR(std::accumulate(planes.begin(), planes.end(), 0.0F), 0, 1e-5);
  EXPECT_NEAR(std::inner_product(planes.begin(), planes.end(), planes.begin(), 0.0F), 6, 1e-4);
  // Planes R, G, B: the red values 10 and 40 come first.
  EXPECT_NEAR(planes[0], (10 - 35) / std::sqrt(1750.0 / 6), 1e-4);
  EXPECT_NEAR(planes[1], (40 - 35) / std::sqrt(1750.0 / 6), 1e-4);
}

TEST(Standardise, OneColourIsNotDividedByZero) {
  const RgbImage plain{2, 2, std::vector<std::uint8_t>(12, 77)};
  std::vector<float> planes(12, 5.0F);
  Standardise(plain, Standardisation::kPerImage, planes);
  for (const float value : planes) EXPECT_NEAR(value, 0, 1e-4);
}

TEST(Standardise, FixedAndNone) {
  std::vector<float> planes(6);
  Standardise(TwoPixels(), Standardisation::kFixed, planes);
  EXPECT_FLOAT_EQ(planes[1], (40 - 127.5F) / 128);
  Standardise(TwoPixels(), Standardisation::kNone, planes);
  EXPECT_FLOAT_EQ(planes[2], 20);
}

}  // namespace
}  // namespace vigil::vision
