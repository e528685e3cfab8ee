// A few thousand multiplications a face: nothing beside the network that made the embedding.
#include "core/typical_faces.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "base/check.h"

namespace vigil {
namespace {

float LengthOf(std::span<const float> numbers) {
  return std::sqrt(std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.0F));
}

}  // namespace

Embedding WithoutTypical(const TypicalFaces& typical, std::span<const float> embedding) {
  Embedding rest(embedding.begin(), embedding.end());
  if (typical.Empty()) return rest;
  std::vector<float> weights;
  weights.reserve(typical.faces.size());
  for (const std::vector<float>& face : typical.faces) {
    VIGIL_CHECK(face.size() == embedding.size(), "typical faces are of another embedding space");
    weights.push_back(std::inner_product(face.begin(), face.end(), embedding.begin(), 0.0F));
  }
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
