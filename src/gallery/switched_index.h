// One gallery for its searchers, whichever index serves it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "core/gallery.h"

namespace vigil::gallery {

// Passes everything on to the index that it was given last. Thread-safe. Probes must belong to that
// index: whoever switches to one of another space sees to it that nobody searches meanwhile. Who
// follows the database writes to Current, which an index switched away keeps to itself.
class SwitchedIndex final : public GalleryIndex {
 public:
  explicit SwitchedIndex(std::shared_ptr<GalleryIndex> index) : index_(std::move(index)) {}

  void Switch(std::shared_ptr<GalleryIndex> index) {
    const std::lock_guard lock(mutex_);
    index_ = std::move(index);
  }
  std::shared_ptr<GalleryIndex> Current() const {
    const std::lock_guard lock(mutex_);
    return index_;
  }

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    return Current()->Search(probe, candidates_max);
  }
  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    return Current()->SearchMany(queries);
  }
  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    Current()->Apply(removed_reference_ids, std::move(upserts), sequence);
  }
  GalleryInfo Info() const override { return Current()->Info(); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<GalleryIndex> index_;  // guarded by mutex_
};

}  // namespace vigil::gallery
