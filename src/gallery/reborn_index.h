// For tests: galleries on the disk.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gallery/flat_index.h"
#include "temporary_folder.h"

namespace vigil::gallery {

inline Sealer KeyOf(char digit) { return *Sealer::FromHex(std::string(64, digit)); }

inline bool Never() { return false; }

inline SavedIndexOptions Saved(const std::filesystem::path& folder, bool on_disk = false) {
  return {.folder = folder,
          .sealer = KeyOf('a'),
          .gallery = "facenet:1",
          .embeddings_on_disk = on_disk};
}

// An index that is saved, thrown away and found again after every change.
class Reborn final : public GalleryIndex {
 public:
  Reborn(int dimension, bool on_disk) : dimension_(dimension), on_disk_(on_disk) { Bear(); }

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    return Index()->Search(probe, candidates_max);
  }
  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    return Index()->SearchMany(queries);
  }
  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    Index()->Apply(removed_reference_ids, std::move(upserts), sequence);
    if (++changes_ > 50) return;
    EXPECT_TRUE(Index()->Save(Never).has_value());
    Bear();
  }
  GalleryInfo Info() const override { return Index()->Info(); }

 private:
  std::shared_ptr<FollowedIndex> Index() const {
    const std::lock_guard lock(mutex_);
    return index_;
  }
  void Bear() {
    const std::shared_ptr<FollowedIndex> next = MakeFlatIndex(
        dimension_, {.kernels = {}, .saved = Saved(folder_.Path() / "gallery", on_disk_)});
    if (changes_ > 0) {
      EXPECT_TRUE(next->Restore().has_value());
      next->Tend();
    }
    const std::lock_guard lock(mutex_);
    index_ = next;
  }

  const int dimension_;
  const bool on_disk_;
  TemporaryFolder folder_;
  int changes_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<FollowedIndex> index_;
};

}  // namespace vigil::gallery
