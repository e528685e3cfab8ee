// Weights become tables once; a crop then runs through the first layers alone, while its
// activations are in the cache, and with the others through the last, while their weights are.
#include "vision/detectors/crop_network.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"
#include "vision/detectors/byte_products.h"
#include "vision/simd.h"

namespace vigil::vision {
namespace {

constexpr std::size_t kLanes = 16;
// What a layer may read beyond the last value of its input: a word.
constexpr std::size_t kSlackBytes = 4;
// One pixel level is so many steps of a crop's halves.
constexpr float kHalvesPerLevel = 64;
constexpr float kHalfStep = 1 / (128 * kHalvesPerLevel);  // as MTCNN's networks take pixels

std::size_t RoundedUp(std::size_t count, std::size_t to) { return (count + to - 1) / to * to; }

// What activations mean: low + number * step. Halves have room for twice what is usual.
Bytes ScaleOf(CropNumbers numbers, float low, float high) {
  if (numbers == CropNumbers::kBytes) return BytesOf(low, high);
  if (numbers == CropNumbers::kFloats) return {};
  return {0, 2 * std::max(std::abs(low), std::abs(high)) / MostOf(numbers)};
}

Bytes PixelScale(CropNumbers numbers) {
  if (numbers == CropNumbers::kFloats) return {};
  return numbers == CropNumbers::kBytes ? kPixelBytes : Bytes{0, kHalfStep};
}

// Where the input of a layer lies.
struct Input {
  std::size_t side = 0;
  std::size_t channels = 0;
  std::size_t pitch = 0;  // values from a pixel to the next
};

// The greatest weight's size as a number: sums must not leave 32 bits whatever the activations are.
float StepOf(CropNumbers numbers, float largest, float sum) {
  if (numbers == CropNumbers::kFloats) return 1;
  if (numbers == CropNumbers::kBytes) return std::max(largest, 1e-12F) / 127.0F;
  // Rounding may add half a step to every weight: a thousandth is kept free for that.
  constexpr float kSumMost =
      0.999F * static_cast<float>(std::numeric_limits<std::int32_t>::max()) / 8191.0F;
  return std::max({largest / 32767.0F, sum / kSumMost, 1e-12F});
}

// The words of one window. Pixels of a row that lie densely are read through.
void PlaceWords(CropLayer& layer, const Input& in, std::size_t kernel, CropNumbers numbers,
                std::vector<std::pair<std::size_t, std::size_t>>& values) {
  const std::size_t each = BytesEach(numbers);
  const std::size_t per_word = 4 / each;
  const bool dense = in.pitch == in.channels;
  const std::size_t runs = dense ? kernel : kernel * kernel;
  const std::size_t run = dense ? kernel * in.channels : in.channels;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::size_t from =
        dense ? i * in.side * in.pitch : (i / kernel * in.side + i % kernel) * in.pitch;
    for (std::size_t value = 0; value < run; value += per_word)
      layer.words.push_back(static_cast<std::int32_t>((from + value) * each));
  }
  // values[tap * channels + channel]: its word and its place there.
  const std::size_t words_per_run = (run + per_word - 1) / per_word;
  for (std::size_t i = 0; i < kernel * kernel * in.channels; ++i) {
    values.emplace_back(i / run * words_per_run + i % run / per_word, i % run % per_word);
  }
}

void FillOutput(CropLayer& layer, const CropLayerWeights& weights, std::size_t output,
                CropNumbers numbers, Bytes in, Bytes out,
                const std::vector<std::pair<std::size_t, std::size_t>>& values) {
  const std::size_t taps = weights.kernel * weights.kernel;
  const std::size_t channels = values.size() / taps;
  const float* of_output = weights.weights.data() + output * values.size();
  float largest = 0;
  double sum = 0;
  double size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max(largest, std::abs(of_output[i]));
    sum += static_cast<double>(of_output[i]);
    size += static_cast<double>(std::abs(of_output[i]));
  }
  const float step = StepOf(numbers, largest, static_cast<float>(size));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [word, place] = values[i % taps * channels + i / taps];
    std::uint32_t& to = layer.weights[word * layer.outputs + output];
    if (numbers == CropNumbers::kFloats) {
      to = std::bit_cast<std::uint32_t>(of_output[i]);
      continue;
    }
    const long rounded = std::lrint(of_output[i] / step);
    if (numbers == CropNumbers::kBytes) {
      PutByte(to, place, static_cast<std::int8_t>(rounded));
    } else {
      PutHalf(to, place, static_cast<std::int16_t>(rounded));
    }
  }
  layer.scale[output] = step * in.step / out.step;
  layer.bias[output] = static_cast<float>(static_cast<double>(weights.bias[output]) +
                                          sum * static_cast<double>(in.low)) /
                       out.step;
  layer.slope_less_one[output] = weights.slope[output] - 1;
}

