// What every GalleryStore must do. Include it in one test file of an adapter and instantiate
// GalleryStoreContract.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/gallery.h"

namespace vigil {

// A store with the changes that the port leaves to enrolment. Both spaces have dimension 4.
class GalleryStoreHarness {
 public:
  virtual ~GalleryStoreHarness() = default;
  virtual GalleryStore& Store() = 0;
  // The key of space 0 or 1.
  virtual std::string SpaceKey(int space) = 0;
  // Adds a reference to a person of its own and returns it as it is stored.
  virtual GalleryReference Add(int space, const Embedding& embedding) = 0;
  virtual void Remove(const GalleryReference& reference) = 0;
};

using GalleryStoreFactory = std::function<std::unique_ptr<GalleryStoreHarness>()>;

class GalleryStoreContract : public ::testing::TestWithParam<GalleryStoreFactory> {
 protected:
  GalleryStore& Store() { return harness_->Store(); }

  std::unique_ptr<GalleryStoreHarness> harness_ = GetParam()();
};

TEST_P(GalleryStoreContract, IsEmptyAtFirst) {
  EXPECT_EQ(Store().GallerySequence(), 0U);
  EXPECT_TRUE(Store().GalleryChangesAfter(0, 10)->empty());
  const auto all = Store().LoadAllReferences(harness_->SpaceKey(0));
  EXPECT_TRUE(all->first.empty());
  EXPECT_EQ(all->second, 0U);
}

TEST_P(GalleryStoreContract, NumbersEveryChange) {
  const GalleryReference first = harness_->Add(0, {1, 0, 0, 0});
  const GalleryReference second = harness_->Add(0, {0, 1, 0, 0});
  harness_->Remove(first);
  EXPECT_EQ(Store().GallerySequence(), 3U);
  const auto changes = Store().GalleryChangesAfter(0, 10);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ((*changes)[0].reference_id, first.reference_id);
  EXPECT_EQ((*changes)[1].reference_id, second.reference_id);
  EXPECT_EQ((*changes)[2].reference_id, first.reference_id);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ((*changes)[i].sequence, i + 1);
}

TEST_P(GalleryStoreContract, GivesChangesInPieces) {
  for (int i = 0; i < 5; ++i) harness_->Add(0, {1, 0, 0, 0});
  EXPECT_EQ(Store().GalleryChangesAfter(0, 2)->back().sequence, 2U);
  EXPECT_EQ(Store().GalleryChangesAfter(2, 2)->front().sequence, 3U);
  EXPECT_EQ(Store().GalleryChangesAfter(4, 2)->size(), 1U);
  EXPECT_TRUE(Store().GalleryChangesAfter(5, 2)->empty());
}

TEST_P(GalleryStoreContract, LoadsLivingReferencesOfOneSpace) {
  const GalleryReference here = harness_->Add(0, {0.5F, -0.5F, 0.5F, -0.5F});
  const GalleryReference other = harness_->Add(1, {0, 0, 1, 0});
  const GalleryReference gone = harness_->Add(0, {0, 0, 0, 1});
  harness_->Remove(gone);
  const std::array ids{here.reference_id, other.reference_id, gone.reference_id,
                       std::string("unknown")};
  const auto loaded = Store().LoadReferences(ids, harness_->SpaceKey(0));
  ASSERT_EQ(loaded->size(), 1U);
  EXPECT_EQ(loaded->front().reference_id, here.reference_id);
  EXPECT_EQ(loaded->front().person_id, here.person_id);
  EXPECT_EQ(loaded->front().embedding, here.embedding);
  const auto all = Store().LoadAllReferences(harness_->SpaceKey(0));
  ASSERT_EQ(all->first.size(), 1U);
  EXPECT_EQ(all->first.front().reference_id, here.reference_id);
  EXPECT_EQ(all->second, 4U);
}

TEST_P(GalleryStoreContract, LoadsReferencesPageByPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(harness_->Add(0, {1, 0, 0, 0}).reference_id);
  harness_->Add(1, {1, 0, 0, 0});
  std::ranges::sort(ids);
  std::vector<std::string> found;
  std::vector<std::size_t> sizes;
  std::string last;
  do {
    const auto page = Store().LoadReferencesAfter(harness_->SpaceKey(0), last, 2);
    ASSERT_TRUE(page.has_value());
    EXPECT_EQ(page->sequence, 6U);
    for (const GalleryReference& reference : page->references) {
      found.push_back(reference.reference_id);
      EXPECT_EQ(reference.embedding, (Embedding{1, 0, 0, 0}));
    }
    sizes.push_back(page->references.size());
    last = page->last_id;
  } while (!last.empty() && sizes.size() < 9);
  EXPECT_EQ(found, ids);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 2, 1}));
}

TEST_P(GalleryStoreContract, NamesEachChangeAsNoOther) {
  const GalleryReference first = harness_->Add(0, {1, 0, 0, 0});
  harness_->Remove(first);
  const auto added = Store().GalleryChangeName(1);
  const auto removed = Store().GalleryChangeName(2);
  ASSERT_TRUE(added.has_value() && removed.has_value());
  EXPECT_FALSE(added->empty());
  EXPECT_NE(added, removed);
  EXPECT_EQ(Store().GalleryChangeName(1), added);
  EXPECT_EQ(Store().GalleryChangeName(0), "");
  EXPECT_EQ(Store().GalleryChangeName(3), "");
  const auto other = GetParam()();
  other->Add(0, {1, 0, 0, 0});
  EXPECT_NE(other->Store().GalleryChangeName(1), added);
}

}  // namespace vigil
