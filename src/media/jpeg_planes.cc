// Averages, then re-expresses colours: both in whole numbers, row by row.
#include "media/jpeg_planes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "core/color.h"

namespace vigil::media {
namespace {

// One sample plane inside a frame: `step` is 2 in the interleaved chroma of NV12.
struct Samples {
  Plane plane;
  int step = 1;
  int width = 0;
  int height = 0;
};

const std::uint8_t* Row(const Samples& samples, int y) {
  return samples.plane.data + static_cast<std::ptrdiff_t>(y) * samples.plane.stride_bytes;
}

Samples SamplesOf(const Frame& frame, std::size_t channel) {
  if (channel == 0) return {frame.planes[0], 1, frame.width, frame.height};
  const int width = (frame.width + 1) / 2;
  const int height = (frame.height + 1) / 2;
  if (frame.format == PixelFormat::kI420) return {frame.planes[channel], 1, width, height};
  Plane chroma = frame.planes[1];
  chroma.data += channel - 1;
  return {chroma, 2, width, height};
}

// First source sample of target sample `at` of `count`.
int Begin(int at, int count, int source_count) {
  return static_cast<int>(static_cast<std::int64_t>(at) * source_count / count);
}

std::vector<std::uint8_t> Copy(const Samples& source) {
  std::vector<std::uint8_t> target;
  target.reserve(static_cast<std::size_t>(source.width) * static_cast<std::size_t>(source.height));
  for (int y = 0; y < source.height; ++y) {
    const std::uint8_t* row = Row(source, y);
    if (source.step == 1) {
      target.insert(target.end(), row, row + source.width);
      continue;
    }
    for (int x = 0; x < source.width; ++x)
      target.push_back(row[static_cast<std::ptrdiff_t>(x) * source.step]);
  }
  return target;
}

std::vector<std::uint8_t> Shrink(const Samples& source, int width, int height) {
  if (width == source.width && height == source.height) return Copy(source);
  std::vector<std::uint8_t> target(static_cast<std::size_t>(width) *
                                   static_cast<std::size_t>(height));
  std::vector<std::uint32_t> column_sums(static_cast<std::size_t>(source.width));
  for (int y = 0; y < height; ++y) {
    const int top = Begin(y, height, source.height);
    const int bottom = std::max(top + 1, Begin(y + 1, height, source.height));
    std::fill(column_sums.begin(), column_sums.end(), 0U);
    for (int from_y = top; from_y < bottom; ++from_y) {
      const std::uint8_t* row = Row(source, from_y);
      for (std::size_t x = 0; x < column_sums.size(); ++x) {
        column_sums[x] += row[x * static_cast<std::size_t>(source.step)];
      }
    }
    for (int x = 0; x < width; ++x) {
      const int left = Begin(x, width, source.width);
      const int right = std::max(left + 1, Begin(x + 1, width, source.width));
      std::uint32_t sum = 0;
      for (int from_x = left; from_x < right; ++from_x)
        sum += column_sums[static_cast<std::size_t>(from_x)];
      const auto count = static_cast<std::uint32_t>((right - left) * (bottom - top));
      target[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
             static_cast<std::size_t>(x)] = static_cast<std::uint8_t>((sum + count / 2) / count);
    }
  }
  return target;
}

// (Y, Cb, Cr) of JPEG as a linear map of (Y - black, Cb - 128, Cr - 128) of the frame, in 1/65536.
struct ColorMap {
  int black = 0;
  int luma = 0, luma_from_cb = 0, luma_from_cr = 0;
  int cb = 0, cb_from_cr = 0;
  int cr = 0, cr_from_cb = 0;
};

int Fixed(double value) { return static_cast<int>(std::lround(value * 65536.0)); }

// By way of RGB, with Kr and Kb of ITU-R BT.601 and BT.709. R and B are luma plus a share of Cr and
// Cb alone, and both standards agree on grey, so Y passes unchanged and chroma does not depend on
// it.
ColorMap MapOf(ColorSpace color) {
  const double luma_scale = color.full_range ? 1.0 : 255.0 / 219.0;
  const double chroma_scale = color.full_range ? 1.0 : 255.0 / 224.0;
  const auto [kr, kb] = LumaSharesOf(color);
  // JPEG's own colours are those of BT.601.
  const auto [jpeg_kr, jpeg_kb] = LumaSharesOf({.bt709 = false, .full_range = true});
  const double red_cr = 2 * (1 - kr);
  const double blue_cb = 2 * (1 - kb);
  const double green_cr = -kr * red_cr / (1 - kr - kb);
  const double green_cb = -kb * blue_cb / (1 - kr - kb);
  const double jpeg_kg = 1 - jpeg_kr - jpeg_kb;
  const double luma_cb = jpeg_kg * green_cb + jpeg_kb * blue_cb;
  const double luma_cr = jpeg_kg * green_cr + jpeg_kr * red_cr;
  return {color.full_range ? 0 : 16,
          Fixed(luma_scale),
          Fixed(luma_cb * chroma_scale),
          Fixed(luma_cr * chroma_scale),
          Fixed((blue_cb - luma_cb) / 1.772 * chroma_scale),
          Fixed(-luma_cr / 1.772 * chroma_scale),
          Fixed((red_cr - luma_cr) / 1.402 * chroma_scale),
          Fixed(-luma_cb / 1.402 * chroma_scale)};
}

std::uint8_t Rounded(int value, int zero) {
  return static_cast<std::uint8_t>(std::clamp(((value + 32768) >> 16) + zero, 0, 255));
}

// In place; each chroma sample serves its 2x2 block of luma.
void Recolor(JpegPlanes& picture, const ColorMap& map) {
  const auto width = static_cast<std::size_t>(picture.width);
  const auto chroma_width = static_cast<std::size_t>(picture.ChromaWidth());
  for (int y = 0; y < picture.height; ++y) {
    std::uint8_t* luma = picture.planes[0].data() + static_cast<std::size_t>(y) * width;
    const std::size_t chroma_row = static_cast<std::size_t>(y / 2) * chroma_width;
    const std::uint8_t* cb = picture.planes[1].data() + chroma_row;
    const std::uint8_t* cr = picture.planes[2].data() + chroma_row;
    for (std::size_t x = 0; x < width; ++x) {
      luma[x] = Rounded(map.luma * (luma[x] - map.black) + map.luma_from_cb * (cb[x / 2] - 128) +
                            map.luma_from_cr * (cr[x / 2] - 128),
                        0);
    }
  }
  for (std::size_t i = 0; i < picture.planes[1].size(); ++i) {
    const int cb = picture.planes[1][i] - 128;
    const int cr = picture.planes[2][i] - 128;
    picture.planes[1][i] = Rounded(map.cb * cb + map.cb_from_cr * cr, 128);
    picture.planes[2][i] = Rounded(map.cr * cr + map.cr_from_cb * cb, 128);
  }
}

void PadLuma(JpegPlanes& picture) {
  const auto width = static_cast<std::size_t>(picture.width);
  const auto padded = static_cast<std::size_t>(picture.LumaStride());
  if (width != padded) {
    std::vector<std::uint8_t> wider;
    wider.reserve(padded * static_cast<std::size_t>(picture.height + 1));
    for (std::size_t at = 0; at < picture.planes[0].size(); at += width) {
      const auto row = picture.planes[0].begin() + static_cast<std::ptrdiff_t>(at);
      wider.insert(wider.end(), row, row + picture.width);
      wider.push_back(wider.back());
    }
    picture.planes[0] = std::move(wider);
  }
  if (picture.height % 2 != 0) {
    const std::vector<std::uint8_t> last(picture.planes[0].end() - picture.LumaStride(),
                                         picture.planes[0].end());
    picture.planes[0].insert(picture.planes[0].end(), last.begin(), last.end());
  }
}

}  // namespace

JpegPlanes ToJpegPlanes(const Frame& frame, int width_max) {
  VIGIL_CHECK(frame.format != PixelFormat::kRgb24 && frame.width > 0 && frame.height > 0);
  JpegPlanes picture{frame.width, frame.height, {}};
  if (width_max > 0 && width_max < frame.width) {
    picture.width = width_max;
    picture.height =
        std::max(1, static_cast<int>(std::int64_t{frame.height} * width_max / frame.width));
  }
  picture.planes[0] = Shrink(SamplesOf(frame, 0), picture.width, picture.height);
  for (std::size_t channel = 1; channel < 3; ++channel) {
    picture.planes[channel] =
        Shrink(SamplesOf(frame, channel), picture.ChromaWidth(), picture.ChromaHeight());
  }
  if (frame.color.bt709 || !frame.color.full_range) Recolor(picture, MapOf(frame.color));
  PadLuma(picture);
  return picture;
}

}  // namespace vigil::media
