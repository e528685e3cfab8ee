// The kernels for AVX-512 with VNNI: 64 products of bytes an instruction.
#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstring>
#include <utility>

#include "gallery/scan_kernels.h"

#define VIGIL_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

namespace vigil::gallery::internal {
namespace {

constexpr std::size_t kLine = 64;

VIGIL_AVX512 inline __m512i Broadcast(const void* four_codes) {
  std::int32_t value;
  std::memcpy(&value, four_codes, sizeof value);
  return _mm512_set1_epi32(value);
}

VIGIL_AVX512 void Coarse(const std::uint8_t* groups, std::size_t group_count, std::size_t padded,
                         const std::int8_t* probe, std::int32_t* sums) {
  const __m512i low_half = _mm512_set1_epi8(15);
  for (std::size_t group = 0; group < group_count; ++group) {
    __m512i even_low = _mm512_setzero_si512();
    __m512i even_high = even_low;
    __m512i odd_low = even_low;
    __m512i odd_high = even_low;
    for (const std::int8_t* numbers = probe; numbers != probe + padded; numbers += kPadding) {
      for (std::size_t place = 0; place < kLine; place += 8) {
        // The hardware looks ahead less far than this.
        _mm_prefetch(reinterpret_cast<const char*>(groups) + 4096, _MM_HINT_T0);
        _mm_prefetch(reinterpret_cast<const char*>(groups) + 4096 + kLine, _MM_HINT_T0);
        const __m512i even = _mm512_loadu_si512(groups);
        const __m512i odd = _mm512_loadu_si512(groups + kLine);
        groups += 2 * kLine;
        even_low = _mm512_dpbusd_epi32(even_low, _mm512_and_si512(even, low_half),
                                       Broadcast(numbers + place));
        even_high =
            _mm512_dpbusd_epi32(even_high, _mm512_and_si512(_mm512_srli_epi16(even, 4), low_half),
                                Broadcast(numbers + place + kLine));
        odd_low = _mm512_dpbusd_epi32(odd_low, _mm512_and_si512(odd, low_half),
                                      Broadcast(numbers + place + 4));
        odd_high =
            _mm512_dpbusd_epi32(odd_high, _mm512_and_si512(_mm512_srli_epi16(odd, 4), low_half),
                                Broadcast(numbers + place + 4 + kLine));
      }
    }
    _mm512_storeu_si512(sums, _mm512_add_epi32(_mm512_add_epi32(even_low, even_high),
                                               _mm512_add_epi32(odd_low, odd_high)));
    sums += kGroupRows;
  }
}

VIGIL_AVX512 std::int32_t Fine(const std::uint8_t* row, std::size_t padded,
                               const std::int8_t* probe) {
  const __m512i low_half = _mm512_set1_epi8(15);
  __m512i low = _mm512_setzero_si512();
  __m512i high = low;
  for (const std::int8_t* numbers = probe; numbers != probe + padded; numbers += kPadding) {
    const __m512i codes = _mm512_loadu_si512(row);
    row += kLine;
    low = _mm512_dpbusd_epi32(low, _mm512_and_si512(codes, low_half), _mm512_loadu_si512(numbers));
    high = _mm512_dpbusd_epi32(high, _mm512_and_si512(_mm512_srli_epi16(codes, 4), low_half),
                               _mm512_loadu_si512(numbers + kLine));
  }
  return _mm512_reduce_add_epi32(_mm512_add_epi32(low, high));
}

// Turns 16 rows of 16 numbers into 16 columns.
VIGIL_AVX512 inline void Transpose(__m512i (&rows)[16]) {
  __m512i pairs[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  __m512i fours[16];
  for (int i = 0; i < 16; i += 4) {
    fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i first = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0x88);
    const __m512i second = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0xDD);
    const __m512i third = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0x88);
    const __m512i fourth = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0xDD);
    rows[i] = _mm512_shuffle_i32x4(first, third, 0x88);
    rows[i + 8] = _mm512_shuffle_i32x4(first, third, 0xDD);
    rows[i + 4] = _mm512_shuffle_i32x4(second, fourth, 0x88);
    rows[i + 12] = _mm512_shuffle_i32x4(second, fourth, 0xDD);
  }
}

