// What every MediaStore must do. Include it in one test file of an adapter and instantiate
// MediaStoreContract.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/media_store.h"

namespace vigil {

using MediaStoreFactory = std::function<std::unique_ptr<MediaStore>(Clock& clock)>;

class MediaStoreContract : public ::testing::TestWithParam<MediaStoreFactory> {
 protected:
  static Bytes Picture(std::size_t size, unsigned char filling) {
    return Bytes(size, std::byte{filling});
  }

  ManualClock clock_;
  std::unique_ptr<MediaStore> store_ = GetParam()(clock_);
};

TEST_P(MediaStoreContract, GivesBackWhatWasPut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}}) {
    const Result<std::string> id = store_->Put(MediaKind::kCrop, Picture(size, 0xAB));
    ASSERT_TRUE(id.has_value()) << id.error().message;
    EXPECT_EQ(store_->Get(*id), Picture(size, 0xAB));
  }
}

TEST_P(MediaStoreContract, NamesTheKindInTheId) {
  EXPECT_TRUE(store_->Put(MediaKind::kPhoto, Picture(1, 1))->starts_with("photo-"));
  EXPECT_TRUE(store_->Put(MediaKind::kCrop, Picture(1, 1))->starts_with("crop-"));
  EXPECT_TRUE(store_->Put(MediaKind::kFrame, Picture(1, 1))->starts_with("frame-"));
}

TEST_P(MediaStoreContract, MakesANewIdEachTime) {
  EXPECT_NE(*store_->Put(MediaKind::kCrop, Picture(3, 1)),
            *store_->Put(MediaKind::kCrop, Picture(3, 1)));
}

TEST_P(MediaStoreContract, SaysNotFoundForWhatWasNeverPutOrWasRemoved) {
  const std::string id = *store_->Put(MediaKind::kFrame, Picture(10, 7));
  EXPECT_TRUE(store_->Remove(id).has_value());
  EXPECT_TRUE(store_->Remove(id).has_value());
  EXPECT_EQ(store_->Get(id).error().code, ErrorCode::kNotFound);
  for (const std::string strange : {"", "crop-", "../secret", "crop-../../../../etc/passwd"}) {
    EXPECT_EQ(store_->Get(strange).error().code, ErrorCode::kNotFound) << strange;
    EXPECT_TRUE(store_->Remove(strange).has_value()) << strange;
  }
}

TEST_P(MediaStoreContract, ListsByKindAndAgeOldestFirst) {
  const std::string first = *store_->Put(MediaKind::kCrop, Picture(1, 1));
  clock_.Advance(std::chrono::seconds{1});
  const std::string second = *store_->Put(MediaKind::kCrop, Picture(1, 2));
  const std::string photo = *store_->Put(MediaKind::kPhoto, Picture(1, 3));
  clock_.Advance(std::chrono::hours{9});
  const WallTime now = clock_.WallNow();
  const std::string young = *store_->Put(MediaKind::kCrop, Picture(1, 4));
  using ::testing::ElementsAre;
  EXPECT_THAT(*store_->ListOlderThan(MediaKind::kCrop, now, "", 10), ElementsAre(first, second));
  EXPECT_THAT(*store_->ListOlderThan(MediaKind::kCrop, now, "", 1), ElementsAre(first));
  EXPECT_THAT(*store_->ListOlderThan(MediaKind::kPhoto, now, "", 10), ElementsAre(photo));
  EXPECT_THAT(*store_->ListOlderThan(MediaKind::kCrop, now + std::chrono::milliseconds{1}, "", 10),
              ElementsAre(first, second, young));
}

// Walking on behind the last answer meets every picture once, also when the last one is gone.
TEST_P(MediaStoreContract, ListsSliceBySlice) {
  std::vector<std::string> made;
  for (unsigned char i = 0; i < 5; ++i) {
    made.push_back(*store_->Put(MediaKind::kFrame, Picture(1, i)));
    clock_.Advance(std::chrono::hours{3});
  }
  std::vector<std::string> met;
  std::string after;
  while (true) {
    const auto slice = *store_->ListOlderThan(MediaKind::kFrame, clock_.WallNow(), after, 2);
    if (slice.empty()) break;
    ASSERT_LE(slice.size(), 2U);
    met.insert(met.end(), slice.begin(), slice.end());
    after = slice.back();
    ASSERT_TRUE(store_->Remove(after).has_value());
  }
  EXPECT_EQ(met, made);
}

TEST_P(MediaStoreContract, ServesManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> failures = 0;
  for (unsigned char filling = 0; filling < 4; ++filling) {
    threads.emplace_back([&, filling] {
      for (std::size_t i = 0; i < 20; ++i) {
        const Result<std::string> id = store_->Put(MediaKind::kCrop, Picture(i, filling));
        if (!id.has_value() || store_->Get(*id) != Picture(i, filling)) ++failures;
        if (id.has_value() && !store_->Remove(*id).has_value()) ++failures;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failures, 0);
}

}  // namespace vigil
