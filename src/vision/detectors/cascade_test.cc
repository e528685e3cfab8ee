// The arithmetic of the cascade against figures worked out by hand and against facenet-pytorch's
// rules.
#include "vision/detectors/cascade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace vigil::vision {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Proposal At(float x1, float y1, float x2, float y2, float score) {
  Proposal proposal;
  proposal.box = {x1, y1, x2, y2};
  proposal.score = score;
  return proposal;
}

TEST(Pyramid, StartsAtTheSmallestFaceAndEndsAtTwelvePixels) {
  const auto levels = MakePyramid(1920, 1080, 40, 0.709);
  ASSERT_THAT(levels, SizeIs(10));
  EXPECT_EQ(levels[0].width, 577);
  EXPECT_EQ(levels[0].height, 325);
  EXPECT_EQ(levels[1].width, 409);
  EXPECT_EQ(levels[9].height, 15);
  EXPECT_DOUBLE_EQ(levels[1].scale, 0.3 * 0.709);
}

TEST(Pyramid, PictureSmallerThanTheSmallestFaceHasNoLevel) {
  EXPECT_THAT(MakePyramid(39, 500, 40, 0.709), SizeIs(0));
  EXPECT_THAT(MakePyramid(40, 500, 40, 0.709), SizeIs(1));
}

TEST(Pyramid, SmallestFaceGrowsWithPicturesBeyondTheLimit) {
  EXPECT_EQ(SmallestFacePx(8660, 5773, 40, 0), 40) << "no limit";
  EXPECT_EQ(SmallestFacePx(4000, 3000, 40, 1.5e6), 40) << "1.08 million pixels at scale 0.3";
  const int grown = SmallestFacePx(8660, 5773, 40, 1.5e6);
  EXPECT_EQ(grown, 70);
  const auto levels = MakePyramid(8660, 5773, grown, 0.709);
  EXPECT_LE(double(levels[0].width) * levels[0].height, 1.5e6);
}

TEST(BestProposals, StayInTheirOrder) {
  std::vector<Proposal> proposals = {At(0, 0, 1, 1, 0.7F), At(0, 0, 2, 2, 0.9F),
                                     At(0, 0, 3, 3, 0.8F), At(0, 0, 4, 4, 0.8F),
                                     At(0, 0, 5, 5, kNan)};
  auto three = proposals;
  KeepBest(three, 3);
  ASSERT_THAT(three, SizeIs(3));
  EXPECT_EQ(three[0].box.x2, 2);
  EXPECT_EQ(three[1].box.x2, 3);
  EXPECT_EQ(three[2].box.x2, 4);
  auto two = proposals;
  KeepBest(two, 2);
  ASSERT_THAT(two, SizeIs(2));
  EXPECT_EQ(two[1].box.x2, 3) << "the earlier of equals";
  auto all = proposals;
  KeepBest(all, 5);
  EXPECT_THAT(all, SizeIs(5)) << "untouched";
}

TEST(Proposals, CellBecomesItsWindowInFramePixels) {
  const std::vector<float> scores = {0.1F, 0.2F, 0.59F, 0.6F, kNan, 0.3F};
  std::vector<float> offsets(24, 0.0F);
  for (std::size_t side = 0; side < 4; ++side) offsets[side * 6 + 3] = static_cast<float>(side) + 1;
  std::vector<Proposal> proposals;
  DecodeProposals({.columns = 3, .rows = 2, .scores = scores, .offsets = offsets}, 0.3, 0.6F,
                  proposals);
  ASSERT_THAT(proposals, SizeIs(1));
  // Cell (row 1, column 0): floor(1 / 0.3), floor(3 / 0.3), floor(12 / 0.3), floor(14 / 0.3) in
  // 32-bit floats.
  EXPECT_EQ(proposals[0].box, (Box{3, 10, 40, 46}));
  EXPECT_THAT(proposals[0].offsets, ElementsAre(1, 2, 3, 4));
}

TEST(Suppression, KeepsTheBestOfThoseThatOverlap) {
  std::vector<Proposal> proposals = {At(0, 0, 10, 10, 0.7F), At(1, 0, 11, 10, 0.9F),
                                     At(20, 20, 30, 30, 0.8F)};
  Suppress(proposals, 0.5F, OverlapKind::kUnion);
  ASSERT_THAT(proposals, SizeIs(2));
  EXPECT_FLOAT_EQ(proposals[0].score, 0.9F);
  EXPECT_FLOAT_EQ(proposals[1].score, 0.8F);
}

TEST(Suppression, SmallBoxInsideALargeOneFallsOnlyByTheSmallerArea) {
  const std::vector<Proposal> nested = {At(0, 0, 100, 100, 0.9F), At(40, 40, 60, 60, 0.8F)};
  auto by_union = nested;
  Suppress(by_union, 0.7F, OverlapKind::kUnion);
  EXPECT_THAT(by_union, SizeIs(2));
  auto by_smaller = nested;
  Suppress(by_smaller, 0.7F, OverlapKind::kSmaller);
  EXPECT_THAT(by_smaller, SizeIs(1));
}

