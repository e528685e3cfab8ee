// Two separable passes with coefficients made once an axis.
#include "vision/bilinear_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace vigil::vision {
namespace {

constexpr int kFractionBits = 22;

// The input pixels that make one output pixel, with weights that sum to 1 << kFractionBits (up to
// rounding).
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

std::vector<Taps> MakeTaps(int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double support = std::max(scale, 1.0);
  std::vector<Taps> all(static_cast<std::size_t>(out));
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int last = std::min(in, static_cast<int>(center + support + 0.5));
    std::vector<double> exact;
    double total = 0;
    for (int x = first; x < last; ++x) {
      exact.push_back(std::max(0.0, 1.0 - std::abs((x - center + 0.5) * (1.0 / support))));
      total += exact.back();
    }
    Taps& taps = all[static_cast<std::size_t>(i)];
    taps.first = first;
    for (const double weight : exact) {
      taps.weights.push_back(
          static_cast<std::int32_t>(0.5 + weight / total * (1 << kFractionBits)));
    }
  }
  return all;
}

// One output pixel: `in` is the first input pixel, `step` the distance to the next in bytes.
void Blend(const Taps& taps, const std::uint8_t* in, std::size_t step, std::uint8_t* out) {
  std::int32_t sums[3] = {1 << (kFractionBits - 1), 1 << (kFractionBits - 1),
                          1 << (kFractionBits - 1)};
  for (const std::int32_t weight : taps.weights) {
    for (int channel = 0; channel < 3; ++channel) sums[channel] += in[channel] * weight;
    in += step;
  }
  for (int channel = 0; channel < 3; ++channel) {
    out[channel] = static_cast<std::uint8_t>(std::clamp(sums[channel] >> kFractionBits, 0, 255));
  }
}

RgbImage MakeImage(int width, int height) {
  RgbImage image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  return image;
}

RgbImage ResizeWidth(const RgbImage& image, int width) {
  if (image.width == width) return image;
  const std::vector<Taps> taps = MakeTaps(image.width, width);
  RgbImage resized = MakeImage(width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Taps& at = taps[static_cast<std::size_t>(x)];
      Blend(at, image.Row(y) + static_cast<std::ptrdiff_t>(at.first) * 3, 3,
            resized.Row(y) + static_cast<std::ptrdiff_t>(x) * 3);
    }
  }
  return resized;
}

RgbImage ResizeHeight(const RgbImage& image, int height) {
  if (image.height == height) return image;
  const std::vector<Taps> taps = MakeTaps(image.height, height);
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  RgbImage resized = MakeImage(image.width, height);
  for (int y = 0; y < height; ++y) {
    const Taps& at = taps[static_cast<std::size_t>(y)];
    for (std::size_t x = 0; x < row_bytes; x += 3) {
      Blend(at, image.Row(at.first) + x, row_bytes, resized.Row(y) + x);
    }
  }
  return resized;
}

}  // namespace

RgbImage ResizeBilinear(const RgbImage& image, int width, int height) {
  VIGIL_CHECK(!image.Empty() && width > 0 && height > 0);
  return ResizeHeight(ResizeWidth(image, width), height);
}

}  // namespace vigil::vision
