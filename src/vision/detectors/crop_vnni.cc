// The layers of a CropNetwork with AVX-512 VNNI: sixteen outputs a register, several pixels beside
// each other, so that each weight is loaded once for all of them.
#include "vision/detectors/byte_products.h"
#include "vision/detectors/crop_kernels.h"

#if VIGIL_HAS_VNNI_KERNEL

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <utility>

#define VIGIL_VNNI_INLINE VIGIL_VNNI __attribute__((always_inline)) inline

namespace vigil::vision {
namespace {

constexpr std::size_t kLanes = 16;

// Sums have the type of their numbers: where the compiler sees floats in whole numbers' clothes, it
// copies every sum.
template <CropNumbers numbers>
struct LanesOf {
  using Type = SumLanes;
};
template <>
struct LanesOf<CropNumbers::kFloats> {
  using Type [[gnu::vector_size(64)]] = float;
};
template <CropNumbers numbers>
using Lanes = typename LanesOf<numbers>::Type;

template <CropNumbers numbers>
VIGIL_VNNI_INLINE Lanes<numbers> AddProducts(Lanes<numbers> sum, __m512i in, __m512i weights) {
  if constexpr (numbers == CropNumbers::kFloats) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(in), _mm512_castsi512_ps(weights), sum);
  } else if constexpr (numbers == CropNumbers::kBytes) {
    return reinterpret_cast<SumLanes>(
        _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), in, weights));
  } else {
    return reinterpret_cast<SumLanes>(
        _mm512_dpwssd_epi32(reinterpret_cast<__m512i>(sum), in, weights));
  }
}

template <CropNumbers numbers>
VIGIL_VNNI_INLINE __m512 AsFloats(Lanes<numbers> sum) {
  if constexpr (numbers == CropNumbers::kFloats) {
    return sum;
  } else {
    return _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum));
  }
}

VIGIL_VNNI_INLINE __m512i RepeatWord(const std::uint8_t* from) {
  std::int32_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return _mm512_set1_epi32(word);
}

// PReLU after scale and bias, of sixteen outputs from `output` on.
VIGIL_VNNI_INLINE __m512 Activate(const CropLayer& layer, std::size_t output, __m512 sum) {
  const __m512 value = _mm512_fmadd_ps(sum, _mm512_loadu_ps(layer.scale.data() + output),
                                       _mm512_loadu_ps(layer.bias.data() + output));
  return _mm512_fmadd_ps(_mm512_min_ps(value, _mm512_setzero_ps()),
                         _mm512_loadu_ps(layer.slope_less_one.data() + output), value);
}

template <CropNumbers numbers>
VIGIL_VNNI_INLINE void Round(const CropLayer& layer, __m512 value, std::uint8_t* out) {
  const __m512 shifted = _mm512_add_ps(value, _mm512_set1_ps(layer.zero));
  const __m512i rounded = _mm512_cvtps_epi32(_mm512_min_ps(
      _mm512_max_ps(shifted, _mm512_set1_ps(LeastOf(numbers))), _mm512_set1_ps(MostOf(numbers))));
  if constexpr (numbers == CropNumbers::kBytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(rounded));
  } else {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_cvtepi32_epi16(rounded));
  }
}

// Sums of several vectors of outputs. Loops over them are written as folds: the compiler keeps an
// array in registers only where it sees every index as a constant from the start.
template <CropNumbers numbers, std::size_t vectors>
using Sums = Lanes<numbers>[vectors];

template <CropNumbers numbers, std::size_t vectors, std::size_t... vector>
VIGIL_VNNI_INLINE void Clear(Sums<numbers, vectors>& sums, std::index_sequence<vector...>) {
  ((sums[vector] = Lanes<numbers>{}), ...);
}

template <CropNumbers numbers, std::size_t vectors, std::size_t... vector>
VIGIL_VNNI_INLINE void AddWord(Sums<numbers, vectors>& sums, const std::uint8_t* word,
                               const __m512i (&weights)[vectors], std::index_sequence<vector...>) {
  const __m512i value = RepeatWord(word);
  ((sums[vector] = AddProducts<numbers>(sums[vector], value, weights[vector])), ...);
}

