// For tests: a gallery in a folder of its own, and people to fill it with.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "contract/random_embedding.h"
#include "gallery/flat_index.h"
#include "gallery/reborn_index.h"
#include "temporary_folder.h"

namespace vigil::gallery {

constexpr int kDimension = 8;

inline std::unique_ptr<FollowedIndex> MakeSaved(const std::filesystem::path& folder,
                                                bool on_disk = false) {
  return MakeFlatIndex(kDimension, {.kernels = {}, .saved = Saved(folder, on_disk)});
}

inline GalleryReference Numbered(std::uint32_t number) {
  return {"r" + std::to_string(number), "p" + std::to_string(number / 2),
          RandomEmbedding(kDimension, number)};
}

inline std::vector<GalleryReference> NumberedUpTo(std::uint32_t count) {
  std::vector<GalleryReference> references;
  for (std::uint32_t i = 0; i < count; ++i) references.push_back(Numbered(i));
  return references;
}

inline void ExpectSameAnswers(const GalleryIndex& left, const GalleryIndex& right) {
  EXPECT_EQ(left.Info().sequence, right.Info().sequence);
  EXPECT_EQ(left.Info().references, right.Info().references);
  EXPECT_EQ(left.Info().persons, right.Info().persons);
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Embedding probe = RandomEmbedding(kDimension, 1'000'000 + i);
    EXPECT_EQ(left.Search(probe, 5).candidates, right.Search(probe, 5).candidates);
  }
}

// One chunk that is full, with gaps, and one that is not.
class SavedGallery : public ::testing::Test {
 protected:
  void Fill(FollowedIndex& index) {
    index.Apply({}, NumberedUpTo(10'000), 7);
    index.Apply(std::vector<std::string>{"r3", "r4", "r5", "r9000"}, {}, 8);
  }

  std::filesystem::path File(std::string_view ending) {
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      if (entry.path().string().ends_with(ending)) return entry.path();
    }
    return {};
  }

  std::set<std::filesystem::path> ChunkFiles() const {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
      if (entry.path().extension() == ".chunk") files.insert(entry.path());
    }
    return files;
  }

  std::filesystem::path Folder() const { return folder_.Path() / "gallery"; }

  ErrorCode Refusal(const SavedIndexOptions& options) {
    const auto index = MakeFlatIndex(kDimension, {.kernels = {}, .saved = options});
    const auto restored = index->Restore();
    EXPECT_EQ(index->Info().references, 0U);
    // It can be filled all the same.
    index->Apply({}, {Numbered(1)}, 1);
    EXPECT_EQ(index->Info().references, 1U);
    return restored.has_value() ? ErrorCode::kEndOfStream : restored.error().code;
  }

  TemporaryFolder folder_;
};

}  // namespace vigil::gallery
