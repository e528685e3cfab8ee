// Faces of chance, the same on every machine.
#include "app/bench_faces.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/format.h"

namespace vigil::app {
namespace {

// Numbers of one seed, the same on every machine (SplitMix64, Steele, Lea and Flood 2014).
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U) {}

  std::uint64_t Bits() {
    std::uint64_t bits = state_ += 0x9E3779B97F4A7C15U;
    bits = (bits ^ bits >> 30U) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ bits >> 27U) * 0x94D049BB133111EBU;
    return bits ^ bits >> 31U;
  }

  // Nearly normal, of deviation 1: the sum of four uniform numbers.
  float Normal() {
    const std::uint64_t bits = Bits();
    const auto sum = static_cast<float>((bits & 0xFFFFU) + (bits >> 16U & 0xFFFFU) +
                                        (bits >> 32U & 0xFFFFU) + (bits >> 48U));
    return (sum / 65536.0F - 2.0F) * std::numbers::sqrt3_v<float>;
  }

 private:
  std::uint64_t state_;
};

// At a cosine of about 0.74 (deviation 0.06) to the mate, as two photos of one person are.
Embedding BlurredProbe(std::size_t mate, std::uint64_t seed, const BenchFaces& faces) {
  Numbers numbers(~seed);
  Embedding probe = EmbeddingOf(mate, faces);
  Embedding noise(probe.size());
  for (float& number : noise) number = numbers.Normal();
  const float along = Similarity(noise, probe);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] -= along * probe[i];
  Normalise(noise);
  const float cosine = std::clamp(0.74F + 0.06F * numbers.Normal(), 0.5F, 0.95F);
  for (std::size_t i = 0; i < probe.size(); ++i) {
    probe[i] = cosine * probe[i] + std::sqrt(1 - cosine * cosine) * noise[i];
  }
  return probe;
}

}  // namespace

Embedding EmbeddingOf(std::size_t reference, const BenchFaces& faces) {
  constexpr float kKindShare = 0.7F;
  Numbers numbers(reference + 1);
  Embedding embedding(static_cast<std::size_t>(faces.dimension));
  for (float& number : embedding) number = numbers.Normal();
  if (faces.kinds > 0) {
    const std::size_t kind = numbers.Bits() % static_cast<std::size_t>(faces.kinds);
    Numbers shared(~kind << 32U);
    for (float& number : embedding) number += kKindShare * shared.Normal();
  }
  Normalise(embedding);
  return embedding;
}

std::string IdOf(std::size_t reference) {
  return format("00000000-0000-4000-8000-{:012x}", reference);
}

std::vector<GalleryReference> References(std::size_t first, std::size_t count,
                                         const BenchFaces& faces) {
  std::vector<GalleryReference> references(count);
  for (std::size_t i = 0; i < count; ++i) {
    references[i] = {IdOf(first + i), IdOf(first + i), EmbeddingOf(first + i, faces)};
  }
  return references;
}

Probes MakeProbes(const BenchFaces& faces) {
  Numbers numbers(faces.references);
  Probes probes;
  for (int i = 0; i < faces.probes; ++i) {
    probes.mates.push_back(numbers.Bits() % faces.references);
    probes.embeddings.push_back(
        BlurredProbe(probes.mates.back(), static_cast<std::uint64_t>(i), faces));
  }
  return probes;
}

}  // namespace vigil::app
