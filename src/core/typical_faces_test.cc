// Taking out what a face shares with its kind.
#include "core/typical_faces.h"

#include <gtest/gtest.h>

#include <cmath>

namespace vigil {
namespace {

// Two kinds of faces: along the first number, and against it.
TypicalFaces TwoKinds() { return {.faces = {{0.8F, 0, 0}, {-0.8F, 0, 0}}, .temperature = 0.1F}; }

TEST(WithoutTypical, KeepsTheEmbeddingWhenNothingIsKnown) {
  const Embedding face{0.6F, 0.8F, 0};
  EXPECT_EQ(WithoutTypical({}, face), face);
}

TEST(WithoutTypical, StrangersOfOneKindNoLongerResembleEachOther) {
  const Embedding one{0.8F, 0.6F, 0};
  const Embedding other{0.8F, 0, 0.6F};
  EXPECT_NEAR(Similarity(one, other), 0.64F, 1e-5);
  EXPECT_NEAR(Similarity(WithoutTypical(TwoKinds(), one), WithoutTypical(TwoKinds(), other)), 0,
              1e-4);
}

TEST(WithoutTypical, OnePersonStaysAlike) {
  const Embedding one{0.8F, 0.6F, 0};
  const Embedding again{0.81F, 0.5864F, 0};
  EXPECT_GT(Similarity(WithoutTypical(TwoKinds(), one), WithoutTypical(TwoKinds(), again)), 0.99F);
}

// softmax({0.64, -0.64} / 1) = {0.78244, 0.21756}; 0.8 - 0.8 * 0.56487 = 0.34810.
TEST(WithoutTypical, WeighsTheKindsBySimilarity) {
  TypicalFaces typical = TwoKinds();
  typical.temperature = 1;
  const Embedding rest = WithoutTypical(typical, Embedding{0.8F, 0.6F, 0});
  const float length = std::hypot(0.34810F, 0.6F);
  EXPECT_NEAR(rest[0], 0.34810F / length, 1e-4);
  EXPECT_NEAR(rest[1], 0.6F / length, 1e-4);
  EXPECT_NEAR(Similarity(rest, rest), 1, 1e-5);
}

// Each kind eleven times has an eleventh of its weight each time.
TEST(WithoutTypical, TakesAnyNumberOfKinds) {
  TypicalFaces typical = TwoKinds();
  typical.temperature = 1;
  TypicalFaces many = typical;
  while (many.faces.size() < 22) many.faces.push_back(typical.faces[many.faces.size() % 2]);
  const Embedding face = {0.8F, 0.6F, 0};
  const Embedding expected = WithoutTypical(typical, face);
  const Embedding rest = WithoutTypical(many, face);
  for (std::size_t k = 0; k < face.size(); ++k) EXPECT_NEAR(rest[k], expected[k], 1e-6);
}

TEST(WithoutTypical, TinyTemperaturesDoNotOverflow) {
  TypicalFaces typical = TwoKinds();
  typical.temperature = 1e-6F;
  const Embedding rest = WithoutTypical(typical, Embedding{0.8F, 0.6F, 0});
  EXPECT_NEAR(rest[1], 1, 1e-4);
}

}  // namespace
}  // namespace vigil
