// Embeddings as the bytes that are sealed: little-endian float32.
#pragma once

#include "base/result.h"
#include "base/seal.h"
#include "core/embedding.h"

namespace vigil::database {

Bytes EmbeddingToBytes(const Embedding& embedding);
// kDataLoss when the bytes are not `dimension` finite numbers.
Result<Embedding> EmbeddingFromBytes(std::span<const std::byte> bytes, int dimension);

}  // namespace vigil::database
