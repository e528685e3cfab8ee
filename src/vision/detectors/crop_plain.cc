// The layers of a CropNetwork without any instruction set: what the fast kernel must equal.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "vision/detectors/byte_products.h"
#include "vision/detectors/crop_kernels.h"

namespace vigil::vision {
namespace {

std::uint32_t WordAt(const std::uint8_t* from) {
  std::uint32_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

float Activate(const CropLayer& layer, std::size_t output, float sum) {
  const float value = std::fma(sum, layer.scale[output], layer.bias[output]);
  return std::fma(std::min(value, 0.0F), layer.slope_less_one[output], value);
}

// `weights`: the first word's weight of the output.
float SumAt(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* window,
            const std::uint32_t* weights) {
  std::int32_t sum = 0;
  float floats = 0;
  for (std::size_t i = 0; i < layer.words.size(); ++i, weights += layer.outputs) {
    const std::uint32_t word = WordAt(window + layer.words[i]);
    if (numbers == CropNumbers::kFloats) {
      floats = std::fma(std::bit_cast<float>(word), std::bit_cast<float>(*weights), floats);
    } else {
      sum += numbers == CropNumbers::kBytes ? ProductOfBytes(word, *weights)
                                            : ProductOfHalves(word, *weights);
    }
  }
  return numbers == CropNumbers::kFloats ? floats : static_cast<float>(sum);
}

template <class Value>
void PoolValues(const CropLayer& layer, const Value* in, Value* out) {
  const std::size_t side = layer.side_out;
  for (std::size_t y = 0; y < layer.SidePooled(); ++y) {
    for (std::size_t x = 0; x < layer.SidePooled(); ++x) {
      for (std::size_t channel = 0; channel < layer.outputs; ++channel) {
        Value largest = in[(2 * y * side + 2 * x) * layer.outputs + channel];
        for (std::size_t dy = 2 * y; dy < std::min(2 * y + layer.pooling, side); ++dy) {
          for (std::size_t dx = 2 * x; dx < std::min(2 * x + layer.pooling, side); ++dx)
            largest = std::max(largest, in[(dy * side + dx) * layer.outputs + channel]);
        }
        *out++ = largest;
      }
    }
  }
}

void StoreHalf(const CropLayer& layer, std::size_t output, std::int32_t sum, std::uint8_t* out) {
  const float value = Activate(layer, output, static_cast<float>(sum)) + layer.zero;
  const auto rounded = static_cast<std::int16_t>(std::lrint(
      std::min(std::max(value, LeastOf(CropNumbers::kHalves)), MostOf(CropNumbers::kHalves))));
  std::memcpy(out + output * sizeof(rounded), &rounded, sizeof(rounded));
}

// The four outputs of one tile for one output channel, modulo 2^32. `pixels`: [input][place].
void SumTile(const CropLayer& layer, std::size_t output,
             const std::vector<std::array<std::int32_t, 16>>& pixels, std::uint32_t (&out)[4]) {
  std::uint32_t sums[16] = {};
  for (std::size_t at = 0; at < 16; ++at) {
    for (std::size_t pair = 0; pair < layer.inputs / 2; ++pair) {
      const std::uint32_t weights =
          layer.tile_weights[(at * layer.inputs / 2 + pair) * layer.outputs + output];
      const std::uint32_t halves = (static_cast<std::uint32_t>(pixels[2 * pair][at]) & 0xFFFFU) |
                                   static_cast<std::uint32_t>(pixels[2 * pair + 1][at]) << 16;
      sums[at] += static_cast<std::uint32_t>(ProductOfHalves(halves, weights));
    }
  }
  FinishTile(sums, out);
}

void ConvolveTiles(const CropLayer& layer, const std::uint8_t* in, std::uint8_t* out) {
  std::vector<std::array<std::int32_t, 16>> pixels(layer.inputs);
  for (std::size_t tile = 0; tile < layer.TilesBeside() * layer.TilesBeside(); ++tile) {
    const std::size_t top = tile / layer.TilesBeside() * 2;
    const std::size_t left = tile % layer.TilesBeside() * 2;
    for (std::size_t input = 0; input < layer.inputs; ++input) {
      std::int32_t before[16];
      std::int32_t after[16];
      for (std::size_t at = 0; at < 16; ++at) {
        const std::size_t y = std::min(top + at / 4, layer.side_in - 1);
        const std::size_t x = std::min(left + at % 4, layer.side_in - 1);
        std::int16_t value = 0;
        std::memcpy(&value, in + ((y * layer.side_in + x) * layer.inputs + input) * sizeof(value),
                    sizeof(value));
        before[at] = value;
      }
      TransformTile(before, after);
      std::ranges::copy(after, pixels[input].begin());
    }
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      std::uint32_t sums[4];
      SumTile(layer, output, pixels, sums);
      for (std::size_t at = 0; at < 4; ++at) {
        const std::size_t y = top + at / 2;
        const std::size_t x = left + at % 2;
        if (y >= layer.side_out || x >= layer.side_out) continue;
        StoreHalf(layer, output, static_cast<std::int32_t>(sums[at]),
                  out + (y * layer.side_out + x) * layer.outputs * sizeof(std::int16_t));
      }
    }
  }
}

}  // namespace

void PlainCropKernel::Convolve(const CropLayer& layer, CropNumbers numbers, const CropRun& run) {
  if (!layer.tile_weights.empty()) {
    for (std::size_t crop = 0; crop < run.crops; ++crop)
      ConvolveTiles(layer, run.in + crop * run.pitch_in, run.out + crop * run.pitch_out);
    return;
  }
  const std::size_t each = layer.rounded ? BytesEach(numbers) : sizeof(float);
  for (std::size_t crop = 0; crop < run.crops; ++crop) {
    for (std::size_t at = 0; at < layer.windows.size(); ++at) {
      const std::uint8_t* window = run.in + crop * run.pitch_in + layer.windows[at];
      std::uint8_t* out = run.out + crop * run.pitch_out + at * layer.outputs * each;
      for (std::size_t output = 0; output < layer.outputs; ++output) {
        const float value =
            Activate(layer, output, SumAt(layer, numbers, window, layer.weights.data() + output));
        if (!layer.rounded) {
          std::memcpy(out + output * each, &value, each);
          continue;
        }
        const float shifted =
            std::min(std::max(value + layer.zero, LeastOf(numbers)), MostOf(numbers));
        const auto rounded = static_cast<std::int16_t>(std::lrint(shifted));
        std::memcpy(out + output * each, &rounded, each);  // the low byte comes first
      }
    }
  }
}

void PlainCropKernel::Pool(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* in,
                           std::uint8_t* out) {
  if (numbers == CropNumbers::kBytes) {
    PoolValues(layer, in, out);
  } else if (numbers == CropNumbers::kHalves) {
    PoolValues(layer, reinterpret_cast<const std::int16_t*>(in),
               reinterpret_cast<std::int16_t*>(out));
  } else {
    PoolValues(layer, reinterpret_cast<const float*>(in), reinterpret_cast<float*>(out));
  }
}

void PlainCropKernel::Answer(const CropHeads& heads, const float* in, float* answer) {
  // Four sums, so that the fast kernel need not wait for one.
  for (std::size_t output = 0; output < 16; ++output) {
    float sums[4] = {heads.bias[output], 0, 0, 0};
    for (std::size_t i = 0; i < heads.weights.size() / 16; ++i)
      sums[i % 4] = std::fma(in[i], heads.weights[16 * i + output], sums[i % 4]);
    answer[output] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

}  // namespace vigil::vision
