// Column sums over the rows of an output pixel come first: they run over contiguous bytes, which
// compilers turn into SIMD.
#include "vision/area_resize.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "vision/yuv.h"

namespace vigil::vision {
namespace {

// One copy of a loop per instruction set, chosen when the program starts. Sanitizers cannot
// instrument such functions.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define VIGIL_SIMD_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define VIGIL_SIMD_CLONES
#endif

constexpr int kRows16Max = 257;  // 257 * 255 still fits 16 bits

VIGIL_SIMD_CLONES
void AddRow16(std::uint16_t* sums, const std::uint8_t* row, std::size_t count, int weight) {
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] = static_cast<std::uint16_t>(sums[i] + row[i] * weight);
  }
}

VIGIL_SIMD_CLONES
void AddThreeRows16(std::uint16_t* sums, const std::uint8_t* first, std::ptrdiff_t stride,
                    std::size_t count) {
  const std::uint8_t* second = first + stride;
  const std::uint8_t* third = second + stride;
  for (std::size_t i = 0; i < count; ++i) {
    sums[i] = static_cast<std::uint16_t>(sums[i] + first[i] + second[i] + third[i]);
  }
}

VIGIL_SIMD_CLONES
void AddRow32(std::uint32_t* sums, const std::uint8_t* row, std::size_t count,
              std::uint32_t weight) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += row[i] * weight;
}

VIGIL_SIMD_CLONES
void StoreNetworkRow(const float* red, const float* green, const float* blue, std::size_t count,
                     std::size_t plane_size, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = (red[i] - 127.5F) * 0.0078125F;
    out[plane_size + i] = (green[i] - 127.5F) * 0.0078125F;
    out[2 * plane_size + i] = (blue[i] - 127.5F) * 0.0078125F;
  }
}

VIGIL_SIMD_CLONES
void RowToRgb(float* first, float* second, float* third, std::size_t count,
              const YuvCoefficients& yuv) {
  for (std::size_t i = 0; i < count; ++i) {
    const float luma = (first[i] - yuv.luma_offset) * yuv.luma_scale;
    const float u = second[i] - 128.0F;
    const float v = third[i] - 128.0F;
    first[i] = std::min(255.0F, std::max(0.0F, luma + yuv.red_v * v));
    second[i] = std::min(255.0F, std::max(0.0F, luma + yuv.green_u * u + yuv.green_v * v));
    third[i] = std::min(255.0F, std::max(0.0F, luma + yuv.blue_u * u));
  }
}

template <class Sum>
void PrefixSums(const Sum* sums, std::uint32_t* prefix, std::size_t columns, std::size_t channel,
                std::size_t channels) {
  std::uint32_t total = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    prefix[column] = total;
    total += sums[column * channels + channel];
  }
  prefix[columns] = total;
  prefix[columns + 1] = total;
}

std::int64_t FloorShare(std::int64_t i, std::int64_t in, std::int64_t out) { return i * in / out; }
std::int64_t CeilShare(std::int64_t i, std::int64_t in, std::int64_t out) {
  return (i * in + out - 1) / out;
}

}  // namespace

void AreaResizer::SetColumns(int from, int to, int width) {
  columns_.resize(static_cast<std::size_t>(width));
  for (int i = 0; i < width; ++i) {
    const auto begin = static_cast<std::uint32_t>(FloorShare(i, to - from, width));
    const auto end = static_cast<std::uint32_t>(CeilShare(i + 1, to - from, width));
    columns_[static_cast<std::size_t>(i)] = {begin, end, 1.0F / static_cast<float>(end - begin)};
  }
}

// Leaves the sums of `bytes` columns over rows [first_row, last_row) of the frame in sums16_ or,
// when they are many, sums32_. A halved plane holds one row for two of the frame.
void AreaResizer::SumRows(const Plane& plane, int first_byte, int bytes, int first_row,
                          int last_row, bool halved) {
  const auto count = static_cast<std::size_t>(bytes);
  const bool few = last_row - first_row <= kRows16Max;
  if (few) {
    sums16_.assign(count, 0);
  } else {
    sums32_.assign(count, 0);
  }
  const auto row_at = [&](int row) {
    return plane.data + static_cast<std::ptrdiff_t>(row) * plane.stride_bytes + first_byte;
  };
  for (int row = first_row; row < last_row;) {
    if (few && !halved && row + 3 <= last_row) {
      AddThreeRows16(sums16_.data(), row_at(row), plane.stride_bytes, count);
      row += 3;
      continue;
    }
    const int step = halved && row % 2 == 0 && row + 1 < last_row ? 2 : 1;
    const std::uint8_t* bytes_of_row = row_at(halved ? row / 2 : row);
    if (few) {
      AddRow16(sums16_.data(), bytes_of_row, count, step);
    } else {
      AddRow32(sums32_.data(), bytes_of_row, count, static_cast<std::uint32_t>(step));
    }
    row += step;
  }
  if (!few) sums16_.clear();
}

