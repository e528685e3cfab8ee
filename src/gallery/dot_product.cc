// Sixteen sums side by side: one AVX-512 register, two of AVX2, four of SSE.
#include "gallery/dot_product.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/sanitized.h"

// The resolvers behind target_clones run before the sanitizers' run-time is ready.
#if defined(__x86_64__) && !defined(VIGIL_SANITIZED)
#define VIGIL_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VIGIL_VECTOR_CLONES
#endif

namespace vigil::gallery {
namespace {

constexpr std::size_t kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));
// Sixteen words of four bytes, the first in the lowest bits.
using Words = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
constexpr std::size_t kBlock = sizeof(Words);
static_assert(std::endian::native == std::endian::little);

}  // namespace

VIGIL_VECTOR_CLONES
void DotProducts(const float* probe, const float* rows, std::size_t row_count,
                 std::size_t dimension, float* scores) {
  for (std::size_t row = 0; row < row_count; ++row) {
    const float* numbers = rows + row * dimension;
    Lanes sums{};
    std::size_t i = 0;
    for (; i + kLanes <= dimension; i += kLanes) {
      Lanes left;
      Lanes right;
      std::memcpy(&left, probe + i, sizeof left);
      std::memcpy(&right, numbers + i, sizeof right);
      sums += left * right;
    }
    float sum = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += sums[lane];
    for (; i < dimension; ++i) sum += probe[i] * numbers[i];
    scores[row] = sum;
  }
}

std::vector<float> WeightsForCodes(std::span<const float> weights) {
  std::vector<float> ordered(weights.begin(), weights.end());
  for (std::size_t block = 0; block + kBlock <= weights.size(); block += kBlock) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      ordered[block + i % 4 * kLanes + i / 4] = weights[block + i];
    }
  }
  return ordered;
}

VIGIL_VECTOR_CLONES
void CodeScores(const float* ordered_weights, const std::uint8_t* codes, std::size_t row_count,
                std::size_t dimension, float* scores) {
  for (std::size_t row = 0; row < row_count; ++row) {
    const std::uint8_t* numbers = codes + row * dimension;
    std::array<Lanes, 4> sums{};
    std::size_t i = 0;
    // Four bytes a word, taken apart by shifts: g++ 12 widens bytes one at a time.
    for (; i + kBlock <= dimension; i += kBlock) {
      Words words;
      std::memcpy(&words, numbers + i, sizeof words);
      std::array<Lanes, 4> weights;
      std::memcpy(weights.data(), ordered_weights + i, sizeof weights);
      sums[0] += weights[0] * __builtin_convertvector(words & 0xFF, Lanes);
      sums[1] += weights[1] * __builtin_convertvector(words >> 8 & 0xFF, Lanes);
      sums[2] += weights[2] * __builtin_convertvector(words >> 16 & 0xFF, Lanes);
      sums[3] += weights[3] * __builtin_convertvector(words >> 24 & 0xFF, Lanes);
    }
    const Lanes all = sums[0] + sums[1] + (sums[2] + sums[3]);
    float sum = 0;
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += all[lane];
    for (; i < dimension; ++i) sum += ordered_weights[i] * static_cast<float>(numbers[i]);
    scores[row] = sum;
  }
}

}  // namespace vigil::gallery
