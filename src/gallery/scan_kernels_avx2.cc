// The kernels for AVX2. Its product of bytes saturates at 16 bits, so whole codes are taken in
// halves, which cannot reach that: 2 * 15 * 127 a pair.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstring>

#include "gallery/scan_kernels.h"

#define VIGIL_AVX2 __attribute__((target("avx2,fma")))

namespace vigil::gallery::internal {
namespace {

constexpr std::size_t kLine = 64;

VIGIL_AVX2 inline __m256i Load(const void* bytes) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(bytes));
}

VIGIL_AVX2 inline void Store(std::int32_t* to, __m256i sums) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums);
}

VIGIL_AVX2 inline __m256i Broadcast(const void* four_codes) {
  std::int32_t value;
  std::memcpy(&value, four_codes, sizeof value);
  return _mm256_set1_epi32(value);
}

// Sums of four products of halves with codes, by 32-bit lane.
VIGIL_AVX2 inline __m256i Products(__m256i low, __m256i low_codes, __m256i high,
                                   __m256i high_codes) {
  const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(low, low_codes),
                                         _mm256_maddubs_epi16(high, high_codes));
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

VIGIL_AVX2 inline __m256i LowHalf(__m256i bytes) {
  return _mm256_and_si256(bytes, _mm256_set1_epi8(15));
}

VIGIL_AVX2 inline __m256i HighHalf(__m256i bytes) { return LowHalf(_mm256_srli_epi16(bytes, 4)); }

VIGIL_AVX2 void Coarse(const std::uint8_t* groups, std::size_t group_count, std::size_t padded,
                       const std::int8_t* probe, std::int32_t* sums) {
  for (std::size_t group = 0; group < group_count; ++group) {
    __m256i first = _mm256_setzero_si256();
    __m256i second = first;
    for (const std::int8_t* numbers = probe; numbers != probe + padded; numbers += kPadding) {
      for (std::size_t place = 0; place < kLine; place += 4) {
        _mm_prefetch(reinterpret_cast<const char*>(groups) + 4096, _MM_HINT_T0);
        const __m256i low_codes = Broadcast(numbers + place);
        const __m256i high_codes = Broadcast(numbers + place + kLine);
        const __m256i left = Load(groups);
        const __m256i right = Load(groups + kLine / 2);
        groups += kLine;
        first =
            _mm256_add_epi32(first, Products(LowHalf(left), low_codes, HighHalf(left), high_codes));
        second = _mm256_add_epi32(second,
                                  Products(LowHalf(right), low_codes, HighHalf(right), high_codes));
      }
    }
    Store(sums, first);
    Store(sums + 8, second);
    sums += kGroupRows;
  }
}

VIGIL_AVX2 std::int32_t Fine(const std::uint8_t* row, std::size_t padded,
                             const std::int8_t* probe) {
  __m256i sums = _mm256_setzero_si256();
  for (const std::int8_t* numbers = probe; numbers != probe + padded; numbers += kPadding) {
    for (std::size_t place = 0; place < kLine; place += 32) {
      const __m256i codes = Load(row + place);
      sums = _mm256_add_epi32(sums, Products(LowHalf(codes), Load(numbers + place), HighHalf(codes),
                                             Load(numbers + place + kLine)));
    }
    row += kLine;
  }
  const __m128i halves =
      _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i pairs = _mm_add_epi32(halves, _mm_shuffle_epi32(halves, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32(pairs, 0xB1)));
}

