// Sixteen sums side by side: one AVX-512 register, two of AVX2, four of SSE.
#include "gallery/dot_product.h"

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

}  // namespace vigil::gallery
