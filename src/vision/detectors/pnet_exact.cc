// Cells lie close together around a face: what two of them look at in the first two layers is
// computed once. Sixteen output channels lie beside each other, and several outputs are computed at
// once, so that one need not wait for another.
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
constexpr std::size_t kPatch = 4;          // side of what one pooled pixel looks at
constexpr std::size_t kPatchesAtOnce = 2;  // of four pixels each
constexpr std::size_t kPixelsAtOnce = 8;   // of the second layer
constexpr std::size_t kCellsAtOnce = 6;    // of two vectors each

// Sixteen floats, which the compiler keeps in as many registers as the instruction set needs.
using Vector [[gnu::vector_size(64), gnu::may_alias]] = float;

struct LayerView {
  const Vector* weights;
  const Vector& bias;
  const Vector& slope;
};

template <class Layer>
LayerView ViewOf(const Layer& layer) {
  return {reinterpret_cast<const Vector*>(layer.weights.data()),
          *reinterpret_cast<const Vector*>(&layer.bias),
          *reinterpret_cast<const Vector*>(&layer.slope)};
}

inline __attribute__((always_inline)) void KeepLarger(Vector& a, const Vector& b) {
  a = a > b ? a : b;
}

// PReLU; a slope of one leaves the value alone.
inline __attribute__((always_inline)) void Activate(Vector& sum, const Vector& slope) {
  sum = sum < 0 ? sum * slope : sum;
}

// What one pooled pixel looks at: R, G, B and a fourth that does not count. Of the 2 x 2 pixels of
// the convolution that are pooled, the right ones or the lower ones may not exist.
struct alignas(64) Patch {
  float pixels[kPatch][4 * kPatch];
  bool has_right;
  bool has_lower;
};

VIGIL_SIMD_CLONES
void ToFloats(const std::uint16_t* const (&rows)[kPatch], Patch& patch) {
  for (std::size_t y = 0; y < kPatch; ++y) {
    for (std::size_t i = 0; i < 4 * kPatch; ++i)
      patch.pixels[y][i] = (static_cast<float>(rows[y][i]) * (1.0F / 256) - 127.5F) * 0.0078125F;
  }
}

// Pooled pixels of the first layer, one a patch.
VIGIL_SIMD_CLONES
void FirstLayer(const LayerView& layer, const Patch (&patches)[kPatchesAtOnce],
                float* const (&out)[kPatchesAtOnce]) {
  Vector sums[kPatchesAtOnce][2][2];
  for (auto& of_patch : sums) {
    for (auto& of_row : of_patch) of_row[0] = of_row[1] = layer.bias;
  }
  const Vector* weights = layer.weights;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
#pragma GCC unroll 3
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const Vector weight = *weights++;
        const std::size_t at = 4 * column + channel;
#pragma GCC unroll 2
        for (std::size_t i = 0; i < kPatchesAtOnce; ++i) {
          const auto& pixels = patches[i].pixels;
          sums[i][0][0] += pixels[row][at] * weight;
          sums[i][0][1] += pixels[row][at + 4] * weight;
          sums[i][1][0] += pixels[row + 1][at] * weight;
          sums[i][1][1] += pixels[row + 1][at + 4] * weight;
        }
      }
    }
  }
#pragma GCC unroll 2
  for (std::size_t i = 0; i < kPatchesAtOnce; ++i) {
    Vector rows[2];
#pragma GCC unroll 2
    for (std::size_t y = 0; y < 2; ++y) {
      Activate(sums[i][y][0], layer.slope);
      Activate(sums[i][y][1], layer.slope);
      rows[y] = sums[i][y][0];
      if (patches[i].has_right) KeepLarger(rows[y], sums[i][y][1]);
    }
    if (patches[i].has_lower) KeepLarger(rows[0], rows[1]);
    std::memcpy(out[i], &rows[0], sizeof(rows[0]));
  }
}

