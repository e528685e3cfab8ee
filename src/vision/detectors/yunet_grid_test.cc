// YuNet's arithmetic against figures worked out by hand.
#include "vision/detectors/yunet_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace vigil::vision {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The maps of one stride with 3 x 2 cells, all without a face.
struct Maps {
  std::vector<float> faces = std::vector<float>(6);
  std::vector<float> objects = std::vector<float>(6);
  std::vector<float> boxes = std::vector<float>(24);
  std::vector<float> landmarks = std::vector<float>(60);

  YunetGrid Grid(int stride) const {
    return {.stride = stride,
            .columns = 3,
            .rows = 2,
            .faces = faces,
            .objects = objects,
            .boxes = boxes,
            .landmarks = landmarks};
  }
};

std::vector<Proposal> Decode(const Maps& maps, float threshold, float scale_x = 1,
                             float scale_y = 1) {
  std::vector<Proposal> proposals;
  DecodeYunet(maps.Grid(16), threshold, scale_x, scale_y, proposals);
  return proposals;
}

// One face in the cell of column 2, row 1.
Maps OneFace() {
  Maps maps;
  const std::size_t cell = 5;
  maps.faces[cell] = 0.81F;
  maps.objects[cell] = 1.0F;
  maps.boxes[cell] = 0.5F;                 // middle: 2.5 cells, 40 px
  maps.boxes[6 + cell] = -0.25F;           // 0.75 cells, 12 px
  maps.boxes[12 + cell] = std::log(2.0F);  // 32 px wide
  maps.boxes[18 + cell] = std::log(3.0F);  // 48 px high
  maps.landmarks[0 * 6 + cell] = -1;       // left eye: x of 1 cell
  maps.landmarks[1 * 6 + cell] = 0.5F;     // y of 1.5 cells
  maps.landmarks[9 * 6 + cell] = 1;        // right corner of the mouth: y of 2 cells
  return maps;
}

TEST(YunetGrid, BoxAndLandmarksLieWhereTheCellSays) {
  const auto found = Decode(OneFace(), 0.7F);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FLOAT_EQ(found[0].score, 0.9F);
  EXPECT_NEAR(found[0].box.x1, 24, 1e-4);
  EXPECT_NEAR(found[0].box.x2, 56, 1e-4);
  EXPECT_NEAR(found[0].box.y1, -12, 1e-4);
  EXPECT_NEAR(found[0].box.y2, 36, 1e-4);
  EXPECT_EQ(found[0].landmarks[0], (Point{16, 24}));
  EXPECT_EQ(found[0].landmarks[1], (Point{32, 16}));
  EXPECT_EQ(found[0].landmarks[4], (Point{32, 32}));
}

TEST(YunetGrid, ScalesBringItToFramePixels) {
  const auto found = Decode(OneFace(), 0.7F, 2.5F, 2);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].box.x1, 60, 1e-3);
  EXPECT_NEAR(found[0].box.y2, 72, 1e-3);
  EXPECT_EQ(found[0].landmarks[0], (Point{40, 48}));
}

TEST(YunetGrid, BothScoresCountAndAreHeldToOne) {
  Maps maps = OneFace();
  maps.objects[5] = 0.25F;
  EXPECT_THAT(Decode(maps, 0.7F), IsEmpty());
  EXPECT_THAT(Decode(maps, 0.45F), SizeIs(1));
  maps.faces[5] = 7;
  maps.objects[5] = 3;
  EXPECT_FLOAT_EQ(Decode(maps, 0.7F).at(0).score, 1);
}

TEST(YunetGrid, WhatIsNoNumberIsNoFace) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Maps maps = OneFace();
  maps.boxes[12 + 5] = 1000;
  EXPECT_THAT(Decode(maps, 0.7F), IsEmpty()) << "a box without end";
  maps = OneFace();
  maps.landmarks[20] = maps.landmarks[5 + 6 * 4] = kNan;
  EXPECT_THAT(Decode(maps, 0.7F), IsEmpty()) << "a landmark that is no number";
  maps = OneFace();
  maps.faces[5] = kNan;
  EXPECT_THAT(Decode(maps, 0), SizeIs(5)) << "a score that is no number";
}

TEST(YunetLevels, SmallestFaceDecidesTheSize) {
  EXPECT_THAT(MakeYunetLevels(1920, 1080, 40), ElementsAre(YunetLevel{768, 432, 768, 448}));
  EXPECT_THAT(MakeYunetLevels(250, 250, 12), ElementsAre(YunetLevel{250, 250, 256, 256}));
  EXPECT_THAT(MakeYunetLevels(1, 1, 400), ElementsAre(YunetLevel{1, 1, 32, 32}));
}

TEST(YunetLevels, AHugePictureIsNotLookedAtInFull) {
  const int smallest = SmallestYunetFacePx(8192, 6104, 12, 1.5e6);
  const YunetLevel largest = MakeYunetLevels(8192, 6104, smallest).front();
  EXPECT_LE(largest.width * largest.height, 1'500'000);
  EXPECT_EQ(SmallestYunetFacePx(8192, 6104, 12, 0), 12);
  EXPECT_EQ(SmallestYunetFacePx(640, 480, 40, 1.5e6), 40);
}

TEST(YunetLevels, AStripsPaddingCountsToo) {
  const int smallest = SmallestYunetFacePx(1'250'000, 40, 12, 1.5e6);
  const YunetLevel largest = MakeYunetLevels(1'250'000, 40, smallest).front();
  EXPECT_LE(largest.padded_width * largest.padded_height, 1'510'000);
  EXPECT_EQ(SmallestYunetFacePx(40, 1'250'000, 12, 1.5e6), smallest);
}

TEST(YunetLevels, LargePicturesAreLookedAtAgainSmaller) {
  EXPECT_THAT(MakeYunetLevels(4000, 3000, 16),
              ElementsAre(YunetLevel{4000, 3000, 4000, 3008}, YunetLevel{1000, 750, 1024, 768},
                          YunetLevel{250, 188, 256, 192}));
}

RC_GTEST_PROP(YunetLevels, CoverThePictureInWholeCells, ()) {
  const int width = *rc::gen::inRange(1, 8000);
  const int height = *rc::gen::inRange(1, 8000);
  for (const YunetLevel& level : MakeYunetLevels(width, height, *rc::gen::inRange(1, 500))) {
    RC_ASSERT(level.width >= 1 && level.width <= width);
    RC_ASSERT(level.padded_width % kYunetStrideMax == 0);
    RC_ASSERT(level.padded_height - level.height >= 0);
    RC_ASSERT(level.padded_height - level.height < kYunetStrideMax);
  }
}

}  // namespace
}  // namespace vigil::vision
