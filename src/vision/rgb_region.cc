// Row by row, with the chroma of a pixel pair read once a pixel: regions are small.
#include "vision/rgb_region.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "vision/yuv.h"

namespace vigil::vision {
namespace {

std::uint8_t Round8(float value) {
  return static_cast<std::uint8_t>(std::min(255.0F, std::max(0.0F, value)) + 0.5F);
}

const std::uint8_t* RowOf(const Plane& plane, int row) {
  return plane.data + static_cast<std::ptrdiff_t>(row) * plane.stride_bytes;
}

}  // namespace

RgbImage RgbOfRegion(const Frame& frame, const PixelRect& region) {
  VIGIL_CHECK(region.Width() > 0 && region.Height() > 0);
  VIGIL_CHECK(region.x1 >= 0 && region.y1 >= 0 && region.x2 <= frame.width &&
              region.y2 <= frame.height);
  RgbImage image{region.Width(), region.Height(), {}};
  image.pixels.resize(static_cast<std::size_t>(image.width) *
                      static_cast<std::size_t>(image.height) * 3);
  const YuvCoefficients yuv = CoefficientsOf(frame.color);
  for (int y = region.y1; y < region.y2; ++y) {
    std::uint8_t* out = image.Row(y - region.y1);
    if (frame.format == PixelFormat::kRgb24) {
      std::copy_n(RowOf(frame.planes[0], y) + static_cast<std::ptrdiff_t>(region.x1) * 3,
                  static_cast<std::size_t>(image.width) * 3, out);
      continue;
    }
    const bool interleaved = frame.format == PixelFormat::kNv12;
    const std::uint8_t* luma_row = RowOf(frame.planes[0], y);
    const std::uint8_t* u_row = RowOf(frame.planes[1], y / 2);
    const std::uint8_t* v_row = interleaved ? u_row + 1 : RowOf(frame.planes[2], y / 2);
    const std::ptrdiff_t step = interleaved ? 2 : 1;
    for (int x = region.x1; x < region.x2; ++x, out += 3) {
      const float luma = (static_cast<float>(luma_row[x]) - yuv.luma_offset) * yuv.luma_scale;
      const std::ptrdiff_t pair = x / 2 * step;
      const float u = static_cast<float>(u_row[pair]) - 128.0F;
      const float v = static_cast<float>(v_row[pair]) - 128.0F;
      out[0] = Round8(luma + yuv.red_v * v);
      out[1] = Round8(luma + yuv.green_u * u + yuv.green_v * v);
      out[2] = Round8(luma + yuv.blue_u * u);
    }
  }
  return image;
}

}  // namespace vigil::vision
