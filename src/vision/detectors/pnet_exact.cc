// One cell looks at 12 x 12 pixels; sixteen output channels are computed beside each other.
#include <algorithm>
#include <cmath>

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

// One output of a layer: `inputs` values at each of side x side taps, rows of which lie `pitch`
// values apart.
inline __attribute__((always_inline)) void Products(const float* in, std::size_t run,
                                                    std::size_t pitch, std::size_t taps,
                                                    const std::array<float, kLanes>* weights,
                                                    const float* bias, float* out) {
  float sums[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] = bias[lane];
  for (std::size_t row = 0; row < taps; ++row) {
    for (std::size_t i = 0; i < run; ++i) {
      const float value = in[row * pitch + i];
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += value * (*weights)[lane];
      ++weights;
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) out[lane] = sums[lane];
}

inline __attribute__((always_inline)) void Prelu(const float* slope, float* values) {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    values[lane] = std::max(values[lane], 0.0F) + slope[lane] * std::min(values[lane], 0.0F);
  }
}

struct CellLayers {
  const std::array<float, kLanes>* weights[5];
  const float* bias[5];
  const float* slope[5];
};

// `pixels`: 12 x 12 of three values. `out`: two scores, four offsets. Of the first layer only
// `columns` and `rows` exist (9 or 10): pooling passes over the others.
VIGIL_SIMD_CLONES
void JudgeCell(const CellLayers& layers, const float* pixels, std::size_t columns, std::size_t rows,
               float* out) {
  constexpr std::size_t kChannels1 = PnetScan::kChannels1;
  constexpr std::size_t kChannels2 = PnetScan::kChannels2;
  alignas(64) float first[2][kFirstSide][kLanes];
  alignas(64) float pooled[kPooledSide * kPooledSide * kChannels1 + kLanes];
  for (std::size_t y = 0; y < kFirstSide; ++y) {
    for (std::size_t x = 0; x < kFirstSide; ++x) {
      if (x >= columns || y >= rows) {
        const float* nearest = x >= columns ? first[y % 2][x - 1] : first[(y - 1) % 2][x];
        std::copy_n(nearest, kLanes, first[y % 2][x]);
        continue;
      }
      Products(pixels + (y * kPixels + x) * 3, 9, kPixels * 3, 3, layers.weights[0], layers.bias[0],
               first[y % 2][x]);
      Prelu(layers.slope[0], first[y % 2][x]);
    }
    if (y % 2 == 0) continue;
    for (std::size_t x = 0; x < kPooledSide; ++x) {
      float* to = pooled + (y / 2 * kPooledSide + x) * kChannels1;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        to[lane] = std::max(std::max(first[0][2 * x][lane], first[0][2 * x + 1][lane]),
                            std::max(first[1][2 * x][lane], first[1][2 * x + 1][lane]));
      }
    }
  }
  alignas(64) float second[kSecondSide * kSecondSide * kChannels2];
  for (std::size_t y = 0; y < kSecondSide; ++y) {
    for (std::size_t x = 0; x < kSecondSide; ++x) {
      float* to = second + (y * kSecondSide + x) * kChannels2;
      Products(pooled + (y * kPooledSide + x) * kChannels1, 3 * kChannels1,
               kPooledSide * kChannels1, 3, layers.weights[1], layers.bias[1], to);
      Prelu(layers.slope[1], to);
    }
  }
  alignas(64) float third[2 * kLanes];
  for (std::size_t half = 0; half < 2; ++half) {
    Products(second, 9 * kChannels2, 0, 1, layers.weights[2 + half], layers.bias[2 + half],
             third + half * kLanes);
    Prelu(layers.slope[2 + half], third + half * kLanes);
  }
  Products(third, 2 * kLanes, 0, 1, layers.weights[4], layers.bias[4], out);
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
        layer.weights[tap * inputs + input][lane] = weights[(output * inputs + input) * taps + tap];
      }
    }
    layer.bias[lane] = bias[output];
    layer.slope[lane] = slope.empty() ? 1.0F : slope[output];
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
  const CellLayers layers{{first_.weights.data(), second_.weights.data(), third_low_.weights.data(),
                           third_high_.weights.data(), last_.weights.data()},
                          {first_.bias.data(), second_.bias.data(), third_low_.bias.data(),
                           third_high_.bias.data(), last_.bias.data()},
                          {first_.slope.data(), second_.slope.data(), third_low_.slope.data(),
                           third_high_.slope.data(), last_.slope.data()}};
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
