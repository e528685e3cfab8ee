// The numbers that stand for a face, and the space in which they may be compared.
#pragma once

#include <string>
#include <vector>

namespace vigil {

// Unit length. Only embeddings of one EmbeddingSpace may be compared; their similarity is the dot
// product (cosine).
using Embedding = std::vector<float>;

// Names a space: model, its source's SHA-256 and how crops were prepared. Precision is not part of
// it.
struct EmbeddingSpace {
  std::string model_id;       // "facenet-128"
  std::string model_hash;     // SHA-256 of the source weights, hex
  std::string preprocessing;  // "box-margin-14/per-image-standardisation/r1"
  int dimension = 0;

  // One text that names the space, stored beside each reference.
  std::string Key() const {
    return model_id + ":" + model_hash.substr(0, 12) + ":" + preprocessing;
  }
  bool operator==(const EmbeddingSpace&) const = default;
};

// Cosine of two unit vectors of equal length.
float Similarity(const Embedding& a, const Embedding& b);

// Scales to unit length; a zero vector stays zero.
void Normalise(Embedding& embedding);

}  // namespace vigil
