// Weights become tables once; a scan runs the three layers row by row, each keeping three rows of
// the one before.
#include "vision/detectors/pnet.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "vision/detectors/byte_products.h"
#include "vision/detectors/pnet_kernels.h"
#include "vision/simd.h"

namespace vigil::vision {
namespace {

// What the activations of the first two layers span on WIDER images and street scenes (all but a
// hundred-thousandth of them). Published weights only: others have other ranges.
constexpr std::array<float, PnetScan::kChannels1> kLow1{0,       0, -2.453F, -2.470F, 0,
                                                        -2.055F, 0, -1.940F, 0,       0};
constexpr std::array<float, PnetScan::kChannels1> kHigh1{5.575F, 6.296F, 4.298F,  7.729F,  9.179F,
                                                         8.450F, 6.432F, 11.114F, 10.125F, 6.241F};
constexpr std::array<float, PnetScan::kChannels2> kLow2{
    -1.470F, -3.452F, -3.159F, -1.207F, -3.556F, -7.084F, -6.165F, -9.254F,
    -8.175F, 0,       -4.813F, -2.947F, 0,       0,       0,       0};
constexpr std::array<float, PnetScan::kChannels2> kHigh2{
    7.256F,  6.399F, 7.299F,  12.623F, 6.363F, 9.648F,  6.549F,  5.812F,
    11.722F, 9.825F, 11.720F, 10.587F, 8.943F, 13.006F, 11.642F, 5.971F};

// Rounds one output's weights to signed bytes, each input channel scaled by its step.
struct RoundedOutput {
  std::vector<std::int8_t> weights;  // [tap][input channel]
  float scale = 0;                   // of the sum of products
  float bias = 0;                    // with what the inputs' low ends add
};

RoundedOutput RoundOutput(const float* weights, float bias, std::span<const Bytes> inputs) {
  RoundedOutput rounded;
  double offset = bias;
  float largest = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t tap = 0; tap < 9; ++tap) {
      const float weight = weights[i * 9 + tap];
      largest = std::max(largest, std::abs(weight * inputs[i].step));
      offset += static_cast<double>(weight) * static_cast<double>(inputs[i].low);
    }
  }
  rounded.scale = largest > 0 ? largest / 127.0F : 1.0F;
  rounded.bias = static_cast<float>(offset);
  for (std::size_t tap = 0; tap < 9; ++tap) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      rounded.weights.push_back(static_cast<std::int8_t>(
          std::lrint(weights[i * 9 + tap] * inputs[i].step / rounded.scale)));
    }
  }
  return rounded;
}

template <std::size_t channels>
std::array<Bytes, channels> BytesPerChannel(const std::array<float, channels>& low,
                                            const std::array<float, channels>& high) {
  std::array<Bytes, channels> bytes;
  for (std::size_t i = 0; i < channels; ++i) bytes[i] = BytesOf(low[i], high[i]);
  return bytes;
}

// The epilogue of one channel; the next layer's bytes begin at out.low and rise by out.step.
template <class Epilogue>
void SetEpilogue(Epilogue& epilogue, std::size_t channel, const RoundedOutput& rounded, float slope,
                 Bytes out) {
  epilogue.scale[channel] = rounded.scale / out.step;
  epilogue.bias[channel] = rounded.bias / out.step;
  epilogue.slope[channel] = slope;
  epilogue.zero[channel] = -out.low / out.step;
}

// A 3x3 layer whose weights lie in words of four input channels: [tap, word][output]. `out`: the
// next layer's bytes; none: what comes out is not rounded.
template <class Words, class Epilogue>
void FillLayer(const std::vector<float>& weights, const std::vector<float>& bias,
               const std::vector<float>& slope, std::span<const Bytes> in,
               std::span<const Bytes> out, Words& words, Epilogue& epilogue) {
  const std::size_t words_per_tap = words.size() / 9;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    const auto rounded = RoundOutput(&weights[o * in.size() * 9], bias[o], in);
    for (std::size_t tap = 0; tap < 9; ++tap) {
      for (std::size_t i = 0; i < in.size(); ++i) {
        PutByte(words[tap * words_per_tap + i / 4][o], i % 4, rounded.weights[tap * in.size() + i]);
      }
    }
    SetEpilogue(epilogue, o, rounded, slope[o], out.empty() ? Bytes{} : out[o]);
  }
}

VIGIL_SIMD_CLONES
void RoundLevels(const float* levels, std::size_t count, std::uint16_t* exact,
                 std::uint8_t* bytes) {
  for (std::size_t i = 0; i < count; ++i) {
    exact[i] = static_cast<std::uint16_t>(static_cast<std::int32_t>(levels[i] * 256.0F + 0.5F));
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(levels[i] + 0.5F));
  }
}

VIGIL_SIMD_CLONES
void SplitColumns(const std::uint32_t* pixels, std::size_t pairs, std::uint32_t* even,
                  std::uint32_t* odd) {
  for (std::size_t i = 0; i < pairs; ++i) {
    even[i] = pixels[2 * i];
    odd[i] = pixels[2 * i + 1];
  }
}

}  // namespace

