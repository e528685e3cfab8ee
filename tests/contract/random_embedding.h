// Embeddings for tests of galleries.
#pragma once

#include <cstdint>

#include "core/embedding.h"

namespace vigil {

// A repeatable embedding of unit length.
inline Embedding RandomEmbedding(int dimension, std::uint32_t seed) {
  std::uint64_t state = seed * 2654435761U + 12345;
  Embedding embedding;
  for (int i = 0; i < dimension; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    embedding.push_back(static_cast<float>(state >> 40U) / 8388608.0F - 1.0F);
  }
  Normalise(embedding);
  return embedding;
}

}  // namespace vigil