// prefix_[i] becomes the sum of `channel` over all columns before i; one entry more than needed
// repeats the total.
void AreaResizer::SumPrefixes(int channel, int channels, int columns) {
  const auto count = static_cast<std::size_t>(columns);
  prefix_.resize(count + 2);
  const auto first = static_cast<std::size_t>(channel);
  const auto step = static_cast<std::size_t>(channels);
  if (!sums16_.empty()) {
    PrefixSums(sums16_.data(), prefix_.data(), count, first, step);
  } else {
    PrefixSums(sums32_.data(), prefix_.data(), count, first, step);
  }
}

void AreaResizer::AverageFull(float inverse_rows, float* out) const {
  const std::uint32_t* prefix = prefix_.data();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Columns& at = columns_[i];
    out[i] =
        static_cast<float>(prefix[at.end] - prefix[at.begin]) * at.inverse_count * inverse_rows;
  }
}

// columns_ holds half columns of a halved plane, counted from an even one.
void AreaResizer::AverageHalved(float inverse_rows, float* out) const {
  const std::uint32_t* prefix = prefix_.data();
  const auto before = [prefix](std::uint32_t half_columns) {
    const std::uint32_t whole = prefix[half_columns / 2];
    const std::uint32_t next = prefix[half_columns / 2 + 1];
    return half_columns % 2 == 0 ? 2 * whole : whole + next;
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Columns& at = columns_[i];
    out[i] =
        static_cast<float>(before(at.end) - before(at.begin)) * at.inverse_count * inverse_rows;
  }
}

void AreaResizer::RowFromRgb(const Frame& frame, const PixelRect& region, int first_row,
                             int last_row) {
  const float inverse_rows = 1.0F / static_cast<float>(last_row - first_row);
  SumRows(frame.planes[0], region.x1 * 3, region.Width() * 3, first_row, last_row, false);
  for (int channel = 0; channel < 3; ++channel) {
    SumPrefixes(channel, 3, region.Width());
    AverageFull(inverse_rows, row_[static_cast<std::size_t>(channel)].data());
  }
}

void AreaResizer::RowFromYuv(const Frame& frame, const PixelRect& region, int first_row,
                             int last_row) {
  const float inverse_rows = 1.0F / static_cast<float>(last_row - first_row);
  SumRows(frame.planes[0], region.x1, region.Width(), first_row, last_row, false);
  SumPrefixes(0, 1, region.Width());
  AverageFull(inverse_rows, row_[0].data());

  const int chroma_first = region.x1 / 2;
  const int chroma_columns = (region.x2 + 1) / 2 - chroma_first;
  const auto odd_start = static_cast<std::uint32_t>(region.x1 % 2);
  for (Columns& at : columns_) {
    at.begin += odd_start;
    at.end += odd_start;
  }
  const bool interleaved = frame.format == PixelFormat::kNv12;
  const int channels = interleaved ? 2 : 1;
  for (int chroma = 0; chroma < 2; ++chroma) {
    if (chroma == 0 || !interleaved) {
      SumRows(frame.planes[1U + static_cast<std::size_t>(chroma)], chroma_first * channels,
              chroma_columns * channels, first_row, last_row, true);
    }
    SumPrefixes(interleaved ? chroma : 0, channels, chroma_columns);
    AverageHalved(inverse_rows, row_[1U + static_cast<std::size_t>(chroma)].data());
  }
  for (Columns& at : columns_) {
    at.begin -= odd_start;
    at.end -= odd_start;
  }
  RowToRgb(row_[0].data(), row_[1].data(), row_[2].data(), columns_.size(),
           CoefficientsOf(frame.color));
}

void AreaResizer::Resize(const Frame& frame, const PixelRect& region, int width, int height,
                         std::span<float> planes) {
  VIGIL_CHECK(width > 0 && height > 0);
  VIGIL_CHECK(region.Width() > 0 && region.Height() > 0);
  VIGIL_CHECK(region.x1 >= 0 && region.y1 >= 0 && region.x2 <= frame.width &&
              region.y2 <= frame.height);
  const auto row_size = static_cast<std::size_t>(width);
  const std::size_t plane_size = row_size * static_cast<std::size_t>(height);
  VIGIL_CHECK(planes.size() >= 3 * plane_size);

  SetColumns(region.x1, region.x2, width);
  for (auto& row : row_) row.resize(row_size);
  for (int i = 0; i < height; ++i) {
    const int first_row = region.y1 + static_cast<int>(FloorShare(i, region.Height(), height));
    const int last_row = region.y1 + static_cast<int>(CeilShare(i + 1, region.Height(), height));
    if (frame.format == PixelFormat::kRgb24) {
      RowFromRgb(frame, region, first_row, last_row);
    } else {
      RowFromYuv(frame, region, first_row, last_row);
    }
    StoreNetworkRow(row_[0].data(), row_[1].data(), row_[2].data(), row_size, plane_size,
                    planes.data() + static_cast<std::size_t>(i) * row_size);
  }
}

}  // namespace vigil::vision