void PnetLevel::Reset(int width, int height) {
  width_ = width;
  height_ = height;
  const auto columns = static_cast<std::size_t>(width);
  const auto rows = static_cast<std::size_t>(height);
  half_pitch_ = (columns + 1) / 2 + kSlack;
  if (halves_.size() < 2 * rows * half_pitch_) halves_.resize(2 * rows * half_pitch_);
  if (exact_.size() < 4 * rows * columns) exact_.resize(4 * rows * columns);
  if (pixels_.size() < columns + 1) pixels_.resize(columns + 1);
}

void PnetLevel::StoreRow(int row, std::span<const float> rgb0) {
  const auto columns = static_cast<std::size_t>(width_);
  VIGIL_CHECK(rgb0.size() == 4 * columns && row < height_);
  const std::size_t at = static_cast<std::size_t>(row);
  RoundLevels(rgb0.data(), 4 * columns, exact_.data() + at * 4 * columns,
              reinterpret_cast<std::uint8_t*>(pixels_.data()));
  SplitColumns(pixels_.data(), (columns + 1) / 2, halves_.data() + 2 * at * half_pitch_,
               halves_.data() + (2 * at + 1) * half_pitch_);
}

int PnetCells(int side) { return (side - 1) / 2 - 4; }

PnetScan::PnetScan(const PnetWeights& weights) {
  constexpr std::array<Bytes, 3> pixels{kPixelBytes, kPixelBytes, kPixelBytes};
  const auto bytes1 = BytesPerChannel(kLow1, kHigh1);
  const auto bytes2 = BytesPerChannel(kLow2, kHigh2);
  for (std::size_t o = 0; o < kChannels1; ++o) {
    const auto rounded = RoundOutput(&weights.conv1[o * 27], weights.bias1[o], pixels);
    for (std::size_t tap = 0; tap < 9; ++tap) {
      for (std::size_t i = 0; i < 3; ++i)
        PutByte(tables_.weights1[o][tap], i, rounded.weights[tap * 3 + i]);
    }
    SetEpilogue(tables_.epilogue1, o, rounded, weights.slope1[o], bytes1[o]);
  }
  FillLayer(weights.conv2, weights.bias2, weights.slope2, bytes1, bytes2, tables_.weights2,
            tables_.epilogue2);
  FillLayer(weights.conv3, weights.bias3, weights.slope3, bytes2, {}, tables_.weights3,
            tables_.epilogue3);
  for (std::size_t o = 0; o < kChannels3; ++o) {
    tables_.difference[o] = weights.scores[kChannels3 + o] - weights.scores[o];
  }
  tables_.difference_bias = weights.scores_bias[1] - weights.scores_bias[0];
}

template <class Kernel>
void PnetScan::ScanWith(const PnetLevel& level, float difference_min,
                        std::vector<PnetCell>& cells) {
  const int columns = PnetCells(level.Width());
  const int rows = PnetCells(level.Height());
  if (columns <= 0 || rows <= 0) return;
  rows_.pitch = static_cast<std::size_t>(columns) + 4 + PnetLevel::kSlack;
  const std::size_t pooled = 3 * kGroups1 * rows_.pitch;
  const std::size_t second = 3 * kGroups2 * rows_.pitch;
  if (rows_.pooled.size() < pooled) rows_.pooled.resize(pooled);
  if (rows_.second.size() < second) rows_.second.resize(second);
  for (int row = 0; row < rows + 4; ++row) {
    Kernel::PoolRow(tables_, level, row, columns + 4, rows_.Pooled(row), rows_.pitch);
    if (row < 2) continue;
    const std::uint32_t* pooled_rows[3] = {rows_.Pooled(row - 2), rows_.Pooled(row - 1),
                                           rows_.Pooled(row)};
    Kernel::SecondRow(tables_, pooled_rows, columns + 2, rows_.Second(row - 2), rows_.pitch);
    if (row < 4) continue;
    const std::uint32_t* second_rows[3] = {rows_.Second(row - 4), rows_.Second(row - 3),
                                           rows_.Second(row - 2)};
    Kernel::ThirdRow(tables_, second_rows, columns, rows_.pitch, difference_min, row - 4, cells);
  }
}

bool PnetScan::IsFast() { return VnniPnetKernel::IsSupported(); }

void PnetScan::Scan(const PnetLevel& level, float difference_min, std::vector<PnetCell>& cells) {
  if (IsFast()) {
    ScanWith<VnniPnetKernel>(level, difference_min, cells);
  } else {
    ScanWith<PlainPnetKernel>(level, difference_min, cells);
  }
}

void PnetScan::ScanPlainly(const PnetLevel& level, float difference_min,
                           std::vector<PnetCell>& cells) {
  ScanWith<PlainPnetKernel>(level, difference_min, cells);
}

}  // namespace vigil::vision