// `first`: the first vector's output.
template <CropNumbers numbers, bool rounded, std::size_t vectors, std::size_t... vector>
VIGIL_VNNI_INLINE void StoreSums(const CropLayer& layer, std::size_t first,
                                 const Sums<numbers, vectors>& sums, std::uint8_t* out,
                                 std::index_sequence<vector...>) {
  constexpr std::size_t kEach = rounded ? BytesEach(numbers) : sizeof(float);
  const auto store = [&](std::size_t output, Lanes<numbers> sum) VIGIL_VNNI {
    const __m512 value = Activate(layer, output, AsFloats<numbers>(sum));
    if constexpr (rounded) {
      Round<numbers>(layer, value, out + output * kEach);
    } else {
      _mm512_storeu_ps(out + output * kEach, value);
    }
  };
  (store(first + vector * kLanes, sums[vector]), ...);
}

// `vectors` times sixteen outputs of `pixels` windows.
template <CropNumbers numbers, std::size_t vectors, std::size_t pixels, std::size_t... vector,
          std::size_t... pixel>
VIGIL_VNNI_INLINE void Windows(const CropLayer& layer, std::size_t first,
                               const std::uint8_t* const (&in)[pixels],
                               std::uint8_t* const (&out)[pixels],
                               std::index_sequence<vector...> all_vectors,
                               std::index_sequence<pixel...>) {
  Sums<numbers, vectors> sums[pixels];
  (Clear<numbers, vectors>(sums[pixel], all_vectors), ...);
  const std::uint32_t* weights = layer.weights.data() + first;
  for (const std::int32_t word : layer.words) {
    const __m512i by[vectors] = {_mm512_loadu_si512(weights + vector * kLanes)...};
    (AddWord<numbers, vectors>(sums[pixel], in[pixel] + word, by, all_vectors), ...);
    weights += layer.outputs;
  }
  if (layer.rounded) {
    (StoreSums<numbers, true, vectors>(layer, first, sums[pixel], out[pixel], all_vectors), ...);
  } else {
    (StoreSums<numbers, false, vectors>(layer, first, sums[pixel], out[pixel], all_vectors), ...);
  }
}

// All windows of all crops, `pixels` at once. The last turn repeats the last window.
template <CropNumbers numbers, std::size_t vectors>
VIGIL_VNNI void ConvolveAll(const CropLayer& layer, const CropRun& run) {
  constexpr std::size_t kPixels = vectors == 4 ? 6 : 8;
  const std::size_t each = layer.rounded ? BytesEach(numbers) : sizeof(float);
  const std::size_t count = layer.windows.size();
  for (std::size_t first = 0; first < layer.outputs; first += vectors * kLanes) {
    std::size_t crop = 0;
    std::size_t at = 0;
    for (std::size_t done = 0; done < run.crops * count; done += kPixels) {
      const std::uint8_t* in[kPixels];
      std::uint8_t* out[kPixels];
      for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
        in[pixel] = run.in + crop * run.pitch_in + layer.windows[at];
        out[pixel] = run.out + crop * run.pitch_out + at * layer.outputs * each;
        if (done + pixel + 1 >= run.crops * count) continue;
        if (++at == count) {
          at = 0;
          ++crop;
        }
      }
      Windows<numbers, vectors, kPixels>(layer, first, in, out, std::make_index_sequence<vectors>(),
                                         std::make_index_sequence<kPixels>());
    }
  }
}

constexpr std::size_t kTilesAtOnce = 6;
constexpr std::size_t kTileVectors = 4;
constexpr std::size_t kTileOutputs = kTileVectors * kLanes;
constexpr std::size_t kTileInputsMax = 64;
using HalfLanes [[gnu::vector_size(64)]] = std::int16_t;
using WrappingLanes [[gnu::vector_size(64)]] = std::uint32_t;  // may overflow

// The sums of pixels of tile `tile` to out[place][input], the places `pitch` apart.
VIGIL_VNNI void CutTile(const CropLayer& layer, const std::uint8_t* in, std::size_t tile,
                        std::int16_t* out, std::size_t pitch) {
  const std::size_t top = tile / layer.TilesBeside() * 2;
  const std::size_t left = tile % layer.TilesBeside() * 2;
  for (std::size_t input = 0; input < layer.inputs; input += 2 * kLanes) {
    HalfLanes pixels[16];
    HalfLanes sums[16];
#pragma GCC unroll 16
    for (std::size_t at = 0; at < 16; ++at) {
      // Outputs that exist do not hang on pixels beyond the end.
      const std::size_t y = std::min(top + at / 4, layer.side_in - 1);
      const std::size_t x = std::min(left + at % 4, layer.side_in - 1);
      std::memcpy(&pixels[at], in + ((y * layer.side_in + x) * layer.inputs + input) * 2,
                  sizeof(pixels[at]));
    }
    TransformTile(pixels, sums);
#pragma GCC unroll 16
    for (std::size_t at = 0; at < 16; ++at)
      std::memcpy(out + at * pitch + input, &sums[at], sizeof(sums[at]));
  }
}

