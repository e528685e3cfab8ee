// What FAISS does for the approximate index: clusters, and codes of one byte a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"

namespace vigil::gallery {

// Sorts embeddings into lists by the cluster they are nearest to, and encodes them. Immutable and
// thread-safe. Every call keeps to the calling thread: neither FAISS nor its BLAS starts others.
class ListQuantizer {
 public:
  // Learns `list_count` clusters (k-means on the sphere) and the range of each number from `rows`,
  // row-major and finite; at least `list_count` rows. The same rows give the same clusters.
  // kCancelled soon after a stop is asked for, kInternal with FAISS's words when it fails.
  static Result<std::shared_ptr<const ListQuantizer>> Train(std::span<const float> rows,
                                                            std::size_t dimension,
                                                            std::size_t list_count,
                                                            std::stop_token stop);
  ListQuantizer(const ListQuantizer&) = delete;
  ListQuantizer& operator=(const ListQuantizer&) = delete;
  ~ListQuantizer();

  std::size_t Dimension() const;
  std::size_t ListCount() const;

  // The list of each row. Errors as for Train.
  Result<std::vector<std::uint32_t>> Assign(std::span<const float> rows,
                                            std::stop_token stop) const;
  // The codes of `rows`, Dimension() bytes a row. Numbers beyond the learnt range are cut off.
  Result<std::vector<std::uint8_t>> Encode(std::span<const float> rows) const;

  // The `count` lists nearest to `probe`, nearest first.
  std::vector<std::uint32_t> NearestLists(std::span<const float> probe, std::size_t count) const;
  // What CodeScores makes of them differs from the similarity to `probe` by what the codes lose and
  // by a summand that is the same for every row.
  std::vector<float> CodeWeights(std::span<const float> probe) const;

 private:
  struct Trained;
  explicit ListQuantizer(std::unique_ptr<Trained> trained);

  const std::unique_ptr<const Trained> trained_;
};

}  // namespace vigil::gallery
