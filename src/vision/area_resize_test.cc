// Averaging from planes must equal averaging the picture that FFmpeg makes of them.
#include "vision/area_resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "test_frames.h"

namespace vigil::vision {
namespace {

// One pixel as swscale converts it on x86, written out from its constants (BT.601 and BT.709,
// limited and full range).
std::array<int, 3> PixelByDefinition(const Frame& frame, int x, int y) {
  const auto at = [](const Plane& plane, int column, int row) {
    return static_cast<int>(
        plane.data[static_cast<std::ptrdiff_t>(row) * plane.stride_bytes + column]);
  };
  if (frame.format == PixelFormat::kRgb24) {
    return {at(frame.planes[0], 3 * x, y), at(frame.planes[0], 3 * x + 1, y),
            at(frame.planes[0], 3 * x + 2, y)};
  }
  const bool nv12 = frame.format == PixelFormat::kNv12;
  const int u =
      8 * (nv12 ? at(frame.planes[1], x / 2 * 2, y / 2) : at(frame.planes[1], x / 2, y / 2)) - 1024;
  const int v =
      8 * (nv12 ? at(frame.planes[1], x / 2 * 2 + 1, y / 2) : at(frame.planes[2], x / 2, y / 2)) -
      1024;
  // Luma, red from V, blue from U, green from V, green from U.
  std::array<int, 5> by{};
  if (frame.color.full_range) {
    by = frame.color.bt709 ? std::array{8192, 12901, 15201, -3835, -1534}
                           : std::array{8192, 11485, 14516, -5850, -2819};
  } else {
    by = frame.color.bt709 ? std::array{9539, 14686, 17305, -4366, -1747}
                           : std::array{9539, 13075, 16525, -6660, -3209};
  }
  const int luma =
      ((8 * at(frame.planes[0], x, y) - (frame.color.full_range ? 0 : 128)) * by[0]) >> 16;
  const auto clip = [](int level) { return std::clamp(level, 0, 255); };
  return {clip(luma + ((v * by[1]) >> 16)), clip(luma + ((u * by[4]) >> 16) + ((v * by[3]) >> 16)),
          clip(luma + ((u * by[2]) >> 16))};
}

// The definition, pixel by pixel.
std::vector<float> AverageByDefinition(const Frame& frame, const PixelRect& region, int width,
                                       int height) {
  std::vector<float> planes;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (int row = 0; row < height; ++row) {
      const int y1 = region.y1 + row * region.Height() / height;
      const int y2 = region.y1 + ((row + 1) * region.Height() + height - 1) / height;
      for (int column = 0; column < width; ++column) {
        const int x1 = region.x1 + column * region.Width() / width;
        const int x2 = region.x1 + ((column + 1) * region.Width() + width - 1) / width;
        double sum = 0;
        for (int y = y1; y < y2; ++y) {
          for (int x = x1; x < x2; ++x) sum += PixelByDefinition(frame, x, y)[channel];
        }
        planes.push_back(static_cast<float>((sum / ((y2 - y1) * (x2 - x1)) - 127.5) * 0.0078125));
      }
    }
  }
  return planes;
}

float LargestDifference(const Frame& frame, const PixelRect& region, int width, int height) {
  std::vector<float> planes(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height),
                            99.0F);
  AreaResizer resizer;
  resizer.Resize(frame, region, width, height, planes);
  const std::vector<float> expected = AverageByDefinition(frame, region, width, height);
  float largest = 0;
  for (std::size_t i = 0; i < planes.size(); ++i)
    largest = std::max(largest, std::abs(planes[i] - expected[i]));
  return largest;
}

constexpr float kExact = 1e-5F;

struct Case {
  PixelRect region;
  int width;
  int height;
};

const Case kCases[] = {
    {{0, 0, 101, 67}, 31, 21}, {{0, 0, 101, 67}, 101, 67},  {{3, 5, 70, 60}, 24, 24},
    {{4, 6, 71, 61}, 24, 24},  {{90, 50, 101, 67}, 24, 24}, {{7, 9, 8, 10}, 12, 12},
    {{0, 0, 101, 67}, 1, 1},   {{1, 1, 100, 66}, 48, 48},
};

TEST(AreaResize, RgbEqualsTheDefinition) {
  const Frame frame = RgbTestFrame(101, 67, 1);
  for (const Case& at : kCases)
    EXPECT_LT(LargestDifference(frame, at.region, at.width, at.height), kExact);
}

TEST(AreaResize, PlanesEqualTheConvertedPicture) {
  for (const PixelFormat format : {PixelFormat::kI420, PixelFormat::kNv12}) {
    for (const ColorSpace color : {ColorSpace{false, false}, ColorSpace{true, false},
                                   ColorSpace{false, true}, ColorSpace{true, true}}) {
      const Frame frame = YuvTestFrame(101, 67, format, color, 2);
      for (const Case& at : kCases) {
        EXPECT_LT(LargestDifference(frame, at.region, at.width, at.height), kExact)
            << "region " << at.region.x1 << "," << at.region.y1 << " to " << at.width << "x"
            << at.height;
      }
    }
  }
}

TEST(AreaResize, ManyRowsDoNotOverflow) {
  const Frame frame = RgbTestFrame(40, 2000, 3);
  EXPECT_LT(LargestDifference(frame, {0, 0, 40, 2000}, 12, 3), kExact);
  const Frame planes = YuvTestFrame(40, 2000, PixelFormat::kI420, {}, 4);
  EXPECT_LT(LargestDifference(planes, {0, 0, 40, 2000}, 12, 3), kExact);
}

TEST(AreaResize, BrightestPixelsFillSixteenBits) {
  auto white = std::make_shared<RgbImage>(RgbImage{9, 257, {}});
  white->pixels.assign(9 * 257 * 3, 255);
  EXPECT_LT(LargestDifference(FrameOfImage(white), {0, 0, 9, 257}, 3, 1), kExact);
}

}  // namespace
}  // namespace vigil::vision