template <std::size_t... vector>
VIGIL_VNNI_INLINE void KeepSums(const Sums<CropNumbers::kHalves, kTileVectors>& sums, SumLanes* out,
                                std::index_sequence<vector...>) {
  ((out[vector] = sums[vector]), ...);
}

// One place of kTilesAtOnce tiles: 64 outputs each.
template <std::size_t... vector, std::size_t... tile>
VIGIL_VNNI_INLINE void MultiplyTiles(const CropLayer& layer, const std::uint32_t* weights,
                                     const std::int16_t* in,
                                     SumLanes (&out)[kTilesAtOnce][kTileVectors],
                                     std::index_sequence<vector...> all_vectors,
                                     std::index_sequence<tile...>) {
  Sums<CropNumbers::kHalves, kTileVectors> sums[kTilesAtOnce];
  (Clear<CropNumbers::kHalves, kTileVectors>(sums[tile], all_vectors), ...);
  const auto* words = reinterpret_cast<const std::uint8_t*>(in);
  for (std::size_t pair = 0; pair < layer.inputs / 2; ++pair, words += 4) {
    const __m512i by[kTileVectors] = {_mm512_loadu_si512(weights + vector * kLanes)...};
    (AddWord<CropNumbers::kHalves, kTileVectors>(sums[tile], words + tile * layer.inputs * 2, by,
                                                 all_vectors),
     ...);
    weights += layer.outputs;
  }
  (KeepSums(sums[tile], out[tile], all_vectors), ...);
}

// Writes the outputs of a tile that exist, sixteen channels from `output` on.
VIGIL_VNNI_INLINE void StoreTile(const CropLayer& layer, std::size_t tile, std::size_t output,
                                 const WrappingLanes (&sums)[16], std::uint8_t* out) {
  WrappingLanes outputs[4];
  FinishTile(sums, outputs);
  const std::size_t top = tile / layer.TilesBeside() * 2;
  const std::size_t left = tile % layer.TilesBeside() * 2;
#pragma GCC unroll 4
  for (std::size_t at = 0; at < 4; ++at) {
    const std::size_t y = top + at / 2;
    const std::size_t x = left + at % 2;
    if (y >= layer.side_out || x >= layer.side_out) continue;
    StoreSums<CropNumbers::kHalves, true, 1>(
        layer, output, {reinterpret_cast<SumLanes>(outputs[at])},
        out + (y * layer.side_out + x) * layer.outputs * 2, std::make_index_sequence<1>());
  }
}

VIGIL_VNNI void ConvolveTiles(const CropLayer& layer, const std::uint8_t* in, std::uint8_t* out) {
  alignas(64) std::int16_t pixels[16 * kTilesAtOnce * kTileInputsMax];
  SumLanes sums[16][kTilesAtOnce][kTileVectors];
  const std::size_t count = layer.TilesBeside() * layer.TilesBeside();
  const std::size_t pitch = kTilesAtOnce * layer.inputs;
  for (std::size_t first = 0; first < count; first += kTilesAtOnce) {
    // The last turn repeats the last tile.
    for (std::size_t i = 0; i < kTilesAtOnce; ++i)
      CutTile(layer, in, std::min(first + i, count - 1), pixels + i * layer.inputs, pitch);
    for (std::size_t output = 0; output < layer.outputs; output += kTileOutputs) {
      for (std::size_t at = 0; at < 16; ++at) {
        MultiplyTiles(layer,
                      layer.tile_weights.data() + at * layer.inputs / 2 * layer.outputs + output,
                      pixels + at * pitch, sums[at], std::make_index_sequence<kTileVectors>(),
                      std::make_index_sequence<kTilesAtOnce>());
      }
      for (std::size_t i = 0; i < std::min(kTilesAtOnce, count - first); ++i) {
        for (std::size_t vector = 0; vector < kTileVectors; ++vector) {
          WrappingLanes of_tile[16];
#pragma GCC unroll 16
          for (std::size_t at = 0; at < 16; ++at)
            of_tile[at] = reinterpret_cast<WrappingLanes>(sums[at][i][vector]);
          StoreTile(layer, first + i, output + vector * kLanes, of_tile, out);
        }
      }
    }
  }
}

template <CropNumbers numbers>
void ConvolveIn(const CropLayer& layer, const CropRun& run) {
  const std::size_t vectors = layer.outputs / kLanes;
  if (vectors % 4 == 0) return ConvolveAll<numbers, 4>(layer, run);
  if (vectors % 3 == 0) return ConvolveAll<numbers, 3>(layer, run);
  if (vectors % 2 == 0) return ConvolveAll<numbers, 2>(layer, run);
  ConvolveAll<numbers, 1>(layer, run);
}

