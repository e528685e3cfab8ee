// Sums of rows first, then of columns: the sum of any window is then a difference of sums.
#include "vision/area_resize.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "vision/simd.h"

namespace vigil::vision {
namespace {

constexpr int kRows16Max = 257;  // 257 * 255 still fits 16 bits

std::int64_t FloorShare(std::int64_t i, std::int64_t in, std::int64_t out) { return i * in / out; }
std::int64_t CeilShare(std::int64_t i, std::int64_t in, std::int64_t out) {
  return (i * in + out - 1) / out;
}

// prefix[4 * i + channel] becomes the sum of after - before over all columns before i.
template <class Sum>
void PrefixColumns(const Sum* before, const Sum* after, std::size_t pitch, std::size_t from,
                   std::size_t columns, std::uint32_t* prefix) {
  std::uint32_t sums[3];
  std::copy_n(prefix + 4 * from, 3, sums);
  for (std::size_t i = from; i < columns; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const std::size_t at = channel * pitch + i;
      sums[channel] += static_cast<Sum>(after[at] - before[at]);
      prefix[4 * i + 4 + channel] = sums[channel];
    }
    prefix[4 * i + 7] = 0;
  }
}

#ifdef __SSE2__
// Eight columns a turn; the rest is left to the loop above. Returns how many columns are done.
std::size_t PrefixEights(const std::uint16_t* before, const std::uint16_t* after, std::size_t pitch,
                         std::size_t columns, std::uint32_t* prefix) {
  const __m128i zero = _mm_setzero_si128();
  __m128i sum = zero;
  const auto load = [](const std::uint16_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  std::size_t i = 0;
  for (; i + 8 <= columns; i += 8) {
    auto* out = reinterpret_cast<__m128i*>(prefix + 4 * i + 4);
    const __m128i red = _mm_sub_epi16(load(after + i), load(before + i));
    const __m128i green = _mm_sub_epi16(load(after + pitch + i), load(before + pitch + i));
    const __m128i blue = _mm_sub_epi16(load(after + 2 * pitch + i), load(before + 2 * pitch + i));
    const __m128i red_green[2] = {_mm_unpacklo_epi16(red, green), _mm_unpackhi_epi16(red, green)};
    const __m128i blue_zero[2] = {_mm_unpacklo_epi16(blue, zero), _mm_unpackhi_epi16(blue, zero)};
    for (int half = 0; half < 2; ++half) {
      const __m128i pairs[2] = {_mm_unpacklo_epi32(red_green[half], blue_zero[half]),
                                _mm_unpackhi_epi32(red_green[half], blue_zero[half])};
      for (const __m128i pair : pairs) {
        sum = _mm_add_epi32(sum, _mm_unpacklo_epi16(pair, zero));
        _mm_storeu_si128(out++, sum);
        sum = _mm_add_epi32(sum, _mm_unpackhi_epi16(pair, zero));
        _mm_storeu_si128(out++, sum);
      }
    }
  }
  return i;
}
#else
std::size_t PrefixEights(const std::uint16_t*, const std::uint16_t*, std::size_t, std::size_t,
                         std::uint32_t*) {
  return 0;
}
#endif
std::size_t PrefixEights(const std::uint32_t*, const std::uint32_t*, std::size_t, std::size_t,
                         std::uint32_t*) {
  return 0;
}

// (average - 127.5) / 128 of a row of four values a pixel, as planes.
VIGIL_SIMD_CLONES
void StoreNetworkRow(const float* rgb0, std::size_t count, std::size_t plane_size, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = (rgb0[4 * i] - 127.5F) * 0.0078125F;
    out[plane_size + i] = (rgb0[4 * i + 1] - 127.5F) * 0.0078125F;
    out[2 * plane_size + i] = (rgb0[4 * i + 2] - 127.5F) * 0.0078125F;
  }
}

class PlaneWriter final : public AveragedRowSink {
 public:
  PlaneWriter(std::size_t plane_size, float* planes) : plane_size_(plane_size), planes_(planes) {}
  void TakeRow(std::size_t, int row, std::span<const float> rgb0) override {
    StoreAsPlanes(rgb0, row, plane_size_, planes_);
  }

 private:
  std::size_t plane_size_;
  float* planes_;
};

}  // namespace

void StoreAsPlanes(std::span<const float> rgb0, int row, std::size_t plane_size, float* planes) {
  const std::size_t width = rgb0.size() / 4;
  StoreNetworkRow(rgb0.data(), width, plane_size, planes + static_cast<std::size_t>(row) * width);
}

