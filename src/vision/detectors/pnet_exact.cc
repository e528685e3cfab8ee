// One cell looks at 12 x 12 pixels; sixteen output channels are computed beside each other.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "vision/detectors/pnet.h"
#include "vision/simd.h"

namespace vigil::vision {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kFirstSide = 10;  // of the first layer's 12 x 12
constexpr std::size_t kPooledSide = 5;
constexpr std::size_t kSecondSide = 3;
constexpr std::size_t kPixels = 12;

// Sixteen floats, which the compiler keeps in as many registers as the instruction set needs.
using Vector [[gnu::vector_size(64), gnu::may_alias]] = float;

// `cells` outputs of a layer, `step` values of the input apart: at each of `taps` rows, `pitch`
// values apart, a run of `run` values. Several at once, so that one need not wait for another.
template <std::size_t cells, std::size_t step>
inline __attribute__((always_inline)) void Products(const float* in, std::size_t run,
                                                    std::size_t pitch, std::size_t taps,
                                                    const Vector* weights, const Vector& bias,
                                                    const Vector& slope, Vector* out) {
  Vector sums[cells];
  for (std::size_t cell = 0; cell < cells; ++cell) sums[cell] = bias;
  for (std::size_t row = 0; row < taps; ++row) {
    for (std::size_t i = 0; i < run; ++i) {
      const Vector weight = *weights++;
#pragma GCC unroll 5
      for (std::size_t cell = 0; cell < cells; ++cell)
        sums[cell] += in[row * pitch + cell * step + i] * weight;
    }
  }
  for (std::size_t cell = 0; cell < cells; ++cell) {
    // PReLU; a slope of one leaves the value alone.
    out[cell] = sums[cell] < 0 ? sums[cell] * slope : sums[cell];
  }
}

struct CellLayers {
  const Vector* weights[5];
  const Vector* bias[5];
  const Vector* slope[5];
};

// `pixels`: 12 x 12 of three values. `out`: two scores, four offsets. Of the first layer only
// `columns` and `rows` exist (9 or 10): pooling passes over the others.
VIGIL_SIMD_CLONES
void JudgeCell(const CellLayers& layers, const float* pixels, std::size_t columns, std::size_t rows,
               float* out) {
  constexpr std::size_t kChannels1 = PnetScan::kChannels1;
  constexpr std::size_t kHalf = kFirstSide / 2;
  Vector first[2][kFirstSide];
  alignas(64) float pooled[kPooledSide * kPooledSide * kChannels1 + kLanes];
  for (std::size_t y = 0; y < kFirstSide; ++y) {
    Vector* to = first[y % 2];
    for (std::size_t x = 0; x < kFirstSide; x += kHalf) {
      Products<kHalf, 3>(pixels + (y * kPixels + x) * 3, 9, kPixels * 3, 3, layers.weights[0],
                         *layers.bias[0], *layers.slope[0], to + x);
    }
    if (columns < kFirstSide) to[columns] = to[columns - 1];
    if (y % 2 == 0) continue;
    const Vector* second = y < rows ? first[1] : first[0];
    for (std::size_t x = 0; x < kPooledSide; ++x) {
      const Vector upper =
          first[0][2 * x] > first[0][2 * x + 1] ? first[0][2 * x] : first[0][2 * x + 1];
      const Vector lower = second[2 * x] > second[2 * x + 1] ? second[2 * x] : second[2 * x + 1];
      const Vector largest = upper > lower ? upper : lower;
      // The lanes beyond the channels are overwritten by the next cell.
      std::memcpy(pooled + (y / 2 * kPooledSide + x) * kChannels1, &largest, sizeof(largest));
    }
  }
  Vector second[kSecondSide * kSecondSide];
  for (std::size_t y = 0; y < kSecondSide; ++y) {
    Products<kSecondSide, kChannels1>(pooled + y * kPooledSide * kChannels1, 3 * kChannels1,
                                      kPooledSide * kChannels1, 3, layers.weights[1],
                                      *layers.bias[1], *layers.slope[1], second + y * kSecondSide);
  }
  float flat[kSecondSide * kSecondSide * kLanes];
  std::memcpy(flat, second, sizeof(flat));
  Vector third[2];
  for (std::size_t half = 0; half < 2; ++half) {
    Products<1, 0>(flat, kSecondSide * kSecondSide * kLanes, 0, 1, layers.weights[2 + half],
                   *layers.bias[2 + half], *layers.slope[2 + half], third + half);
  }
  std::memcpy(flat, third, sizeof(third));
  Vector last;
  Products<1, 0>(flat, 2 * kLanes, 0, 1, layers.weights[4], *layers.bias[4], *layers.slope[4],
                 &last);
  std::memcpy(out, &last, sizeof(last));
}

}  // namespace

