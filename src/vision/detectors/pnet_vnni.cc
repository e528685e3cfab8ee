// P-Net's scan with AVX-512 VNNI: sixteen pixels a register, four channels a product. Compiled for
// that instruction set function by function, so the rest of the program runs anywhere.
#include "vision/detectors/byte_products.h"
#include "vision/detectors/pnet_kernels.h"

#if VIGIL_HAS_VNNI_KERNEL

#include <immintrin.h>

#include <bit>

#define VIGIL_VNNI_INLINE VIGIL_VNNI __attribute__((always_inline)) inline

namespace vigil::vision {
namespace {

constexpr int kLanes = 16;

VIGIL_VNNI_INLINE SumLanes AddProducts(SumLanes sum, __m512i in, __m512i weights) {
  return reinterpret_cast<SumLanes>(
      _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), in, weights));
}
VIGIL_VNNI_INLINE SumLanes Largest(SumLanes a, SumLanes b) { return a > b ? a : b; }
VIGIL_VNNI_INLINE SumLanes Smallest(SumLanes a, SumLanes b) { return a < b ? a : b; }
// Where the mask is set `b`, else `a`.
VIGIL_VNNI_INLINE SumLanes Blend(__mmask16 mask, SumLanes a, SumLanes b) {
  return reinterpret_cast<SumLanes>(
      _mm512_mask_mov_epi32(reinterpret_cast<__m512i>(a), mask, reinterpret_cast<__m512i>(b)));
}
VIGIL_VNNI_INLINE __m512i Load(const std::uint32_t* from) { return _mm512_loadu_si512(from); }
VIGIL_VNNI_INLINE __m512i Repeat(std::uint32_t value) {
  return _mm512_set1_epi32(static_cast<int>(value));
}

// PReLU after scale and bias.
template <class Epilogue>
VIGIL_VNNI_INLINE __m512 Activate(const Epilogue& epilogue, std::size_t channel, SumLanes sum) {
  const __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum)),
                                       _mm512_set1_ps(epilogue.scale[channel]),
                                       _mm512_set1_ps(epilogue.bias[channel]));
  const __mmask16 negative = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
  return _mm512_mask_mul_ps(value, negative, value, _mm512_set1_ps(epilogue.slope[channel]));
}

// The next layer's byte, in the lowest eight bits.
template <class Epilogue>
VIGIL_VNNI_INLINE __m512i ToByte(const Epilogue& epilogue, std::size_t channel, __m512 value) {
  const __m512 shifted = _mm512_max_ps(_mm512_add_ps(value, _mm512_set1_ps(epilogue.zero[channel])),
                                       _mm512_setzero_ps());
  return _mm512_min_epi32(_mm512_cvtps_epi32(shifted), _mm512_set1_epi32(255));
}

// Eight outputs of a 3x3 convolution at 32 pixels from `column` on.
template <int groups, class Weights>
VIGIL_VNNI_INLINE void Convolve(const Weights& weights, std::size_t first_output,
                                const std::uint32_t* const rows[3], std::size_t column,
                                std::size_t pitch, SumLanes (&sums)[8][2]) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i][0] = sums[i][1] = SumLanes{};
  for (std::size_t tap = 0; tap < 9; ++tap) {
    const std::uint32_t* in = rows[tap / 3] + column + tap % 3;
    const std::uint32_t* weight = weights[tap * groups].data() + first_output;
#pragma GCC unroll 4
    for (std::size_t group = 0; group < groups; ++group) {
      const __m512i left = Load(in);
      const __m512i right = Load(in + kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < 8; ++i) {
        const __m512i by = Repeat(weight[i]);
        sums[i][0] = AddProducts(sums[i][0], left, by);
        sums[i][1] = AddProducts(sums[i][1], right, by);
      }
      in += pitch;
      weight += weights[0].size();
    }
  }
}

}  // namespace

bool VnniPnetKernel::IsSupported() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}