template <CropNumbers numbers>
VIGIL_VNNI_INLINE __m512i Largest(__m512i a, __m512i b) {
  if constexpr (numbers == CropNumbers::kBytes) {
    return _mm512_max_epu8(a, b);
  } else if constexpr (numbers == CropNumbers::kFloats) {
    return _mm512_castps_si512(_mm512_max_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b)));
  } else {
    return _mm512_max_epi16(a, b);
  }
}

// Registers of 64 bytes; `mask` cuts off what reaches beyond a pixel.
template <CropNumbers numbers>
VIGIL_VNNI void PoolAll(const CropLayer& layer, const std::uint8_t* in, std::uint8_t* out) {
  const std::size_t side = layer.side_out;
  const std::size_t pixel = layer.outputs * BytesEach(numbers);
  for (std::size_t y = 0; y < layer.SidePooled(); ++y) {
    const std::size_t last_y = std::min(2 * y + layer.pooling, side);
    for (std::size_t x = 0; x < layer.SidePooled(); ++x, out += pixel) {
      const std::size_t last_x = std::min(2 * x + layer.pooling, side);
      for (std::size_t at = 0; at < pixel; at += 64) {
        const __mmask64 mask = pixel - at >= 64 ? ~0ULL : (1ULL << (pixel - at)) - 1;
        __m512i largest = _mm512_maskz_loadu_epi8(mask, in + (2 * y * side + 2 * x) * pixel + at);
        for (std::size_t dy = 2 * y; dy < last_y; ++dy) {
          for (std::size_t dx = 2 * x; dx < last_x; ++dx) {
            largest = Largest<numbers>(
                largest, _mm512_maskz_loadu_epi8(mask, in + (dy * side + dx) * pixel + at));
          }
        }
        _mm512_mask_storeu_epi8(out + at, mask, largest);
      }
    }
  }
}

}  // namespace

void VnniCropKernel::Convolve(const CropLayer& layer, CropNumbers numbers, const CropRun& run) {
  if (!layer.tile_weights.empty()) {
    for (std::size_t crop = 0; crop < run.crops; ++crop)
      ConvolveTiles(layer, run.in + crop * run.pitch_in, run.out + crop * run.pitch_out);
  } else if (numbers == CropNumbers::kBytes) {
    ConvolveIn<CropNumbers::kBytes>(layer, run);
  } else if (numbers == CropNumbers::kFloats) {
    ConvolveIn<CropNumbers::kFloats>(layer, run);
  } else {
    ConvolveIn<CropNumbers::kHalves>(layer, run);
  }
}

void VnniCropKernel::Pool(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* in,
                          std::uint8_t* out) {
  if (numbers == CropNumbers::kBytes) {
    PoolAll<CropNumbers::kBytes>(layer, in, out);
  } else if (numbers == CropNumbers::kFloats) {
    PoolAll<CropNumbers::kFloats>(layer, in, out);
  } else {
    PoolAll<CropNumbers::kHalves>(layer, in, out);
  }
}

VIGIL_VNNI void VnniCropKernel::Answer(const CropHeads& heads, const float* in, float* answer) {
  __m512 sums[4] = {_mm512_loadu_ps(heads.bias.data()), _mm512_setzero_ps(), _mm512_setzero_ps(),
                    _mm512_setzero_ps()};
  const std::size_t inputs = heads.weights.size() / kLanes;
  for (std::size_t i = 0; i < inputs; i += 4) {
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
      sums[j] = _mm512_fmadd_ps(_mm512_set1_ps(in[i + j]),
                                _mm512_loadu_ps(heads.weights.data() + (i + j) * kLanes), sums[j]);
    }
  }
  _mm512_storeu_ps(answer,
                   _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
}

}  // namespace vigil::vision

#else

namespace vigil::vision {

void VnniCropKernel::Convolve(const CropLayer& layer, CropNumbers numbers, const CropRun& run) {
  PlainCropKernel::Convolve(layer, numbers, run);
}
void VnniCropKernel::Pool(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* in,
                          std::uint8_t* out) {
  PlainCropKernel::Pool(layer, numbers, in, out);
}
void VnniCropKernel::Answer(const CropHeads& heads, const float* in, float* answer) {
  PlainCropKernel::Answer(heads, in, answer);
}

}  // namespace vigil::vision

#endif
