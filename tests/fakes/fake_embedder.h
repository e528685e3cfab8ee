// An embedder whose answers a test can foresee.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/embedder.h"

namespace vigil {

// By default the embedding is a function of the crop's mean colour (quantised to 8 steps a channel,
// so that noise does not matter): equal colours give equal embeddings, different ones directions
// that are all but orthogonal. A script replaces that. The counters may be read from any thread.
class FakeEmbedder final : public Embedder {
 public:
  using Script = std::function<Embedding(const FaceCrop&)>;
  static constexpr int kSidePx = 16;

  explicit FakeEmbedder(int dimension = 128) : dimension_(dimension) {
    info_.space = {"fake-embedder", std::string(64, '0'), "mean-colour/r1", dimension};
    info_.precision = "f32";
    info_.impostor_tail.points = {{1e-2, 0.366}, {1e-3, 0.503}, {1e-4, 0.629}, {1e-5, 0.733}};
  }
  FakeEmbedder(int dimension, Script script) : FakeEmbedder(dimension) {
    script_ = std::move(script);
  }

  // Nearest-pixel resize of the box, clipped to the frame.
  FaceCrop Crop(const Frame& frame, const Detection& detection) const override {
    FaceCrop crop{{kSidePx, kSidePx, std::vector<std::uint8_t>(kSidePx * kSidePx * 3)}};
    for (int y = 0; y < kSidePx; ++y) {
      for (int x = 0; x < kSidePx; ++x) {
        const auto pixel = RgbAt(frame, Sample(detection.box.x1, detection.box.x2, x, frame.width),
                                 Sample(detection.box.y1, detection.box.y2, y, frame.height));
        std::copy(pixel.begin(), pixel.end(), crop.image.Row(y) + x * 3);
      }
    }
    return crop;
  }

  Result<std::vector<EmbeddedFace>> Embed(std::span<const FaceCrop> crops) override {
    for (const FaceCrop& crop : crops) {
      if (crop.image.width != kSidePx || crop.image.height != kSidePx || crop.image.Empty()) {
        return Fail(ErrorCode::kInvalidArgument, "embed: a crop of the wrong size");
      }
    }
    if (failure_) return std::unexpected(*failure_);
    std::vector<EmbeddedFace> faces;
    for (const FaceCrop& crop : crops) {
      faces.push_back({.embedding = script_ ? script_(crop) : EmbeddingOfColour(crop.image),
                       .covered = covered_});
      Normalise(faces.back().embedding);
      ++crops_seen_;
    }
    ++batches_seen_;
    return faces;
  }

  const EmbedderInfo& Info() const override { return info_; }

  // Every later Embed fails with `failure`; nothing: works again.
  void FailWith(std::optional<Error> failure) { failure_ = std::move(failure); }
  // Another space than other fakes'.
  void RenameModel(std::string model_id) { info_.space.model_id = std::move(model_id); }
  // What it says of every later face; at first it cannot tell.
  void SayCovered(std::optional<float> covered) { covered_ = covered; }
  int CropsSeen() const { return crops_seen_; }
  int BatchesSeen() const { return batches_seen_; }

  // A unit vector that belongs to `seed`; two seeds give nearly orthogonal vectors (cosine around
  // 0.1 at 128 dimensions).
  static Embedding EmbeddingOfSeed(std::uint64_t seed, int dimension) {
    Embedding embedding(static_cast<std::size_t>(dimension));
    std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
    for (float& value : embedding) {
      state ^= state << 13U;
      state ^= state >> 7U;
      state ^= state << 17U;
      value = static_cast<float>(state % 20001) / 10000.0F - 1.0F;
    }
    Normalise(embedding);
    return embedding;
  }

 private:
  static int Sample(float low, float high, int step, int size) {
    const float at = low + (high - low) * (static_cast<float>(step) + 0.5F) / kSidePx;
    // Clamped before the conversion: NaN and huge values have no int. NaN compares as false and
    // becomes 0.
    return at > 0 ? static_cast<int>(std::min(at, static_cast<float>(size - 1))) : 0;
  }

  Embedding EmbeddingOfColour(const RgbImage& image) const {
    std::uint64_t sums[3] = {};
    for (std::size_t i = 0; i < image.pixels.size(); ++i) sums[i % 3] += image.pixels[i];
    std::uint64_t seed = 1;
    for (const std::uint64_t sum : sums) seed = seed * 8 + sum / (kSidePx * kSidePx) / 32;
    return EmbeddingOfSeed(seed, dimension_);
  }

  int dimension_;
  EmbedderInfo info_;
  Script script_;
  std::optional<Error> failure_;
  std::optional<float> covered_;
  std::atomic<int> crops_seen_ = 0;
  std::atomic<int> batches_seen_ = 0;
};

}  // namespace vigil