void AreaResizer::Prepare(const PixelRect& region, std::span<const PixelSize> sizes) {
  if (pictures_.size() < sizes.size()) pictures_.resize(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Picture& picture = pictures_[i];
    picture.size = sizes[i];
    picture.next_row = 0;
    picture.begin = 0;
    picture.end = static_cast<int>(CeilShare(1, region.Height(), sizes[i].height));
    picture.columns.resize(static_cast<std::size_t>(sizes[i].width));
    for (int x = 0; x < sizes[i].width; ++x) {
      const auto begin = static_cast<std::uint32_t>(FloorShare(x, region.Width(), sizes[i].width));
      const auto end = static_cast<std::uint32_t>(CeilShare(x + 1, region.Width(), sizes[i].width));
      picture.columns[static_cast<std::size_t>(x)] = {begin, end,
                                                      1.0F / static_cast<float>(end - begin)};
    }
  }
}

template <class Sum>
void AreaResizer::Run(const PixelRect& region, std::size_t count, int rows_max,
                      std::vector<Sum>& ring, AveragedRowSink& sink) {
  const std::size_t columns = rows_.Width();
  const std::size_t pitch = (columns + 31) / 32 * 32;
  const std::size_t slots = std::bit_ceil(static_cast<std::size_t>(rows_max) + 1);
  if (ring.size() < slots * 3 * pitch) ring.resize(slots * 3 * pitch);
  const auto slot = [&](int row) {
    return ring.data() + (static_cast<std::size_t>(row) & (slots - 1)) * 3 * pitch;
  };
  std::fill_n(slot(0), 3 * pitch, Sum{0});
  if (prefix_.size() < 4 * columns + 4) prefix_.resize(4 * columns + 4);
  std::fill_n(prefix_.data(), 4, 0U);

  for (int y = 0; y < region.Height(); ++y) {
    rows_.AddRow(region.y1 + y, slot(y), slot(y + 1), pitch);
    for (std::size_t i = 0; i < count; ++i) {
      Picture& picture = pictures_[i];
      while (picture.next_row < picture.size.height && picture.end == y + 1) {
        const Sum* before = slot(picture.begin);
        const Sum* after = slot(picture.end);
        const std::size_t done = PrefixEights(before, after, pitch, columns, prefix_.data());
        PrefixColumns(before, after, pitch, done, columns, prefix_.data());
        const float inverse_rows = 1.0F / static_cast<float>(picture.end - picture.begin);
        row_.resize(std::max(row_.size(), 4 * picture.columns.size()));
        float* out = row_.data();
        for (const Columns& at : picture.columns) {
          const float inverse = at.inverse_count * inverse_rows;
          const std::uint32_t* first = prefix_.data() + std::size_t{4} * at.begin;
          const std::uint32_t* last = prefix_.data() + std::size_t{4} * at.end;
          for (int channel = 0; channel < 4; ++channel) {
            *out++ = static_cast<float>(static_cast<std::int32_t>(last[channel] - first[channel])) *
                     inverse;
          }
        }
        sink.TakeRow(i, picture.next_row, {row_.data(), 4 * picture.columns.size()});
        ++picture.next_row;
        picture.begin =
            static_cast<int>(FloorShare(picture.next_row, region.Height(), picture.size.height));
        picture.end =
            static_cast<int>(CeilShare(picture.next_row + 1, region.Height(), picture.size.height));
      }
    }
  }
}

void AreaResizer::ResizeAll(const Frame& frame, const PixelRect& region,
                            std::span<const PixelSize> sizes, AveragedRowSink& sink) {
  VIGIL_CHECK(region.Width() > 0 && region.Height() > 0);
  VIGIL_CHECK(region.x1 >= 0 && region.y1 >= 0 && region.x2 <= frame.width &&
              region.y2 <= frame.height);
  int rows_max = 1;
  for (const PixelSize& size : sizes) {
    VIGIL_CHECK(size.width > 0 && size.height > 0);
    rows_max = std::max(rows_max, region.Height() / size.height + 2);
  }
  rows_max = std::min(rows_max, region.Height());
  Prepare(region, sizes);
  rows_.Begin(frame, region.x1, region.x2);
  if (rows_max <= kRows16Max) {
    Run(region, sizes.size(), rows_max, ring16_, sink);
  } else {
    Run(region, sizes.size(), rows_max, ring32_, sink);
  }
}

void AreaResizer::Resize(const Frame& frame, const PixelRect& region, int width, int height,
                         std::span<float> planes) {
  VIGIL_CHECK(width > 0 && height > 0);
  const std::size_t plane_size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  VIGIL_CHECK(planes.size() >= 3 * plane_size);
  PlaneWriter writer(plane_size, planes.data());
  const PixelSize size{width, height};
  ResizeAll(frame, region, {&size, 1}, writer);
}

}  // namespace vigil::vision