VIGIL_AVX512 void Join(const std::uint8_t* coarse_group, const std::uint8_t* fine_rows,
                       std::size_t padded, std::uint8_t* wide_group) {
  const __m512i high_half = _mm512_set1_epi8(static_cast<char>(0xF0));
  for (std::size_t line = 0; line < padded / kPadding; ++line) {
    // The rows of this line in the tile after this one, which memory would be waited for.
    const std::uint8_t* ahead = fine_rows + kTileRows * padded / 2 + line * 16 * kLine;
    const std::uint8_t* coarse_ahead = coarse_group + kTileRows * padded / 2;
    __m512i fine[16];
    for (std::size_t row = 0; row < 16; ++row) {
      _mm_prefetch(reinterpret_cast<const char*>(ahead + row * kLine), _MM_HINT_T1);
      _mm_prefetch(reinterpret_cast<const char*>(coarse_ahead + row * kLine), _MM_HINT_T1);
      fine[row] = _mm512_loadu_si512(fine_rows + row * padded / 2 + line * kLine);
    }
    Transpose(fine);
    for (const __m512i& column : fine) {
      const __m512i coarse = _mm512_loadu_si512(coarse_group);
      // 0xCA takes the second where the first has ones, else the third.
      _mm512_storeu_si512(wide_group, _mm512_ternarylogic_epi32(
                                          high_half, _mm512_slli_epi16(coarse, 4), column, 0xCA));
      _mm512_storeu_si512(
          wide_group + kLine,
          _mm512_ternarylogic_epi32(high_half, coarse, _mm512_srli_epi16(column, 4), 0xCA));
      coarse_group += kLine;
      wide_group += 2 * kLine;
    }
  }
}

template <std::size_t kProbes>
VIGIL_AVX512 void WideOf(const std::uint8_t* wide_groups, std::size_t padded,
                         const std::int32_t* probes, std::int32_t* sums) {
  __m512i first[kProbes];
  __m512i second[kProbes];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kProbes; ++i) first[i] = second[i] = _mm512_setzero_si512();
  const std::uint8_t* other_group = wide_groups + kGroupRows * padded;
  for (std::size_t half_step = 0; half_step < padded / 4; ++half_step) {
    const __m512i codes = _mm512_loadu_si512(wide_groups);
    const __m512i other_codes = _mm512_loadu_si512(other_group);
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kProbes; ++i) {
      const __m512i probe = _mm512_set1_epi32(probes[i]);
      first[i] = _mm512_dpbusd_epi32(first[i], codes, probe);
      second[i] = _mm512_dpbusd_epi32(second[i], other_codes, probe);
    }
    wide_groups += kLine;
    other_group += kLine;
    probes += kProbes;
  }
#pragma GCC unroll 12
  for (std::size_t i = 0; i < kProbes; ++i) {
    _mm512_storeu_si512(sums + i * kTileRows, first[i]);
    _mm512_storeu_si512(sums + i * kTileRows + kGroupRows, second[i]);
  }
}

template <std::size_t... kCounts>
constexpr auto WideByCount(std::index_sequence<kCounts...> /*counts*/) {
  return std::array{&WideOf<kCounts + 1>...};
}

void Wide(const std::uint8_t* wide_groups, std::size_t padded, const std::int32_t* probes,
          std::size_t probe_count, std::int32_t* sums) {
  static constexpr auto kByCount = WideByCount(std::make_index_sequence<kTileProbes>());
  kByCount[probe_count - 1](wide_groups, padded, probes, sums);
}

VIGIL_AVX512 std::uint32_t Screen(const std::int32_t* sums, const float* scales,
                                  const float* errors, const BoundTerms& terms, float threshold) {
  const __m512i doubled = _mm512_slli_epi32(_mm512_loadu_si512(sums), 1);
  const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(doubled, _mm512_set1_epi32(terms.offset)));
  const __m512 scale = _mm512_mul_ps(_mm512_loadu_ps(scales), _mm512_set1_ps(terms.scale_factor));
  const __m512 margin = _mm512_fmadd_ps(_mm512_loadu_ps(errors), _mm512_set1_ps(terms.error_factor),
                                        _mm512_set1_ps(terms.slack));
  const __m512 bound = _mm512_fmadd_ps(sum, scale, margin);
  return _mm512_cmp_ps_mask(bound, _mm512_set1_ps(threshold), _CMP_NLT_UQ);
}

}  // namespace

bool MachineHasAvx512Vnni() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
}

const ScanKernels kAvx512Kernels{"avx512-vnni", Coarse, Fine, Join, Wide, Screen};

}  // namespace vigil::gallery::internal

#endif