// The sixteen weights of a tile for one 3 x 3 window.
std::array<double, 16> TileWeights(const float* window) {
  constexpr double kBy[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  std::array<double, 16> tile{};
  for (std::size_t at = 0; at < 16; ++at) {
    for (std::size_t tap = 0; tap < 9; ++tap)
      tile[at] += kBy[at / 4][tap / 3] * kBy[at % 4][tap % 3] * static_cast<double>(window[tap]);
  }
  return tile;
}

// The layer by tiles. Its sums are those of FillOutput's, but for the rounding of the weights.
void FillTiles(CropLayer& layer, const CropLayerWeights& weights, Bytes in, Bytes out) {
  const std::size_t pairs = layer.inputs / 2;
  layer.tile_weights.resize(16 * pairs * layer.outputs);
  std::vector<std::array<double, 16>> tiles(layer.inputs);
  for (std::size_t output = 0; output < layer.outputs; ++output) {
    const float* of_output = weights.weights.data() + output * layer.inputs * 9;
    double size = 0;
    double largest = 0;
    for (std::size_t i = 0; i < layer.inputs * 9; ++i)
      size += static_cast<double>(std::abs(of_output[i]));
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      tiles[i] = TileWeights(of_output + i * 9);
      for (const double weight : tiles[i]) largest = std::max(largest, std::abs(weight));
    }
    // What comes out must not leave 32 bits, and every weight is off by half a step at most.
    const float step =
        1.01F * StepOf(CropNumbers::kHalves, static_cast<float>(largest), static_cast<float>(size));
    for (std::size_t i = 0; i < layer.inputs; ++i) {
      for (std::size_t at = 0; at < 16; ++at) {
        const long rounded = std::lrint(tiles[i][at] / static_cast<double>(step));
        PutHalf(layer.tile_weights[(at * pairs + i / 2) * layer.outputs + output], i % 2,
                static_cast<std::int16_t>(rounded));
      }
    }
    layer.scale[output] = step * in.step / out.step;
  }
}

CropLayer MakeLayer(const CropLayerWeights& weights, const Input& in, CropNumbers numbers,
                    Bytes scale_in, bool last) {
  const std::size_t outputs = weights.bias.size();
  VIGIL_CHECK(weights.kernel <= in.side && weights.slope.size() == outputs &&
              weights.weights.size() == outputs * weights.kernel * weights.kernel * in.channels);
  CropLayer layer;
  layer.side_out = in.side - weights.kernel + 1;
  layer.pooling = weights.pooling;
  layer.outputs = RoundedUp(outputs, kLanes);
  layer.rounded = !last && numbers != CropNumbers::kFloats;
  for (std::size_t at = 0; at < layer.side_out * layer.side_out; ++at) {
    const std::size_t pixel = at / layer.side_out * in.side + at % layer.side_out;
    layer.windows.push_back(static_cast<std::int32_t>(pixel * in.pitch * BytesEach(numbers)));
  }
  std::vector<std::pair<std::size_t, std::size_t>> values;
  PlaceWords(layer, in, weights.kernel, numbers, values);
  layer.weights.resize(layer.words.size() * layer.outputs);
  layer.scale.resize(layer.outputs);
  layer.bias.resize(layer.outputs);
  layer.slope_less_one.resize(layer.outputs);
  const Bytes out = last ? Bytes{} : ScaleOf(numbers, weights.low, weights.high);
  layer.zero = -out.low / out.step;
  for (std::size_t output = 0; output < outputs; ++output)
    FillOutput(layer, weights, output, numbers, scale_in, out, values);
  layer.side_in = in.side;
  layer.inputs = in.channels;
  const bool fills =
      in.pitch == in.channels && in.channels % 32 == 0 && in.channels <= 64 && outputs % 64 == 0;
  if (numbers == CropNumbers::kHalves && weights.kernel == 3 && weights.pooling != 0 && fills)
    FillTiles(layer, weights, scale_in, out);
  return layer;
}

CropHeads MakeHeads(const CropNetworkWeights& weights, std::size_t inputs) {
  const std::size_t outputs = weights.heads_bias.size();
  VIGIL_CHECK(outputs >= 6 && outputs <= kLanes && inputs % 4 == 0 &&
              weights.heads.size() == outputs * inputs);
  CropHeads heads;
  heads.weights.resize(inputs * kLanes);
  heads.bias.resize(kLanes);
  for (std::size_t output = 0; output < outputs; ++output) {
    heads.bias[output] = weights.heads_bias[output];
    for (std::size_t i = 0; i < inputs; ++i)
      heads.weights[i * kLanes + output] = weights.heads[output * inputs + i];
  }
  return heads;
}

VIGIL_SIMD_CLONES
void RoundToHalves(const float* rgb0, std::size_t pixels, std::int16_t* out) {
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      out[3 * i + channel] = static_cast<std::int16_t>(
          static_cast<std::int32_t>(rgb0[4 * i + channel] * kHalvesPerLevel + 0.5F) - 8160);
    }
  }
}

VIGIL_SIMD_CLONES
void HalvesToBytes(const std::int16_t* halves, std::size_t count, std::uint8_t* bytes) {
  for (std::size_t i = 0; i < count; ++i)
    bytes[i] = static_cast<std::uint8_t>((halves[i] + 8160 + 32) >> 6);
}

