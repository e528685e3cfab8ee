// Arithmetic on embeddings.
#include "core/embedding.h"

#include <cmath>
#include <numeric>

#include "base/check.h"

namespace vigil {

float Similarity(const Embedding& a, const Embedding& b) {
  VIGIL_CHECK(a.size() == b.size(), "embeddings of different spaces were compared");
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

void Normalise(Embedding& embedding) {
  const float length =
      std::sqrt(std::inner_product(embedding.begin(), embedding.end(), embedding.begin(), 0.0F));
  if (length == 0) return;
  for (float& value : embedding) value /= length;
}

}  // namespace vigil
