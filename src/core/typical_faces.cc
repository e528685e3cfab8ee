// A few thousand multiplications a face: nothing beside the network that made the embedding.
#include "core/typical_faces.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/check.h"

namespace vigil {
namespace {

float LengthOf(std::span<const float> numbers) {
  return std::sqrt(std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0F));
}

// The similarity to each face, the sum of products in their order, as from a loop over each by
// itself. Eight faces go side by side because an addition waits for the one before it.
std::vector<float> SimilaritiesTo(const std::vector<std::vector<float>>& faces,
                                  std::span<const float> embedding) {
  constexpr std::size_t kSideBySide = 8;
  std::vector<float> similarities(faces.size());
  std::size_t first = 0;
  for (; first + kSideBySide <= faces.size(); first += kSideBySide) {
    std::array<const float*, kSideBySide> rows;
    for (std::size_t i = 0; i < kSideBySide; ++i) rows[i] = faces[first + i].data();
    std::array<float, kSideBySide> sums{};
    for (std::size_t k = 0; k < embedding.size(); ++k)
      for (std::size_t i = 0; i < kSideBySide; ++i) sums[i] += rows[i][k] * embedding[k];
    std::ranges::copy(sums, similarities.begin() + static_cast<std::ptrdiff_t>(first));
  }
  for (; first < faces.size(); ++first)
    similarities[first] =
        std::inner_product(faces[first].begin(), faces[first].end(), embedding.begin(), 0.0F);
  return similarities;
}

}  // namespace

Embedding WithoutTypical(const TypicalFaces& typical, std::span<const float> embedding) {
  Embedding rest(embedding.begin(), embedding.end());
  if (typical.Empty()) return rest;
  for (const std::vector<float>& face : typical.faces)
    VIGIL_CHECK(face.size() == embedding.size(), "typical faces are of another embedding space");
  std::vector<float> weights = SimilaritiesTo(typical.faces, embedding);
  // Less the greatest, so that no exponential overflows.
  const float greatest = std::ranges::max(weights);
  float sum = 0;
  for (float& weight : weights) {
    weight = std::exp((weight - greatest) / typical.temperature);
    sum += weight;
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float share = weights[i] / sum;
    for (std::size_t k = 0; k < rest.size(); ++k) rest[k] -= share * typical.faces[i][k];
  }
  const float length = LengthOf(rest);
  if (length > 0) {
    const float scale = LengthOf(embedding) / length;
    for (float& value : rest) value *= scale;
  }
  return rest;
}

}  // namespace vigil
