// A region converts as the whole frame does.
#include "vision/rgb_region.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "test_frames.h"

namespace vigil::vision {
namespace {

int LargestDifference(const Frame& frame, const PixelRect& region) {
  const RgbImage whole = ToRgb(frame);
  const RgbImage part = RgbOfRegion(frame, region);
  EXPECT_EQ(part.width, region.Width());
  EXPECT_EQ(part.height, region.Height());
  int largest = 0;
  for (int y = 0; y < part.height; ++y) {
    for (int i = 0; i < part.width * 3; ++i) {
      largest =
          std::max(largest, std::abs(part.Row(y)[i] - whole.Row(region.y1 + y)[region.x1 * 3 + i]));
    }
  }
  return largest;
}

TEST(RgbRegion, RgbIsCopied) {
  EXPECT_EQ(LargestDifference(RgbTestFrame(33, 21, 5), {7, 3, 30, 21}), 0);
}

TEST(RgbRegion, PlanesConvertAsInTheWholeFrame) {
  for (const PixelFormat format : {PixelFormat::kI420, PixelFormat::kNv12}) {
    for (const ColorSpace color :
         {ColorSpace{false, false}, ColorSpace{true, false}, ColorSpace{false, true}}) {
      const Frame frame = YuvTestFrame(33, 21, format, color, 6);
      EXPECT_LE(LargestDifference(frame, {0, 0, 33, 21}), 1);
      EXPECT_LE(LargestDifference(frame, {7, 3, 32, 20}), 1);
      EXPECT_LE(LargestDifference(frame, {32, 20, 33, 21}), 1);
    }
  }
}

}  // namespace
}  // namespace vigil::vision