// Pixels of the second layer; in[tap][i]: the channels of the first.
VIGIL_SIMD_CLONES
void SecondLayer(const LayerView& layer, const float* const (&in)[kTaps][kPixelsAtOnce],
                 float* const (&out)[kPixelsAtOnce]) {
  Vector sums[kPixelsAtOnce];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kPixelsAtOnce; ++i) sums[i] = layer.bias;
  const Vector* weights = layer.weights;
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    for (std::size_t channel = 0; channel < PnetScan::kChannels1; ++channel) {
      const Vector weight = *weights++;
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kPixelsAtOnce; ++i) sums[i] += in[tap][i][channel] * weight;
    }
  }
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kPixelsAtOnce; ++i) {
    Activate(sums[i], layer.slope);
    std::memcpy(out[i], &sums[i], sizeof(sums[i]));
  }
}

// Cells' scores and offsets; in[tap][i]: the channels of the second layer.
VIGIL_SIMD_CLONES
void LastLayers(const LayerView& low, const LayerView& high, const LayerView& last,
                const float* const (&in)[kTaps][kCellsAtOnce], float* const (&out)[kCellsAtOnce]) {
  Vector sums[kCellsAtOnce][2];
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kCellsAtOnce; ++i) {
    sums[i][0] = low.bias;
    sums[i][1] = high.bias;
  }
  for (std::size_t tap = 0; tap < kTaps; ++tap) {
    for (std::size_t channel = 0; channel < kLanes; ++channel) {
      const Vector weight_low = low.weights[tap * kLanes + channel];
      const Vector weight_high = high.weights[tap * kLanes + channel];
#pragma GCC unroll 6
      for (std::size_t i = 0; i < kCellsAtOnce; ++i) {
        sums[i][0] += in[tap][i][channel] * weight_low;
        sums[i][1] += in[tap][i][channel] * weight_high;
      }
    }
  }
  float third[kCellsAtOnce][2 * kLanes];
  Vector answers[kCellsAtOnce];
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kCellsAtOnce; ++i) {
    Activate(sums[i][0], low.slope);
    Activate(sums[i][1], high.slope);
    std::memcpy(third[i], sums[i], sizeof(sums[i]));
    answers[i] = last.bias;
  }
  for (std::size_t channel = 0; channel < 2 * kLanes; ++channel) {
    const Vector weight = last.weights[channel];
#pragma GCC unroll 6
    for (std::size_t i = 0; i < kCellsAtOnce; ++i) answers[i] += third[i][channel] * weight;
  }
#pragma GCC unroll 6
  for (std::size_t i = 0; i < kCellsAtOnce; ++i)
    std::memcpy(out[i], &answers[i], sizeof(answers[i]));
}

