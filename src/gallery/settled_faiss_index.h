// The approximate index without its delays, for tests.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gallery/faiss_index.h"

namespace vigil::gallery {

// Every row in lists as soon as the background comes to it, and all lists read: then only the codes
// could lose somebody.
inline FaissIndexOptions EveryRowListed() {
  return {.references_min = 1, .lists_probed = 1'000'000, .rows_unlisted_max = 1};
}

// Lets the background finish after each change, so that searches meet what it made.
class SettledFaissIndex final : public GalleryIndex {
 public:
  SettledFaissIndex(int dimension, const FaissIndexOptions& options)
      : index_(MakeFaissIndex(dimension, options)) {}

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    return index_->Search(probe, candidates_max);
  }
  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    return index_->SearchMany(queries);
  }
  void Apply(std::span<const std::string> removed, std::vector<GalleryReference> upserts,
             std::uint64_t sequence) override {
    index_->Apply(removed, std::move(upserts), sequence);
    index_->Settle();
  }
  GalleryInfo Info() const override { return index_->Info(); }

  FaissIndexState State() const { return index_->State(); }

 private:
  const std::unique_ptr<FaissIndex> index_;
};

}  // namespace vigil::gallery
