// What makes faces resemble each other although they are of different people, and how to look past
// it.
#pragma once

#include <span>
#include <vector>

#include "core/embedding.h"

namespace vigil {

// The kinds of faces that a model groups together: people of one age, sex or region score higher
// with each other than with the rest, so strangers of a common kind are named too easily and people
// of it need a threshold that all others pay for.
struct TypicalFaces {
  // Each is the mean of the embeddings of many people of one kind, so not of unit length. Learned
  // once for a model; nobody can be told from them.
  std::vector<std::vector<float>> faces;
  float temperature = 0.1F;  // how sharply a face belongs to the kinds nearest to it, above 0

  bool Empty() const { return faces.empty(); }
  bool operator==(const TypicalFaces&) const = default;
};

// What sets a face apart from its kind: the embedding less the mean of the typical faces, each
// weighted by softmax(similarity / temperature), brought back to its length. Similarities of two
// such embeddings are comparable across kinds of people; those of one such embedding and an
// ordinary one mean nothing. The embedding itself without typical faces. Dimensions must be equal.
// The idea is that of score normalisation against a cohort (adaptive s-norm in speaker
// recognition) and of local centring against hubs, in a form that keeps the score a dot product.
Embedding WithoutTypical(const TypicalFaces& typical, std::span<const float> embedding);

}  // namespace vigil
