// Approximate search for galleries that take too long to scan: FAISS's clusters and codes over the
// exact index, which stays the truth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gallery/flat_index.h"
#include "gallery/followed_index.h"

namespace vigil::gallery {

struct FaissIndexOptions {
  FlatIndexOptions exact = {};
  // From so many references on, searches use lists; below half of it they go back to the scan.
  std::size_t references_min = 100'000;
  // The share of searches that must find their best person. Sets how many lists a search reads;
  // when live searches show less, more are read.
  double recall_min = 0.99;
  // Likeness of two photos of one person that the number of lists is first chosen for.
  float mate_similarity = 0.7F;
  // Recall is watched on probes that have somebody so similar: whom a stranger's search misses does
  // not matter.
  float similarity_min = 0;
  std::size_t lists = 0;         // 0: twice the root of the references
  std::size_t lists_probed = 0;  // 0: as recall_min demands
  std::size_t rows_rescored = 128;
  // Rows that no list holds are scanned; so many at most, while the lists keep up.
  std::size_t rows_unlisted_max = kUnlistedMax;
  int sampled_every = 100;  // of live searches one is repeated exactly, in the background

  static constexpr std::size_t kUnlistedMax = 16'384;
};

struct FaissIndexState {
  bool uses_lists = false;  // false: the exact index answers
  bool training = false;
  std::size_t lists = 0;
  std::size_t lists_probed = 0;
  std::size_t rows_listed = 0;        // removed ones too, until they are cleared away
  std::int64_t exact_searches = 0;    // that lists could not answer: narrow filters, means
  std::size_t searches_sampled = 0;   // that the recalls are made of
  std::optional<double> recall_at_1;  // nothing: no search was sampled yet
  std::optional<double> recall_at_10;
  std::string last_error;  // of the background work; empty while all is well
};

// Search, SearchMany, Apply and Info as the port says: searches read an immutable snapshot and
// never wait. Persons may be missed, as recall_min permits; who is found has the true similarity,
// equal to the exact index's in the last bit.
//
// One thread in the background learns clusters from a sample of the gallery, sorts the references
// into lists, repeats sampled searches exactly and learns anew when the gallery has grown to four
// times what it learnt from. Until the lists stand, and for every search they cannot answer (a
// filter that leaves too few of the rows found, a mean of several references), the exact index
// answers; so it does where faces form no clusters, and more than a quarter of the lists would have
// to be read. What fails in the background is logged, and the exact index goes on.
//
// Saved and restored is the exact index alone: after a start its lists are learnt anew.
//
// Memory a reference beyond the exact index's: one byte a number and 8 bytes.
class FaissIndex : public FollowedIndex {
 public:
  // Thread-safe.
  virtual FaissIndexState State() const = 0;
  // Waits until the background has nothing left to do. For tests and measurements.
  virtual void Settle() const = 0;
};

std::unique_ptr<FaissIndex> MakeFaissIndex(int dimension, const FaissIndexOptions& options = {});

}  // namespace vigil::gallery