VIGIL_AVX2 void Join(const std::uint8_t* coarse_group, const std::uint8_t* fine_rows,
                     std::size_t padded, std::uint8_t* wide_group) {
  const __m256i high_half = _mm256_set1_epi8(static_cast<char>(0xF0));
  const __m256i row_starts =
      _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                         _mm256_set1_epi32(static_cast<std::int32_t>(padded / 2)));
  for (std::size_t step = 0; step < padded / 8; ++step) {
    for (std::size_t part = 0; part < 2; ++part) {
      const __m256i coarse = Load(coarse_group + part * 32);
      const __m256i fine = _mm256_i32gather_epi32(
          reinterpret_cast<const int*>(fine_rows + part * 4 * padded + step * 4), row_starts, 1);
      const __m256i low =
          _mm256_or_si256(_mm256_and_si256(_mm256_slli_epi16(coarse, 4), high_half), LowHalf(fine));
      const __m256i high = _mm256_or_si256(_mm256_and_si256(coarse, high_half), HighHalf(fine));
      Store(reinterpret_cast<std::int32_t*>(wide_group + part * 32), low);
      Store(reinterpret_cast<std::int32_t*>(wide_group + kLine + part * 32), high);
    }
    coarse_group += kLine;
    wide_group += 2 * kLine;
  }
}

// 8 rows and up to four probes at a time.
VIGIL_AVX2 void WideOfFour(const std::uint8_t* codes, std::size_t padded,
                           const std::int32_t* probes, std::size_t stride, std::size_t count,
                           std::int32_t* sums) {
  __m256i low_sums[4];
  __m256i high_sums[4];
  for (std::size_t i = 0; i < 4; ++i) low_sums[i] = high_sums[i] = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::size_t half_step = 0; half_step < padded / 4; ++half_step) {
    const __m256i bytes = Load(codes + half_step * kLine);
    const __m256i low = LowHalf(bytes);
    const __m256i high = HighHalf(bytes);
    for (std::size_t i = 0; i < count; ++i) {
      const __m256i probe = _mm256_set1_epi32(probes[half_step * stride + i]);
      low_sums[i] =
          _mm256_add_epi32(low_sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(low, probe), ones));
      high_sums[i] = _mm256_add_epi32(high_sums[i],
                                      _mm256_madd_epi16(_mm256_maddubs_epi16(high, probe), ones));
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    Store(sums + i * kTileRows, _mm256_add_epi32(low_sums[i], _mm256_slli_epi32(high_sums[i], 4)));
  }
}

void Wide(const std::uint8_t* wide_groups, std::size_t padded, const std::int32_t* probes,
          std::size_t probe_count, std::int32_t* sums) {
  for (std::size_t row = 0; row < kTileRows; row += 8) {
    const std::uint8_t* codes =
        wide_groups + row / kGroupRows * kGroupRows * padded + row % kGroupRows * 4;
    std::size_t probe = 0;
    // A count known to the compiler keeps the sums in registers.
    for (; probe + 4 <= probe_count; probe += 4) {
      WideOfFour(codes, padded, probes + probe, probe_count, 4, sums + probe * kTileRows + row);
    }
    for (; probe < probe_count; ++probe) {
      WideOfFour(codes, padded, probes + probe, probe_count, 1, sums + probe * kTileRows + row);
    }
  }
}

VIGIL_AVX2 std::uint32_t Screen(const std::int32_t* sums, const float* scales, const float* errors,
                                const BoundTerms& terms, float threshold) {
  std::uint32_t mask = 0;
  for (int part = 0; part < 2; ++part) {
    const __m256i doubled = _mm256_slli_epi32(Load(sums + part * 8), 1);
    const __m256 sum =
        _mm256_cvtepi32_ps(_mm256_add_epi32(doubled, _mm256_set1_epi32(terms.offset)));
    const __m256 scale =
        _mm256_mul_ps(_mm256_loadu_ps(scales + part * 8), _mm256_set1_ps(terms.scale_factor));
    const __m256 margin =
        _mm256_fmadd_ps(_mm256_loadu_ps(errors + part * 8), _mm256_set1_ps(terms.error_factor),
                        _mm256_set1_ps(terms.slack));
    const __m256 bound = _mm256_fmadd_ps(sum, scale, margin);
    const int bits =
        _mm256_movemask_ps(_mm256_cmp_ps(bound, _mm256_set1_ps(threshold), _CMP_NLT_UQ));
    mask |= static_cast<std::uint32_t>(bits) << (part * 8);
  }
  return mask;
}

}  // namespace

bool MachineHasAvx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

const ScanKernels kAvx2Kernels{"avx2", Coarse, Fine, Join, Wide, Screen};

}  // namespace vigil::gallery::internal

#endif