PnetExact::Layer PnetExact::MakeLayer(const std::vector<float>& weights,
                                      const std::vector<float>& bias,
                                      const std::vector<float>& slope, std::size_t inputs,
                                      std::size_t taps, std::size_t first_output) {
  Layer layer;
  layer.weights.resize(taps * inputs);
  const std::size_t outputs = std::min(kLanes, bias.size() - first_output);
  for (std::size_t lane = 0; lane < outputs; ++lane) {
    const std::size_t output = first_output + lane;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      for (std::size_t input = 0; input < inputs; ++input) {
        layer.weights[tap * inputs + input].at[lane] =
            weights[(output * inputs + input) * taps + tap];
      }
    }
    layer.bias.at[lane] = bias[output];
    layer.slope.at[lane] = slope.empty() ? 1.0F : slope[output];
  }
  return layer;
}

PnetExact::PnetExact(const PnetWeights& weights)
    : first_(MakeLayer(weights.conv1, weights.bias1, weights.slope1, 3, 9, 0)),
      second_(MakeLayer(weights.conv2, weights.bias2, weights.slope2, 10, 9, 0)),
      third_low_(MakeLayer(weights.conv3, weights.bias3, weights.slope3, 16, 9, 0)),
      third_high_(MakeLayer(weights.conv3, weights.bias3, weights.slope3, 16, 9, 16)) {
  // Scores and offsets come out of one layer.
  std::vector<float> last = weights.scores;
  last.insert(last.end(), weights.offsets.begin(), weights.offsets.end());
  std::vector<float> last_bias = weights.scores_bias;
  last_bias.insert(last_bias.end(), weights.offsets_bias.begin(), weights.offsets_bias.end());
  last_ = MakeLayer(last, last_bias, {}, 32, 1, 0);
}

PnetAnswer PnetExact::Judge(const PnetLevel& level, PnetCell cell) const {
  VIGIL_CHECK(cell.column >= 0 && cell.row >= 0 && 2 * cell.column + 12 <= level.Width() + 1 &&
              2 * cell.row + 12 <= level.Height() + 1);
  alignas(64) float pixels[kPixels * kPixels * 3];
  float* to = pixels;
  for (int y = 2 * cell.row; y < 2 * cell.row + 12; ++y) {
    // The last cell of an odd side reaches one pixel beyond.
    const std::uint16_t* row = level.Exact(std::min(y, level.Height() - 1));
    for (int x = 2 * cell.column; x < 2 * cell.column + 12; ++x) {
      const std::uint16_t* from = row + std::ptrdiff_t{4} * std::min(x, level.Width() - 1);
      for (int channel = 0; channel < 3; ++channel) {
        *to++ = (static_cast<float>(from[channel]) * (1.0F / 256) - 127.5F) * 0.0078125F;
      }
    }
  }
  const Layer* all[5] = {&first_, &second_, &third_low_, &third_high_, &last_};
  CellLayers layers{};
  for (int i = 0; i < 5; ++i) {
    layers.weights[i] = reinterpret_cast<const Vector*>(all[i]->weights.data());
    layers.bias[i] = reinterpret_cast<const Vector*>(&all[i]->bias);
    layers.slope[i] = reinterpret_cast<const Vector*>(&all[i]->slope);
  }
  alignas(64) float out[kLanes];
  const auto exist = [](int at, int side) {
    return std::min(kFirstSide, static_cast<std::size_t>(side - 2 - 2 * at));
  };
  JudgeCell(layers, pixels, exist(cell.column, level.Width()), exist(cell.row, level.Height()),
            out);
  PnetAnswer answer;
  answer.score = 1.0F / (1.0F + std::exp(out[0] - out[1]));
  std::copy_n(out + 2, 4, answer.offsets.begin());
  return answer;
}

}  // namespace vigil::vision