// What a pooled pixel looks at.
void CutPatch(const PnetLevel& level, PnetCell pooled, Patch& patch) {
  const int top = 2 * pooled.row;
  const int left = 2 * pooled.column;
  patch.has_right = left + 3 < level.Width();
  patch.has_lower = top + 3 < level.Height();
  const std::uint16_t* rows[kPatch];
  std::uint16_t repeated[kPatch][4 * kPatch];
  for (int y = 0; y < static_cast<int>(kPatch); ++y) {
    // The last pixel of an odd side reaches one beyond.
    const std::uint16_t* row = level.Exact(std::min(top + y, level.Height() - 1));
    rows[y] = row + std::ptrdiff_t{4} * left;
    if (patch.has_right) continue;
    for (int x = 0; x < static_cast<int>(kPatch); ++x)
      std::copy_n(row + std::ptrdiff_t{4} * std::min(left + x, level.Width() - 1), 4,
                  repeated[y] + 4 * x);
    rows[y] = repeated[y];
  }
  ToFloats(rows, patch);
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

void PnetExact::Map::Begin(std::size_t size) {
  if (slots.size() < size) slots.resize(size, kNone);
}

void PnetExact::Map::AskNine(PnetCell first, std::size_t columns, std::int32_t* places) {
  std::int32_t* slot = slots.data() + static_cast<std::size_t>(first.row) * columns +
                       static_cast<std::size_t>(first.column);
  for (std::int32_t y = 0; y < 3; ++y, slot += columns) {
    for (std::int32_t x = 0; x < 3; ++x) {
      if (slot[x] == kNone) {
        slot[x] = static_cast<std::int32_t>(pixels.size());
        pixels.push_back({first.column + x, first.row + y});
      }
      *places++ = slot[x];
    }
  }
}

void PnetExact::Map::End(std::size_t columns) {
  for (const PnetCell pixel : pixels)
    slots[static_cast<std::size_t>(pixel.row) * columns + static_cast<std::size_t>(pixel.column)] =
        kNone;
  pixels.clear();
}

void PnetExact::RunFirst(const PnetLevel& level) {
  if (pooled_.values.size() < pooled_.pixels.size()) pooled_.values.resize(pooled_.pixels.size());
  Patch patches[kPatchesAtOnce];
  for (std::size_t done = 0; done < pooled_.pixels.size(); done += kPatchesAtOnce) {
    float* out[kPatchesAtOnce];
    for (std::size_t i = 0; i < kPatchesAtOnce; ++i) {
      // The last ones are repeated.
      const std::size_t at = std::min(done + i, pooled_.pixels.size() - 1);
      CutPatch(level, pooled_.pixels[at], patches[i]);
      out[i] = pooled_.values[at].at.data();
    }
    FirstLayer(ViewOf(first_), patches, out);
  }
}

void PnetExact::RunSecond() {
  const std::size_t count = second_map_.pixels.size();
  if (second_map_.values.size() < count) second_map_.values.resize(count);
  for (std::size_t done = 0; done < count; done += kPixelsAtOnce) {
    const float* in[kTaps][kPixelsAtOnce];
    float* out[kPixelsAtOnce];
    for (std::size_t i = 0; i < kPixelsAtOnce; ++i) {
      const std::size_t at = std::min(done + i, count - 1);
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const auto slot = static_cast<std::size_t>(inputs_of_second_[at * kTaps + tap]);
        in[tap][i] = pooled_.values[slot].at.data();
      }
      out[i] = second_map_.values[at].at.data();
    }
    SecondLayer(ViewOf(second_), in, out);
  }
}

void PnetExact::RunLast(std::size_t count) {
  if (answers_.size() < count) answers_.resize(count);
  for (std::size_t done = 0; done < count; done += kCellsAtOnce) {
    const float* in[kTaps][kCellsAtOnce];
    float* out[kCellsAtOnce];
    for (std::size_t i = 0; i < kCellsAtOnce; ++i) {
      const std::size_t at = std::min(done + i, count - 1);
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        const auto slot = static_cast<std::size_t>(inputs_of_cells_[at * kTaps + tap]);
        in[tap][i] = second_map_.values[slot].at.data();
      }
      out[i] = answers_[at].at.data();
    }
    LastLayers(ViewOf(third_low_), ViewOf(third_high_), ViewOf(last_), in, out);
  }
}

void PnetExact::Judge(const PnetLevel& level, std::span<const PnetCell> cells,
                      std::vector<PnetAnswer>& answers) {
  const std::size_t columns = static_cast<std::size_t>(std::max(0, PnetCells(level.Width()))) + 4;
  const std::size_t rows = static_cast<std::size_t>(std::max(0, PnetCells(level.Height()))) + 4;
  pooled_.Begin(columns * rows);
  second_map_.Begin(columns * rows);
  inputs_of_cells_.resize(kTaps * cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const PnetCell cell = cells[i];
    VIGIL_CHECK(cell.column >= 0 && cell.row >= 0 && 2 * cell.column + 12 <= level.Width() + 1 &&
                2 * cell.row + 12 <= level.Height() + 1);
    second_map_.AskNine(cell, columns, inputs_of_cells_.data() + kTaps * i);
  }
  inputs_of_second_.resize(kTaps * second_map_.pixels.size());
  for (std::size_t i = 0; i < second_map_.pixels.size(); ++i)
    pooled_.AskNine(second_map_.pixels[i], columns, inputs_of_second_.data() + kTaps * i);
  RunFirst(level);
  RunSecond();
  RunLast(cells.size());
  pooled_.End(columns);
  second_map_.End(columns);
  answers.resize(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto& out = answers_[i].at;
    answers[i].score = 1.0F / (1.0F + std::exp(out[0] - out[1]));
    std::copy_n(out.begin() + 2, 4, answers[i].offsets.begin());
  }
}

}  // namespace vigil::vision
