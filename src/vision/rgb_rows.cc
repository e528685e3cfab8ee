// Plain loops over contiguous columns, which compilers turn into SIMD.
#include "vision/rgb_rows.h"

#include <algorithm>
#include <type_traits>

#include "vision/simd.h"

namespace vigil::vision {
namespace {

constexpr int kRowsAhead = 8;

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

// Two equal 16-bit values, written as one.
using Pair [[gnu::may_alias]] = std::uint32_t;

constexpr Pair Twice(int value) {
  return static_cast<Pair>(static_cast<std::uint16_t>(value)) * 0x10001U;
}

// Calls work(first, size) for all of [0, count) in blocks whose size the compiler knows. The last
// block goes back over columns that are done: they come out the same again. Narrow crops would
// otherwise spend their time in the ends of loops.
template <class Work>
inline __attribute__((always_inline)) void InBlocks(std::size_t count, const Work& work) {
  using std::integral_constant;
  std::size_t i = 0;
  if (count >= 32) {
    for (; i + 32 <= count; i += 32) work(i, integral_constant<std::size_t, 32>());
    if (i < count) work(count - 32, integral_constant<std::size_t, 32>());
    return;
  }
  if (count >= 16) {
    work(i, integral_constant<std::size_t, 16>());
    work(count - 16, integral_constant<std::size_t, 16>());
    return;
  }
  for (; i < count; ++i) work(i, integral_constant<std::size_t, 1>());
}

VIGIL_SIMD_CLONES
void SpreadChroma(const std::uint8_t* __restrict u_row, const std::uint8_t* __restrict v_row,
                  std::size_t count, const Coefficients& by, Pair* __restrict red,
                  Pair* __restrict green, Pair* __restrict blue) {
  const int red_v = by.red_v;
  const int green_u = by.green_u;
  const int green_v = by.green_v;
  const int blue_u = by.blue_u;
  InBlocks(count, [&](std::size_t first, auto size) __attribute__((always_inline)) {
    for (std::size_t i = first; i < first + size; ++i) {
      const int u = (u_row[i] - 128) * 8;
      const int v = (v_row[i] - 128) * 8;
      red[i] = Twice((v * red_v) >> 16);
      green[i] = Twice(((u * green_u) >> 16) + ((v * green_v) >> 16));
      blue[i] = Twice((u * blue_u) >> 16);
    }
  });
}

template <class Sum>
inline __attribute__((always_inline)) void AddYuvLoop(const std::uint8_t* __restrict luma_row,
                                                      const std::int16_t* __restrict chroma,
                                                      std::size_t chroma_pitch, std::size_t count,
                                                      const Coefficients& by,
                                                      const Sum* __restrict before,
                                                      Sum* __restrict after, std::size_t pitch) {
  const std::int16_t luma_factor = by.luma;
  const std::int16_t luma_offset = by.luma_offset;
  InBlocks(count, [&](std::size_t first, auto size) __attribute__((always_inline)) {
    std::int16_t luma[size];
    for (std::size_t i = 0; i < size; ++i) {
      luma[i] = HighProduct(static_cast<std::int16_t>(luma_row[first + i] * 8 - luma_offset),
                            luma_factor);
    }
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const std::int16_t* add = chroma + channel * chroma_pitch + first;
      const Sum* from = before + channel * pitch + first;
      Sum* to = after + channel * pitch + first;
      for (std::size_t i = 0; i < size; ++i) {
        const auto level = static_cast<std::int16_t>(luma[i] + add[i]);
        const auto clipped = std::min<std::int16_t>(255, std::max<std::int16_t>(0, level));
        to[i] = static_cast<Sum>(from[i] + static_cast<Sum>(clipped));
      }
    }
  });
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

// The rows of a crop lie too far apart for the processor to guess the next one.
void FetchAhead(const std::uint8_t* row, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes + 64; i += 64) __builtin_prefetch(row + i);
}

const std::uint8_t* RowOf(const Plane& plane, int row) {
  return plane.data + static_cast<std::ptrdiff_t>(row) * plane.stride_bytes;
}

}  // namespace

void RgbRows::Begin(const Frame& frame, int x1, int x2) {
  frame_.planes = frame.planes;
  frame_.format = frame.format;
  frame_.color = frame.color;
  height_ = frame.height;
  x1_ = x1;
  width_ = static_cast<std::size_t>(x2 - x1);
  chroma_row_ = -1;
  chroma_pitch_ = (width_ + 3) / 2 * 2;  // whole pairs
  chroma_.resize(3 * chroma_pitch_);
}

void RgbRows::ReadChroma(int chroma_row) {
  if (chroma_row == chroma_row_) return;
  chroma_row_ = chroma_row;
  const int ahead = chroma_row + kRowsAhead / 2;
  const int first = x1_ / 2;
  const std::size_t count = (static_cast<std::size_t>(x1_ % 2) + width_ + 1) / 2;
  const std::uint8_t* u_row = RowOf(frame_.planes[1], chroma_row);
  const bool more = ahead < (height_ + 1) / 2;
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
    if (more) FetchAhead(RowOf(frame_.planes[1], ahead) + std::ptrdiff_t{2} * first, 2 * count);
  } else {
    u_row += first;
    v_row = RowOf(frame_.planes[2], chroma_row) + first;
    if (more) {
      FetchAhead(RowOf(frame_.planes[1], ahead) + first, count);
      FetchAhead(RowOf(frame_.planes[2], ahead) + first, count);
    }
  }
  const auto pairs_at = [this](std::size_t part) {
    return reinterpret_cast<Pair*>(chroma_.data() + part * chroma_pitch_);
  };
  SpreadChroma(u_row, v_row, count, CoefficientsFor(frame_.color), pairs_at(0), pairs_at(1),
               pairs_at(2));
}

template <class Sum>
void RgbRows::AddRow(int y, const Sum* before, Sum* after, std::size_t pitch) {
  const std::uint8_t* row = RowOf(frame_.planes[0], y);
  if (frame_.format == PixelFormat::kRgb24) {
    AddPacked(row + static_cast<std::ptrdiff_t>(x1_) * 3, width_, before, after, pitch);
    return;
  }
  if (y + kRowsAhead < height_) {
    FetchAhead(row + x1_ + std::ptrdiff_t{kRowsAhead} * frame_.planes[0].stride_bytes, width_);
  }
  ReadChroma(y / 2);
  AddYuv(row + x1_, chroma_.data() + x1_ % 2, chroma_pitch_, width_, CoefficientsFor(frame_.color),
         before, after, pitch);
}

template void RgbRows::AddRow(int, const std::uint16_t*, std::uint16_t*, std::size_t);
template void RgbRows::AddRow(int, const std::uint32_t*, std::uint32_t*, std::size_t);

}  // namespace vigil::vision
