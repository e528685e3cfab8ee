// Plain loops over contiguous columns, which compilers turn into SIMD.
#include "vision/rgb_rows.h"

#include <algorithm>
#include <array>

#include "vision/simd.h"

namespace vigil::vision {
namespace {

// swscale's coefficients (yuv2rgb.c, after ITU-R BT.601 and BT.709), as it rounds them for 16-bit
// products of eightfold samples.
struct Coefficients {
  std::int16_t luma_offset;
  std::int16_t luma;
  std::int16_t red_v;
  std::int16_t green_u;
  std::int16_t green_v;
  std::int16_t blue_u;
};

constexpr Coefficients MakeCoefficients(std::int64_t red_v, std::int64_t blue_u,
                                        std::int64_t green_u, std::int64_t green_v, bool full) {
  const auto round16 = [](std::int64_t value) {
    return static_cast<std::int16_t>((value + (1 << 15)) >> 16);
  };
  std::int64_t luma = 1 << 16;
  if (full) {
    red_v = red_v * 224 / 255;
    blue_u = blue_u * 224 / 255;
    green_u = green_u * 224 / 255;
    green_v = green_v * 224 / 255;
  } else {
    luma = luma * 255 / 219;
  }
  return {.luma_offset = static_cast<std::int16_t>(full ? 0 : 16 * 8),
          .luma = round16(luma * 8192),
          .red_v = round16(red_v * 8192),
          .green_u = round16(-green_u * 8192),
          .green_v = round16(-green_v * 8192),
          .blue_u = round16(blue_u * 8192)};
}

constexpr Coefficients CoefficientsFor(ColorSpace color) {
  return color.bt709 ? MakeCoefficients(117489, 138438, 13975, 34925, color.full_range)
                     : MakeCoefficients(104597, 132201, 25675, 53279, color.full_range);
}

constexpr std::int16_t HighProduct(std::int16_t a, std::int16_t b) {
  return static_cast<std::int16_t>((a * b) >> 16);
}

VIGIL_SIMD_CLONES
void SpreadChroma(const std::uint8_t* u_row, const std::uint8_t* v_row, std::size_t count,
                  const Coefficients& by, std::int16_t* out, std::size_t pitch) {
  std::int16_t* red = out;
  std::int16_t* green = out + pitch;
  std::int16_t* blue = out + 2 * pitch;
  for (std::size_t i = 0; i < count; ++i) {
    const auto u = static_cast<std::int16_t>((u_row[i] - 128) * 8);
    const auto v = static_cast<std::int16_t>((v_row[i] - 128) * 8);
    const std::int16_t r = HighProduct(v, by.red_v);
    const auto g =
        static_cast<std::int16_t>(HighProduct(u, by.green_u) + HighProduct(v, by.green_v));
    const std::int16_t b = HighProduct(u, by.blue_u);
    red[2 * i] = r;
    red[2 * i + 1] = r;
    green[2 * i] = g;
    green[2 * i + 1] = g;
    blue[2 * i] = b;
    blue[2 * i + 1] = b;
  }
}

template <class Sum>
inline __attribute__((always_inline)) void AddYuvLoop(const std::uint8_t* luma_row,
                                                      const std::int16_t* chroma,
                                                      std::size_t chroma_pitch, std::size_t count,
                                                      const Coefficients& by, const Sum* before,
                                                      Sum* after, std::size_t pitch) {
  const std::int16_t luma_factor = by.luma;
  const std::int16_t luma_offset = by.luma_offset;
  const auto clip = [](int level) {
    return static_cast<std::int16_t>(std::min(255, std::max(0, level)));
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::int16_t luma =
        HighProduct(static_cast<std::int16_t>(luma_row[i] * 8 - luma_offset), luma_factor);
    const auto red = clip(static_cast<std::int16_t>(luma + chroma[i]));
    const auto green = clip(static_cast<std::int16_t>(luma + chroma[chroma_pitch + i]));
    const auto blue = clip(static_cast<std::int16_t>(luma + chroma[2 * chroma_pitch + i]));
    after[i] = static_cast<Sum>(before[i] + static_cast<Sum>(red));
    after[pitch + i] = static_cast<Sum>(before[pitch + i] + static_cast<Sum>(green));
    after[2 * pitch + i] = static_cast<Sum>(before[2 * pitch + i] + static_cast<Sum>(blue));
  }
}

// Overloads instead of one template: clones cannot be templates.
VIGIL_SIMD_CLONES
void AddYuv(const std::uint8_t* luma_row, const std::int16_t* chroma, std::size_t chroma_pitch,
            std::size_t count, const Coefficients& by, const std::uint16_t* __restrict before,
            std::uint16_t* __restrict after, std::size_t pitch) {
  AddYuvLoop(luma_row, chroma, chroma_pitch, count, by, before, after, pitch);
}

VIGIL_SIMD_CLONES
void AddYuv(const std::uint8_t* luma_row, const std::int16_t* chroma, std::size_t chroma_pitch,
            std::size_t count, const Coefficients& by, const std::uint32_t* __restrict before,
            std::uint32_t* __restrict after, std::size_t pitch) {
  AddYuvLoop(luma_row, chroma, chroma_pitch, count, by, before, after, pitch);
}

template <class Sum>
void AddPacked(const std::uint8_t* row, std::size_t count, const Sum* before, Sum* after,
               std::size_t pitch) {
  for (std::size_t i = 0; i < count; ++i) {
    after[i] = static_cast<Sum>(before[i] + row[3 * i]);
    after[pitch + i] = static_cast<Sum>(before[pitch + i] + row[3 * i + 1]);
    after[2 * pitch + i] = static_cast<Sum>(before[2 * pitch + i] + row[3 * i + 2]);
  }
}

const std::uint8_t* RowOf(const Plane& plane, int row) {
  return plane.data + static_cast<std::ptrdiff_t>(row) * plane.stride_bytes;
}

}  // namespace

void RgbRows::Begin(const Frame& frame, int x1, int x2) {
  frame_.planes = frame.planes;
  frame_.format = frame.format;
  frame_.color = frame.color;
  x1_ = x1;
  width_ = static_cast<std::size_t>(x2 - x1);
  chroma_row_ = -1;
  chroma_pitch_ = width_ + 2;
  chroma_.resize(3 * chroma_pitch_);
}

void RgbRows::ReadChroma(int chroma_row) {
  if (chroma_row == chroma_row_) return;
  chroma_row_ = chroma_row;
  const int first = x1_ / 2;
  const std::size_t count = (static_cast<std::size_t>(x1_ % 2) + width_ + 1) / 2;
  const std::uint8_t* u_row = RowOf(frame_.planes[1], chroma_row);
  const std::uint8_t* v_row = nullptr;
  if (frame_.format == PixelFormat::kNv12) {
    unmixed_.resize(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = 2 * (static_cast<std::size_t>(first) + i);
      unmixed_[i] = u_row[at];
      unmixed_[count + i] = u_row[at + 1];
    }
    u_row = unmixed_.data();
    v_row = unmixed_.data() + count;
  } else {
    u_row += first;
    v_row = RowOf(frame_.planes[2], chroma_row) + first;
  }
  SpreadChroma(u_row, v_row, count, CoefficientsFor(frame_.color), chroma_.data(), chroma_pitch_);
}

template <class Sum>
void RgbRows::AddRow(int y, const Sum* before, Sum* after, std::size_t pitch) {
  const std::uint8_t* row = RowOf(frame_.planes[0], y);
  if (frame_.format == PixelFormat::kRgb24) {
    AddPacked(row + static_cast<std::ptrdiff_t>(x1_) * 3, width_, before, after, pitch);
    return;
  }
  ReadChroma(y / 2);
  AddYuv(row + x1_, chroma_.data() + x1_ % 2, chroma_pitch_, width_, CoefficientsFor(frame_.color),
         before, after, pitch);
}

template void RgbRows::AddRow(int, const std::uint16_t*, std::uint16_t*, std::size_t);
template void RgbRows::AddRow(int, const std::uint32_t*, std::uint32_t*, std::size_t);

}  // namespace vigil::vision