VIGIL_VNNI void VnniPnetKernel::PoolRow(const PnetScan::Tables& tables, const PnetLevel& level,
                                        int row, int columns, std::uint32_t* out,
                                        std::size_t pitch) {
  const int first = 2 * row;
  const int rows_left = level.Height() - 2 - first;  // of the convolution
  const int odd_columns = (level.Width() - 2) / 2;   // pooled columns that have their odd half
  const std::uint32_t* even[4];
  const std::uint32_t* odd[4];
  for (int i = 0; i < 4; ++i) {
    const int at = first + (i == 3 && rows_left == 1 ? 2 : i);
    even[i] = level.Half(at, false);
    odd[i] = level.Half(at, true);
  }
  for (int column = 0; column < columns; column += kLanes) {
    __m512i in[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      in[i][0] = Load(even[i] + column);
      in[i][1] = Load(odd[i] + column);
      in[i][2] = Load(even[i] + column + 1);
      in[i][3] = Load(odd[i] + column + 1);
    }
    const int have_odd = std::min(kLanes, std::max(0, odd_columns - column));
    const auto odd_mask = static_cast<__mmask16>((1U << have_odd) - 1U);
    __m512i packed[PnetScan::kGroups1] = {};
#pragma GCC unroll 1
    for (std::size_t channel = 0; channel < PnetScan::kChannels1; ++channel) {
      SumLanes sums[2][2] = {};
#pragma GCC unroll 9
      for (int tap = 0; tap < 9; ++tap) {
        const int y = tap / 3;
        const int x = tap % 3;
        const __m512i by = Repeat(tables.weights1[channel][static_cast<std::size_t>(tap)]);
        sums[0][0] = AddProducts(sums[0][0], in[y][x], by);
        sums[0][1] = AddProducts(sums[0][1], in[y][x + 1], by);
        sums[1][0] = AddProducts(sums[1][0], in[y + 1][x], by);
        sums[1][1] = AddProducts(sums[1][1], in[y + 1][x + 1], by);
      }
      if (rows_left == 1) {
        sums[1][0] = sums[0][0];
        sums[1][1] = sums[0][1];
      }
      // Columns beyond the end have no odd half.
      const SumLanes highest =
          Blend(odd_mask, Largest(sums[0][0], sums[1][0]),
                Largest(Largest(sums[0][0], sums[1][0]), Largest(sums[0][1], sums[1][1])));
      const SumLanes lowest =
          Blend(odd_mask, Smallest(sums[0][0], sums[1][0]),
                Smallest(Smallest(sums[0][0], sums[1][0]), Smallest(sums[0][1], sums[1][1])));
      // PReLU has its largest value at one end, whatever its slope.
      const __m512 value = _mm512_max_ps(Activate(tables.epilogue1, channel, highest),
                                         Activate(tables.epilogue1, channel, lowest));
      const __m512i shift = _mm512_set1_epi32(static_cast<int>(8 * (channel % 4)));
      const std::size_t group = channel / 4;
      packed[group] = _mm512_or_si512(
          packed[group], _mm512_sllv_epi32(ToByte(tables.epilogue1, channel, value), shift));
    }
    for (std::size_t group = 0; group < PnetScan::kGroups1; ++group) {
      _mm512_storeu_si512(out + group * pitch + column, packed[group]);
    }
  }
}

VIGIL_VNNI void VnniPnetKernel::SecondRow(const PnetScan::Tables& tables,
                                          const std::uint32_t* const rows[3], int columns,
                                          std::uint32_t* out, std::size_t pitch) {
  for (std::size_t column = 0; column < static_cast<std::size_t>(columns); column += 2 * kLanes) {
    for (std::size_t output = 0; output < PnetScan::kChannels2; output += 8) {
      SumLanes sums[8][2];
      Convolve<PnetScan::kGroups1>(tables.weights2, output, rows, column, pitch, sums);
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
#pragma GCC unroll 2
        for (std::size_t group = 0; group < 2; ++group) {
          __m512i packed = _mm512_setzero_si512();
#pragma GCC unroll 4
          for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t channel = output + 4 * group + i;
            const __m512 value = Activate(tables.epilogue2, channel, sums[4 * group + i][half]);
            packed =
                _mm512_or_si512(packed, _mm512_slli_epi32(ToByte(tables.epilogue2, channel, value),
                                                          static_cast<unsigned>(8 * i)));
          }
          _mm512_storeu_si512(out + (output / 4 + group) * pitch + column + half * kLanes, packed);
        }
      }
    }
  }
}

VIGIL_VNNI void VnniPnetKernel::ThirdRow(const PnetScan::Tables& tables,
                                         const std::uint32_t* const rows[3], int columns,
                                         std::size_t pitch, float difference_min, int row,
                                         std::vector<PnetCell>& cells) {
  for (int column = 0; column < columns; column += 2 * kLanes) {
    __m512 difference[2] = {_mm512_set1_ps(tables.difference_bias),
                            _mm512_set1_ps(tables.difference_bias)};
    for (std::size_t output = 0; output < PnetScan::kChannels3; output += 8) {
      SumLanes sums[8][2];
      Convolve<PnetScan::kGroups2>(tables.weights3, output, rows, static_cast<std::size_t>(column),
                                   pitch, sums);
#pragma GCC unroll 8
      for (std::size_t i = 0; i < 8; ++i) {
        const __m512 by = _mm512_set1_ps(tables.difference[output + i]);
        difference[0] =
            _mm512_fmadd_ps(Activate(tables.epilogue3, output + i, sums[i][0]), by, difference[0]);
        difference[1] =
            _mm512_fmadd_ps(Activate(tables.epilogue3, output + i, sums[i][1]), by, difference[1]);
      }
    }
    const __m512 least = _mm512_set1_ps(difference_min);
    std::uint32_t found = _mm512_cmp_ps_mask(difference[0], least, _CMP_GE_OQ);
    found |= static_cast<std::uint32_t>(_mm512_cmp_ps_mask(difference[1], least, _CMP_GE_OQ))
             << kLanes;
    if (columns - column < 2 * kLanes) found &= (1U << (columns - column)) - 1U;
    for (; found != 0; found &= found - 1) {
      cells.push_back({column + std::countr_zero(found), row});
    }
  }
}

}  // namespace vigil::vision

#else

namespace vigil::vision {

bool VnniPnetKernel::IsSupported() { return false; }
void VnniPnetKernel::PoolRow(const PnetScan::Tables& tables, const PnetLevel& level, int row,
                             int columns, std::uint32_t* out, std::size_t pitch) {
  PlainPnetKernel::PoolRow(tables, level, row, columns, out, pitch);
}
void VnniPnetKernel::SecondRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                               int columns, std::uint32_t* out, std::size_t pitch) {
  PlainPnetKernel::SecondRow(tables, rows, columns, out, pitch);
}
void VnniPnetKernel::ThirdRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                              int columns, std::size_t pitch, float difference_min, int row,
                              std::vector<PnetCell>& cells) {
  PlainPnetKernel::ThirdRow(tables, rows, columns, pitch, difference_min, row, cells);
}

}  // namespace vigil::vision

#endif
