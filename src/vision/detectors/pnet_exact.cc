// Cells lie close together around a face: what two of them look at in the first two layers is
// computed once. Sixteen output channels lie beside each other.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "vision/detectors/pnet.h"
#include "vision/simd.h"

namespace vigil::vision {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kTaps = 9;
constexpr std::size_t kPatch = 4;  // side of what one pooled pixel looks at

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

struct LayersOf {
  const Vector* weights[5];
  const Vector* bias[5];
  const Vector* slope[5];
};

template <class Layer>
LayersOf LayersFrom(const std::array<const Layer*, 5>& all) {
  LayersOf layers{};
  for (std::size_t i = 0; i < all.size(); ++i) {
    layers.weights[i] = reinterpret_cast<const Vector*>(all[i]->weights.data());
    layers.bias[i] = reinterpret_cast<const Vector*>(&all[i]->bias);
    layers.slope[i] = reinterpret_cast<const Vector*>(&all[i]->slope);
  }
  return layers;
}

// One pooled pixel of the first layer. `pixels`: 4 x 4 of three values. Of the 2 x 2 that are
// pooled only `columns` and `rows` exist (1 or 2).
VIGIL_SIMD_CLONES
void FirstLayer(const LayersOf& layers, const float* pixels, std::size_t columns, std::size_t rows,
                float* out) {
  Vector first[2][2];
  for (std::size_t y = 0; y < 2; ++y) {
    Products<2, 3>(pixels + y * kPatch * 3, 9, kPatch * 3, 3, layers.weights[0], *layers.bias[0],
                   *layers.slope[0], first[y]);
    if (columns < 2) first[y][1] = first[y][0];
  }
  const Vector* second = rows < 2 ? first[0] : first[1];
  const Vector upper = first[0][0] > first[0][1] ? first[0][0] : first[0][1];
  const Vector lower = second[0] > second[1] ? second[0] : second[1];
  const Vector largest = upper > lower ? upper : lower;
  std::memcpy(out, &largest, sizeof(largest));
}

// One pixel of the second layer; `pooled`: three rows of three pixels of the first.
VIGIL_SIMD_CLONES
void SecondLayer(const LayersOf& layers, const float* pooled, float* out) {
  Vector second;
  Products<1, 0>(pooled, 9 * PnetScan::kChannels1, 0, 1, layers.weights[1], *layers.bias[1],
                 *layers.slope[1], &second);
  std::memcpy(out, &second, sizeof(second));
}

// `second`: 3 x 3 pixels of the second layer. `out`: two scores, four offsets.
VIGIL_SIMD_CLONES
void LastLayers(const LayersOf& layers, const float* second, float* out) {
  Vector third[2];
  for (std::size_t half = 0; half < 2; ++half) {
    Products<1, 0>(second, kTaps * kLanes, 0, 1, layers.weights[2 + half], *layers.bias[2 + half],
                   *layers.slope[2 + half], third + half);
  }
  float flat[2 * kLanes];
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

void PnetExact::Begin(const PnetLevel& level) {
  level_ = &level;
  columns_ = static_cast<std::size_t>(std::max(0, PnetCells(level.Width()))) + 4;
  const std::size_t rows = static_cast<std::size_t>(std::max(0, PnetCells(level.Height()))) + 4;
  for (Map* map : {&pooled_, &second_map_}) {
    map->known.assign(std::max(map->known.size(), columns_ * rows), 0);
    if (map->values.size() < columns_ * rows) map->values.resize(columns_ * rows);
  }
}

const float* PnetExact::PooledAt(std::size_t row, std::size_t column) {
  const std::size_t at = row * columns_ + column;
  float* values = pooled_.values[at].at.data();
  if (pooled_.known[at] != 0) return values;
  pooled_.known[at] = 1;
  const auto first_row = static_cast<int>(2 * row);
  const auto first_column = static_cast<int>(2 * column);
  float pixels[kPatch * kPatch * 3];
  float* to = pixels;
  for (int y = first_row; y < first_row + 4; ++y) {
    // The last pixel of an odd side reaches one beyond.
    const std::uint16_t* from_row = level_->Exact(std::min(y, level_->Height() - 1));
    for (int x = first_column; x < first_column + 4; ++x) {
      const std::uint16_t* from = from_row + std::ptrdiff_t{4} * std::min(x, level_->Width() - 1);
      for (int channel = 0; channel < 3; ++channel) {
        *to++ = (static_cast<float>(from[channel]) * (1.0F / 256) - 127.5F) * 0.0078125F;
      }
    }
  }
  const auto exist = [](int first, int side) {
    return std::min<std::size_t>(2, static_cast<std::size_t>(side - 2 - first));
  };
  FirstLayer(LayersFrom<Layer>({&first_, &second_, &third_low_, &third_high_, &last_}), pixels,
             exist(first_column, level_->Width()), exist(first_row, level_->Height()), values);
  return values;
}

const float* PnetExact::SecondAt(std::size_t row, std::size_t column) {
  const std::size_t at = row * columns_ + column;
  float* values = second_map_.values[at].at.data();
  if (second_map_.known[at] != 0) return values;
  second_map_.known[at] = 1;
  float pooled[kTaps * PnetScan::kChannels1];
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    std::copy_n(PooledAt(row + tap / 3, column + tap % 3), PnetScan::kChannels1,
                pooled + tap * PnetScan::kChannels1);
  }
  SecondLayer(LayersFrom<Layer>({&first_, &second_, &third_low_, &third_high_, &last_}), pooled,
              values);
  return values;
}

PnetAnswer PnetExact::Judge(PnetCell cell) {
  VIGIL_CHECK(level_ != nullptr && cell.column >= 0 && cell.row >= 0 &&
              2 * cell.column + 12 <= level_->Width() + 1 &&
              2 * cell.row + 12 <= level_->Height() + 1);
  float second[kTaps * kLanes];
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    std::copy_n(SecondAt(static_cast<std::size_t>(cell.row) + tap / 3,
                         static_cast<std::size_t>(cell.column) + tap % 3),
                kLanes, second + tap * kLanes);
  }
  alignas(64) float out[kLanes];
  LastLayers(LayersFrom<Layer>({&first_, &second_, &third_low_, &third_high_, &last_}), second,
             out);
  PnetAnswer answer;
  answer.score = 1.0F / (1.0F + std::exp(out[0] - out[1]));
  std::copy_n(out + 2, 4, answer.offsets.begin());
  return answer;
}

}  // namespace vigil::vision
