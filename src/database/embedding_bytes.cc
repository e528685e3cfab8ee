// Numbers to bytes and back, the same on every machine.
#include "database/embedding_bytes.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace vigil::database {
namespace {
static_assert(std::endian::native == std::endian::little, "stored embeddings are little-endian");
}

Bytes EmbeddingToBytes(const Embedding& embedding) {
  const auto view = std::as_bytes(std::span(embedding));
  return {view.begin(), view.end()};
}

Result<Embedding> EmbeddingFromBytes(std::span<const std::byte> bytes, int dimension) {
  if (dimension <= 0 || bytes.size() != static_cast<std::size_t>(dimension) * sizeof(float)) {
    return Fail(ErrorCode::kDataLoss, "the stored embedding has another length");
  }
  Embedding embedding(static_cast<std::size_t>(dimension));
  std::memcpy(embedding.data(), bytes.data(), bytes.size());
  for (const float number : embedding) {
    if (!std::isfinite(number)) {
      return Fail(ErrorCode::kDataLoss, "the stored embedding holds a value that is no number");
    }
  }
  return embedding;
}

}  // namespace vigil::database
