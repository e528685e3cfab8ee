// The exact index against the oracle of its contract, and what its blocks add.
#include "gallery/flat_index.h"

#include <gtest/gtest.h>

#include <cmath>

#include "contract/gallery_index_contract.h"
#include "gallery/distinct_index.h"
#include "gallery/dot_product.h"

namespace vigil::gallery {
namespace {

INSTANTIATE_TEST_SUITE_P(Flat, GalleryIndexContract,
                         ::testing::Values([](int dimension) { return MakeFlatIndex(dimension); }));

// A kind of faces at the origin: taken out, it changes nothing, and the oracle holds.
INSTANTIATE_TEST_SUITE_P(Distinct, GalleryIndexContract, ::testing::Values([](int dimension) {
                           const auto length = static_cast<std::size_t>(dimension);
                           return MakeDistinctIndex(MakeFlatIndex(dimension),
                                                    {.faces = {std::vector<float>(length)}});
                         }));

TEST(DotProduct, EqualsThePlainSumForEveryLength) {
  for (int dimension = 1; dimension <= 70; ++dimension) {
    const auto length = static_cast<std::size_t>(dimension);
    const Embedding probe = RandomEmbedding(dimension, 1);
    std::vector<float> rows;
    for (std::uint32_t row = 0; row < 3; ++row) {
      const Embedding numbers = RandomEmbedding(dimension, row + 2);
      rows.insert(rows.end(), numbers.begin(), numbers.end());
    }
    std::vector<float> scores(3);
    DotProducts(probe.data(), rows.data(), 3, length, scores.data());
    for (std::size_t row = 0; row < 3; ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < length; ++i) sum += double{probe[i]} * rows[row * length + i];
      EXPECT_NEAR(scores[row], sum, 1e-6) << "dimension " << dimension;
    }
  }
}

TEST(FlatIndex, OrdersEqualSimilaritiesByReference) {
  const auto index = MakeFlatIndex(2);
  index->Apply({}, {{"z", "zoe", {1, 0}}, {"a", "ada", {1, 0}}, {"m", "max", {1, 0}}}, 1);
  const GallerySearch found = index->Search(Embedding{1, 0}, 2);
  ASSERT_EQ(found.candidates.size(), 2U);
  EXPECT_EQ(found.candidates[0].person_id, "ada");
  EXPECT_EQ(found.candidates[1].person_id, "max");
}

TEST(FlatIndex, EmptiesAndFillsAgain) {
  const auto index = MakeFlatIndex(2);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    std::vector<GalleryReference> upserts;
    std::vector<std::string> ids;
    for (int i = 0; i < 1025; ++i) {
      ids.push_back(std::to_string(i));
      upserts.push_back({ids.back(), "p", {1, 0}});
    }
    index->Apply({}, std::move(upserts), 2 * round - 1);
    EXPECT_EQ(index->Info().references, 1025U);
    EXPECT_EQ(index->Info().persons, 1U);
    index->Apply(ids, {}, 2 * round);
    EXPECT_EQ(index->Info().references, 0U);
    EXPECT_TRUE(index->Search(Embedding{1, 0}, 5).candidates.empty());
  }
}

}  // namespace
}  // namespace vigil::gallery