VIGIL_SIMD_CLONES
void HalvesToFloats(const std::int16_t* halves, std::size_t count, float* floats) {
  for (std::size_t i = 0; i < count; ++i) floats[i] = static_cast<float>(halves[i]) * kHalfStep;
}

}  // namespace

float CropAnswer::Score() const { return 1.0F / (1.0F + std::exp(values[0] - values[1])); }

void StoreAsHalves(std::span<const float> rgb0, int row, std::int16_t* crop) {
  const std::size_t width = rgb0.size() / 4;
  RoundToHalves(rgb0.data(), width, crop + static_cast<std::size_t>(row) * 3 * width);
}

std::shared_ptr<const CropTables> MakeCropTables(const CropNetworkWeights& weights,
                                                 CropNumbers numbers) {
  auto tables = std::make_shared<CropTables>();
  tables->numbers = numbers;
  tables->side = weights.side;
  Input in{weights.side, 3, 3};
  Bytes scale = PixelScale(numbers);
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const CropLayerWeights& from = weights.layers[i];
    const bool last = i + 1 == weights.layers.size();
    const CropLayer& made = tables->layers.emplace_back(MakeLayer(from, in, numbers, scale, last));
    in = {made.SidePooled(), from.bias.size(), made.outputs};
    scale = ScaleOf(numbers, from.low, from.high);
  }
  VIGIL_CHECK(in.side == 1);
  tables->heads = MakeHeads(weights, in.channels);
  return tables;
}

std::size_t CropNetwork::BytesOf(const CropLayer& layer, std::size_t side) const {
  const std::size_t each = layer.rounded ? BytesEach(tables_->numbers) : sizeof(float);
  return side * side * layer.outputs * each + kSlackBytes;
}

CropNetwork::CropNetwork(std::shared_ptr<const CropTables> tables, std::size_t crops_max)
    : tables_(std::move(tables)) {
  const std::vector<CropLayer>& layers = tables_->layers;
  // The trailing layers of few pixels each.
  together_ = layers.size();
  while (together_ > 1 && layers[together_ - 1].pooling == 0) --together_;
  std::size_t most = CropSize() * sizeof(float);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    VIGIL_CHECK(i >= together_ || layers[i].pooling != 0);
    most = std::max(most, BytesOf(layers[i], layers[i].side_out));
    if (i + 1 >= together_) pitch_ = std::max(pitch_, BytesOf(layers[i], layers[i].SidePooled()));
  }
  for (auto& buffer : one_) buffer.resize(most);
  pitch_ = RoundedUp(pitch_, 64);
  for (auto& buffer : all_) buffer.resize(crops_max * pitch_);
}

const std::uint8_t* CropNetwork::InputOf(const std::int16_t* crop) {
  if (tables_->numbers == CropNumbers::kHalves) return reinterpret_cast<const std::uint8_t*>(crop);
  const std::size_t count = 3 * tables_->side * tables_->side;
  if (tables_->numbers == CropNumbers::kBytes) {
    HalvesToBytes(crop, count, one_[0].data());
  } else {
    HalvesToFloats(crop, count, reinterpret_cast<float*>(one_[0].data()));
  }
  return one_[0].data();
}

template <class Kernel>
void CropNetwork::RunAlone(const std::int16_t* crop, std::size_t index) {
  const std::uint8_t* in = InputOf(crop);
  for (std::size_t i = 0; i < together_; ++i) {
    const CropLayer& layer = tables_->layers[i];
    Kernel::Convolve(layer, tables_->numbers, {.in = in, .out = one_[1].data()});
    std::uint8_t* pooled = i + 1 == together_ ? all_[0].data() + index * pitch_ : one_[0].data();
    Kernel::Pool(layer, tables_->numbers, one_[1].data(), pooled);
    in = pooled;
  }
}

template <class Kernel>
void CropNetwork::JudgeWith(std::span<const std::int16_t* const> crops,
                            std::span<CropAnswer> answers) {
  VIGIL_CHECK(crops.size() * pitch_ <= all_[0].size() && answers.size() >= crops.size());
  if (crops.empty()) return;
  for (std::size_t i = 0; i < crops.size(); ++i) RunAlone<Kernel>(crops[i], i);
  std::size_t from = 0;
  for (std::size_t i = together_; i < tables_->layers.size(); ++i, from = 1 - from) {
    Kernel::Convolve(tables_->layers[i], tables_->numbers,
                     {.in = all_[from].data(),
                      .pitch_in = pitch_,
                      .crops = crops.size(),
                      .out = all_[1 - from].data(),
                      .pitch_out = pitch_});
  }
  for (std::size_t i = 0; i < crops.size(); ++i) {
    Kernel::Answer(tables_->heads, reinterpret_cast<const float*>(all_[from].data() + i * pitch_),
                   answers[i].values.data());
  }
}

void CropNetwork::Judge(std::span<const std::int16_t* const> crops, std::span<CropAnswer> answers) {
  JudgeWith<VnniCropKernel>(crops, answers);
}

void CropNetwork::JudgePlainly(std::span<const std::int16_t* const> crops,
                               std::span<CropAnswer> answers) {
  JudgeWith<PlainCropKernel>(crops, answers);
}

}  // namespace vigil::vision
