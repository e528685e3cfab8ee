// The exact index as the rest of this room sees it: with the snapshots it searches.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "gallery/flat_index.h"
#include "gallery/snapshot.h"

namespace vigil::gallery {

class ExactIndex : public FollowedIndex {
 public:
  // What a search that begins now would read.
  virtual std::shared_ptr<const Snapshot> Current() const = 0;
  // The answers to `queries` from `snapshot`, or from a part of one: some of its chunks, with fewer
  // living rows. Thread-safe.
  virtual std::vector<std::vector<Candidate>> Scan(const Snapshot& snapshot,
                                                   std::span<const GalleryQuery> queries) const = 0;
};

// MakeFlatIndex's index.
std::unique_ptr<ExactIndex> MakeExactIndex(int dimension, const FlatIndexOptions& options = {});

}  // namespace vigil::gallery
