// What an index that compares what is distinctive finds; its contract is held in
// flat_index_test.cc.
#include "gallery/distinct_index.h"

#include <gtest/gtest.h>

#include "gallery/flat_index.h"

namespace vigil::gallery {
namespace {

TEST(DistinctIndex, ComparesWhatIsDistinctive) {
  const TypicalFaces typical{.faces = {{0.8F, 0, 0}}};
  const auto index = MakeDistinctIndex(MakeFlatIndex(3), typical);
  const Embedding ada{0.8F, 0.6F, 0};
  const Embedding bob{0.8F, 0, 0.6F};
  index->Apply({}, {{"a", "ada", ada}, {"b", "bob", bob}}, 1);
  const GallerySearch found = index->Search(ada, 2);
  ASSERT_EQ(found.candidates.size(), 2U);
  EXPECT_EQ(found.candidates[0].person_id, "ada");
  EXPECT_NEAR(found.candidates[0].similarity, 1, 1e-5);
  EXPECT_NEAR(found.candidates[1].similarity, 0, 1e-5);  // 0.64 of the plain embeddings
}

TEST(DistinctIndex, SeveralProbesAreComparedAsSingleOnes) {
  const TypicalFaces typical{.faces = {{0.8F, 0, 0}}};
  const auto index = MakeDistinctIndex(MakeFlatIndex(3), typical);
  const Embedding ada{0.8F, 0.6F, 0};
  const Embedding bob{0.8F, 0, 0.6F};
  index->Apply({}, {{"a", "ada", ada}, {"b", "bob", bob}}, 1);
  const auto found = index->SearchMany(
      std::vector<GalleryQuery>{{.probe = bob, .candidates_max = 2, .admits = {}},
                                {.probe = ada, .candidates_max = 2, .admits = {}}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].candidates, index->Search(bob, 2).candidates);
  EXPECT_EQ(found[1].candidates, index->Search(ada, 2).candidates);
}

TEST(DistinctIndex, IsTheIndexItselfWithoutTypicalFaces) {
  auto flat = MakeFlatIndex(3);
  const GalleryIndex* address = flat.get();
  EXPECT_EQ(MakeDistinctIndex(std::move(flat), {}).get(), address);
}

}  // namespace
}  // namespace vigil::gallery