TEST(Suppression, OverlapOfExactlyTheLimitStays) {
  std::vector<Proposal> proposals = {At(0, 0, 4, 1, 0.9F), At(0, 0, 2, 1, 0.8F)};
  Suppress(proposals, 0.5F, OverlapKind::kUnion);
  EXPECT_THAT(proposals, SizeIs(2));
}

TEST(Suppression, BoxesThatAreNoBoxesGo) {
  std::vector<Proposal> proposals = {At(kNan, 0, 1, 1, 0.9F), At(0, 0, kInfinity, 1, 0.9F),
                                     At(5, 5, 5, 9, 0.9F),    At(9, 9, 5, 5, 0.9F),
                                     At(0, 0, 1, 1, kNan),    At(0, 0, 1, 1, 0.5F)};
  Suppress(proposals, 0.5F, OverlapKind::kUnion);
  ASSERT_THAT(proposals, SizeIs(1));
  EXPECT_FLOAT_EQ(proposals[0].score, 0.5F);
}

RC_GTEST_PROP(Suppression, NoTwoSurvivorsOverlapAndEveryVictimDid, ()) {
  std::vector<Proposal> all;
  const auto count = *rc::gen::inRange(0, 60);
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<float>(*rc::gen::inRange(-20, 100));
    const auto y = static_cast<float>(*rc::gen::inRange(-20, 100));
    const auto side = static_cast<float>(*rc::gen::inRange(1, 50));
    all.push_back(
        At(x, y, x + side, y + side, static_cast<float>(*rc::gen::inRange(0, 1000)) / 1000));
  }
  auto kept = all;
  Suppress(kept, 0.5F, OverlapKind::kUnion);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      RC_ASSERT(IntersectionOverUnion(kept[i].box, kept[j].box) <= 0.5F + 1e-6F);
      RC_ASSERT(kept[i].score <= kept[j].score);
    }
  }
  for (const Proposal& one : all) {
    const bool covered = std::ranges::any_of(kept, [&](const Proposal& survivor) {
      return survivor.box == one.box ||
             (survivor.score >= one.score &&
              IntersectionOverUnion(survivor.box, one.box) > 0.5F - 1e-6F);
    });
    RC_ASSERT(covered);
  }
}

TEST(Correction, OffsetsAreSharesOfTheSides) {
  Proposal proposal = At(10, 20, 30, 60, 0.9F);
  proposal.offsets = {0.1F, -0.1F, 0.5F, 0.25F};
  Proposal counted = proposal;
  ApplyOffsets(proposal, 0);
  EXPECT_EQ(proposal.box, (Box{12, 16, 40, 70}));
  ApplyOffsets(counted, 1);
  EXPECT_FLOAT_EQ(counted.box.x1, 12.1F);
  EXPECT_FLOAT_EQ(counted.box.y2, 70.25F);
}

TEST(Correction, SquareKeepsCentreAndLongerSide) {
  Box box{10, 20, 30, 60};
  MakeSquare(box);
  EXPECT_EQ(box, (Box{0, 20, 40, 60}));
}

TEST(Crop, CountsPixelsFromOneAndStaysInside) {
  EXPECT_EQ(CropOf({10.9F, 20.2F, 30.9F, 40}, 100, 100), (PixelRect{9, 19, 30, 40}));
  EXPECT_EQ(CropOf({-5, 0.5F, 200, 40}, 100, 100), (PixelRect{0, 0, 100, 40}));
}

TEST(Crop, BoxWithoutPixelsHasNone) {
  EXPECT_FALSE(CropOf({150, 10, 180, 40}, 100, 100));
  EXPECT_FALSE(CropOf({-50, 10, -2, 40}, 100, 100));
  EXPECT_FALSE(CropOf({kNan, 10, 20, 40}, 100, 100));
  EXPECT_FALSE(CropOf({10, 10, kInfinity, 40}, 100, 100));
}

RC_GTEST_PROP(Crop, IsNeverEmptyNorOutside, ()) {
  const auto corner = [] {
    return static_cast<float>(*rc::gen::inRange(-300'000, 300'000)) / 100.0F;
  };
  const auto crop = CropOf({corner(), corner(), corner(), corner()}, 640, 360);
  if (!crop) return;
  RC_ASSERT(crop->x1 >= 0 && crop->y1 >= 0 && crop->x2 <= 640 && crop->y2 <= 360);
  RC_ASSERT(crop->Width() > 0 && crop->Height() > 0);
}

TEST(Landmarks, SharesOfTheBoxBecomePixels) {
  const std::array<float, 10> shares = {0, 0.25F, 0.5F, 0.75F, 1, 0, 0, 0, 0, 1};
  const Landmarks landmarks = PlaceLandmarks({10, 20, 29, 59}, shares);
  EXPECT_EQ(landmarks[0], (Point{9, 19}));
  EXPECT_EQ(landmarks[1], (Point{14, 19}));
  EXPECT_EQ(landmarks[4], (Point{29, 59}));
}

}  // namespace
}  // namespace vigil::vision
