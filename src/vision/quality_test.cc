// Each property moves its own figure, and only faces beyond judging are called unrecognisable.
#include "vision/quality.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "test_frames.h"
#include "vision/bilinear_resize.h"

namespace vigil::vision {
namespace {

constexpr Landmarks kFrontal = {
    {{0.3F, 0.4F}, {0.7F, 0.4F}, {0.5F, 0.6F}, {0.35F, 0.8F}, {0.65F, 0.8F}}};
constexpr Landmarks kThreeQuarter = {
    {{0.2F, 0.4F}, {0.55F, 0.4F}, {0.22F, 0.6F}, {0.25F, 0.8F}, {0.5F, 0.8F}}};
constexpr Landmarks kProfile = {
    {{0.2F, 0.4F}, {0.3F, 0.4F}, {0.05F, 0.6F}, {0.2F, 0.8F}, {0.3F, 0.8F}}};

const Frame& Street() {
  static const Frame frame = RgbTestFrame(640, 480, 9);
  return frame;
}

Detection FaceOf(float side, Landmarks shape = kFrontal) {
  Detection face{.box = {100, 100, 100 + side, 100 + side}, .score = 0.99F, .landmarks = shape};
  for (Point& point : face.landmarks) point = {100 + point.x * side, 100 + point.y * side};
  return face;
}

// A crop whose finest detail has 160 / `cells` pixels; every value times `light`.
FaceCrop CropWithDetail(int cells, float light = 1) {
  FaceCrop crop{ResizeBilinear(TestPicture(cells, cells, 3), 160, 160)};
  for (std::uint8_t& value : crop.image.pixels)
    value = static_cast<std::uint8_t>(static_cast<float>(value) * light);
  return crop;
}

TEST(Quality, OrdinaryFaceIsRecognisable) {
  const FaceQuality quality = AssessQuality(Street(), CropWithDetail(80), FaceOf(160));
  EXPECT_FALSE(quality.unrecognisable);
  EXPECT_GT(quality.score, 0.7F);
  EXPECT_FLOAT_EQ(quality.face_px, 160);
  EXPECT_GT(quality.frontal, 0.9F);
}

TEST(Quality, SmallFaceIsJudgedButRanksLower) {
  const FaceQuality small = AssessQuality(Street(), CropWithDetail(30), FaceOf(30));
  EXPECT_FALSE(small.unrecognisable);
  EXPECT_LT(small.score, AssessQuality(Street(), CropWithDetail(30), FaceOf(100)).score);
}

TEST(Quality, MoreThanAHundredPixelsDoNotMakeAFaceBetter) {
  EXPECT_FLOAT_EQ(AssessQuality(Street(), CropWithDetail(30), FaceOf(100)).score,
                  AssessQuality(Street(), CropWithDetail(30), FaceOf(160)).score);
}

// What was measured: a blurred look is worth much less, a small, dim or turned one a little less.
TEST(Quality, SharpnessCountsMost) {
  const FaceQuality good = AssessQuality(Street(), CropWithDetail(20), FaceOf(100));
  const FaceQuality blurred = AssessQuality(Street(), CropWithDetail(10), FaceOf(100));
  ASSERT_LT(good.sharpness, 0.7F) << "from there on more of it does not help";
  EXPECT_NEAR(blurred.score / good.score, std::pow(blurred.sharpness / good.sharpness, 1.046F),
              0.02F);
  const FaceQuality small = AssessQuality(Street(), CropWithDetail(20), FaceOf(50));
  EXPECT_NEAR(small.score / good.score, std::pow(0.5F, 0.122F), 1e-3F);
  const FaceQuality turned =
      AssessQuality(Street(), CropWithDetail(20), FaceOf(100, kThreeQuarter));
  EXPECT_LT(turned.score, good.score);
  EXPECT_GT(turned.score, 0.9F * good.score);
}

TEST(Quality, TheDetectorsDoubtLowersIt) {
  Detection doubtful = FaceOf(100);
  doubtful.score = 0.9F;
  EXPECT_NEAR(AssessQuality(Street(), CropWithDetail(30), doubtful).score /
                  AssessQuality(Street(), CropWithDetail(30), FaceOf(100)).score,
              0.9F * 0.9F / (0.99F * 0.99F), 1e-4F);
}

TEST(Quality, TinyFaceIsTooSmall) {
  EXPECT_EQ(AssessQuality(Street(), CropWithDetail(40), FaceOf(15)).unrecognisable,
            UnrecognisableReason::kTooSmall);
}

TEST(Quality, PartOutsideThePictureDoesNotCount) {
  Detection face = FaceOf(100);
  face.box = {-80, 100, 20, 200};
  EXPECT_FLOAT_EQ(AssessQuality(Street(), CropWithDetail(40), face).face_px, 20);
}

TEST(Quality, BlurLowersSharpnessUntilUnrecognisable) {
  float before = 1.1F;
  for (const int cells : {80, 20, 10, 5}) {
    const float sharpness = AssessQuality(Street(), CropWithDetail(cells), FaceOf(100)).sharpness;
    EXPECT_LT(sharpness, before) << cells;
    before = sharpness;
  }
  EXPECT_EQ(AssessQuality(Street(), CropWithDetail(3), FaceOf(100)).unrecognisable,
            UnrecognisableReason::kBlurred);
}

TEST(Quality, NightIsDark) {
  EXPECT_EQ(AssessQuality(Street(), CropWithDetail(80, 0.08F), FaceOf(100)).unrecognisable,
            UnrecognisableReason::kDark);
  const FaceQuality dusk = AssessQuality(Street(), CropWithDetail(80, 0.4F), FaceOf(100));
  EXPECT_FALSE(dusk.unrecognisable);
  EXPECT_LT(dusk.brightness, 0.25F);
}

TEST(Quality, ProfileIsTurnedAwayThreeQuarterIsNot) {
  const FaceQuality turned =
      AssessQuality(Street(), CropWithDetail(80), FaceOf(100, kThreeQuarter));
  EXPECT_FALSE(turned.unrecognisable);
  EXPECT_LT(turned.frontal, 0.6F);
  const FaceQuality profile = AssessQuality(Street(), CropWithDetail(80), FaceOf(100, kProfile));
  EXPECT_EQ(profile.unrecognisable, UnrecognisableReason::kTurnedAway);
}

TEST(Quality, TiltedHeadIsStillFrontal) {
  Detection tilted = FaceOf(100);
  for (Point& point : tilted.landmarks) {
    const float x = point.x - 150;
    const float y = point.y - 150;
    point = {150 + 0.866F * x - 0.5F * y, 150 + 0.5F * x + 0.866F * y};
  }
  EXPECT_NEAR(AssessQuality(Street(), CropWithDetail(80), tilted).frontal,
              AssessQuality(Street(), CropWithDetail(80), FaceOf(100)).frontal, 0.01F);
}

TEST(Quality, LandmarksInOnePointAreTurnedAway) {
  Detection face = FaceOf(100);
  face.landmarks = {};
  EXPECT_EQ(AssessQuality(Street(), CropWithDetail(80), face).unrecognisable,
            UnrecognisableReason::kTurnedAway);
}

}  // namespace
}  // namespace vigil::vision
