// The approximate index against the exact one.
#include "gallery/faiss_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include "contract/gallery_oracle.h"
#include "gallery/dot_product.h"
#include "gallery/exact_index.h"
#include "gallery/list_builder.h"
#include "gallery/reborn_index.h"
#include "gallery/settled_faiss_index.h"

namespace vigil::gallery {
namespace {

using ::testing::ElementsAre;

Embedding RandomDirection(int dimension, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Embedding direction(static_cast<std::size_t>(dimension));
  for (float& number : direction) number = normal(random);
  Normalise(direction);
  return direction;
}

// People look alike in groups, as faces do.
GalleryReference Face(std::uint32_t number, int dimension) {
  const std::string id = std::to_string(number);
  const Embedding kind = RandomDirection(dimension, number % 37);
  Embedding embedding = RandomDirection(dimension, 1000 + number);
  for (std::size_t i = 0; i < embedding.size(); ++i) embedding[i] += 0.7F * kind[i];
  Normalise(embedding);
  return {"r" + id, "p" + std::to_string(number / 2), embedding};
}

// At a cosine of about 0.71.
Embedding OtherPhotoOf(const GalleryReference& reference, std::uint32_t seed) {
  Embedding probe = RandomDirection(static_cast<int>(reference.embedding.size()), seed);
  for (std::size_t i = 0; i < probe.size(); ++i) probe[i] += reference.embedding[i];
  Normalise(probe);
  return probe;
}

std::vector<GalleryReference> Faces(std::uint32_t first, std::uint32_t count, int dimension) {
  std::vector<GalleryReference> faces;
  for (std::uint32_t i = 0; i < count; ++i) faces.push_back(Face(first + i, dimension));
  return faces;
}

TEST(FaissIndex, FindsNearlyEverybodyWithTheExactSimilarity) {
  constexpr int kDimension = 128;
  constexpr std::uint32_t kCount = 20'000;
  const auto index = MakeFaissIndex(kDimension, {.references_min = 1000});
  const auto exact = MakeFlatIndex(kDimension);
  index->Apply({}, Faces(0, kCount, kDimension), 1);
  exact->Apply({}, Faces(0, kCount, kDimension), 1);
  index->Settle();
  ASSERT_TRUE(index->State().uses_lists);
  EXPECT_EQ(index->State().rows_listed, kCount);
  EXPECT_LT(index->State().lists_probed, index->State().lists / 4);
  int found = 0;
  constexpr int kProbes = 500;
  for (std::uint32_t i = 0; i < kProbes; ++i) {
    const Embedding probe = OtherPhotoOf(Face(i * 39, kDimension), 1'000'000 + i);
    const auto answered = index->Search(probe, 3).candidates;
    ASSERT_EQ(answered.size(), 3U);
    const auto wanted = exact->Search(probe, 3).candidates;
    found += answered.front() == wanted.front() ? 1 : 0;
    EXPECT_LE(answered.front().similarity, wanted.front().similarity);
  }
  EXPECT_GE(found, kProbes * 98 / 100)
      << index->State().lists_probed << " of " << index->State().lists << " lists";
}

// Bit for bit, through removals, replacements and compactions, with the background at work.
TEST(FaissIndex, EqualsTheExactIndexThroughRandomSteps) {
  const char* asked = std::getenv("VIGIL_GALLERY_STEPS");
  const int steps = asked == nullptr ? 1500 : std::atoi(asked);
  constexpr int kDimension = 24;
  FaissIndexOptions options = EveryRowListed();
  options.rows_unlisted_max = 200;
  options.rows_rescored = 400;
  options.sampled_every = 3;
  const auto index = MakeFaissIndex(kDimension, options);
  const auto exact = MakeFlatIndex(kDimension);
  std::mt19937 random(7);
  for (int step = 1; step <= steps; ++step) {
    std::vector<std::string> removed;
    for (auto i = random() % 30; i > 0; --i)
      removed.push_back("r" + std::to_string(random() % 900));
    std::vector<GalleryReference> upserts;
    for (auto i = random() % 40; i > 0; --i) {
      upserts.push_back(Face(static_cast<std::uint32_t>(random() % 900), kDimension));
      upserts.back().embedding = RandomEmbedding(kDimension, static_cast<std::uint32_t>(random()));
    }
    const auto sequence = static_cast<std::uint64_t>(step);
    exact->Apply(removed, upserts, sequence);
    index->Apply(removed, std::move(upserts), sequence);
    if (random() % 8 == 0) index->Settle();
    const Embedding probe = RandomEmbedding(kDimension, static_cast<std::uint32_t>(random()));
    GalleryQuery query{
        .probe = probe, .candidates_max = 1 + static_cast<int>(random() % 12), .admits = {}};
    query.references_averaged = 1 + static_cast<int>(random() % 2);
    if (random() % 3 == 0) {
      query.admits = [](const std::string& person) { return person.back() % 2 == 0; };
    }
    const std::vector<GalleryQuery> queries(1 + random() % 4, query);
    const auto wanted = exact->SearchMany(queries);
    const auto answered = index->SearchMany(queries);
    for (std::size_t i = 0; i < queries.size(); ++i) {
      ASSERT_EQ(answered[i].candidates, wanted[i].candidates) << "step " << step;
      ASSERT_EQ(answered[i].gallery.sequence, wanted[i].gallery.sequence);
    }
  }
  index->Settle();
  EXPECT_TRUE(index->State().uses_lists);
  EXPECT_EQ(index->State().last_error, "");
}

TEST(FaissIndex, ShowsChangesAtOnce) {
  constexpr int kDimension = 32;
  const auto index = MakeFaissIndex(kDimension, {.references_min = 100, .lists_probed = 16});
  index->Apply({}, Faces(0, 2000, kDimension), 1);
  index->Settle();
  ASSERT_TRUE(index->State().uses_lists);
  const Embedding face = RandomEmbedding(kDimension, 99'999);
  index->Apply({}, {{"new", "nina", face}}, 2);
  EXPECT_EQ(index->Search(face, 1).candidates.front().person_id, "nina");
  index->Apply({}, {{"new", "nora", face}}, 3);
  EXPECT_EQ(index->Search(face, 1).candidates.front().person_id, "nora");
  index->Apply(std::vector<std::string>{"new"}, {}, 4);
  EXPECT_NE(index->Search(face, 1).candidates.front().person_id, "nora");
  EXPECT_EQ(index->Search(Face(6, kDimension).embedding, 1).candidates.front().reference_id, "r6");
  index->Apply(std::vector<std::string>{"r6"}, {}, 5);
  for (const Candidate& candidate : index->Search(Face(6, kDimension).embedding, 10).candidates) {
    EXPECT_NE(candidate.reference_id, "r6");
  }
}

TEST(FaissIndex, SearchesExactlyUntilThereIsEnoughAndWhenThereIsNoLonger) {
  constexpr int kDimension = 16;
  SettledFaissIndex index(kDimension, {.references_min = 500, .lists_probed = 16});
  index.Apply({}, Faces(0, 499, kDimension), 1);
  EXPECT_FALSE(index.State().uses_lists);
  index.Apply({}, Faces(499, 1, kDimension), 2);
  EXPECT_TRUE(index.State().uses_lists);
  std::vector<std::string> removed;
  for (int i = 0; i < 250; ++i) removed.push_back("r" + std::to_string(i));
  index.Apply(removed, {}, 3);
  EXPECT_TRUE(index.State().uses_lists);
  index.Apply(std::vector<std::string>{"r300"}, {}, 4);
  EXPECT_FALSE(index.State().uses_lists);
}

TEST(FaissIndex, LearnsAnewWhenTheGalleryHasGrown) {
  constexpr int kDimension = 16;
  SettledFaissIndex index(kDimension,
                          {.references_min = 100, .lists_probed = 16, .rows_unlisted_max = 50});
  index.Apply({}, Faces(0, 400, kDimension), 1);
  const std::size_t lists = index.State().lists;
  index.Apply({}, Faces(400, 1199, kDimension), 2);
  EXPECT_EQ(index.State().lists, lists);
  index.Apply({}, Faces(1599, 1, kDimension), 3);
  EXPECT_EQ(index.State().lists, 2 * lists);
}

TEST(FaissIndex, ClearsAwayRemovedRows) {
  constexpr int kDimension = 16;
  SettledFaissIndex index(kDimension,
                          {.references_min = 100, .lists_probed = 16, .rows_unlisted_max = 50});
  index.Apply({}, Faces(0, 2000, kDimension), 1);
  for (std::uint32_t round = 0; round < 30; ++round) {
    index.Apply({}, Faces(0, 1000, kDimension), 2 + round);
  }
  EXPECT_GE(index.State().rows_listed, 1900U);
  EXPECT_LE(index.State().rows_listed, 2000U * 4 / 3 + 1);
}

TEST(FaissIndex, ScansForNarrowFiltersAndForMeans) {
  constexpr int kDimension = 32;
  SettledFaissIndex index(kDimension, {.references_min = 100, .lists_probed = 16});
  index.Apply({}, Faces(0, 4000, kDimension), 1);
  const Embedding probe = Face(10, kDimension).embedding;
  ASSERT_EQ(index.Search(probe, 1).candidates.front().person_id, "p5");
  ASSERT_EQ(index.State().exact_searches, 0);
  GalleryQuery query{.probe = probe, .candidates_max = 2, .admits = {}};
  query.admits = [](const std::string& person) { return person == "p1999"; };
  const auto narrow = index.SearchMany({&query, 1}).front().candidates;
  ASSERT_EQ(narrow.size(), 1U);
  EXPECT_EQ(narrow.front().person_id, "p1999");
  EXPECT_EQ(index.State().exact_searches, 1);
  query.admits = [](const std::string& person) { return person != "p5"; };
  EXPECT_NE(index.SearchMany({&query, 1}).front().candidates.front().person_id, "p5");
  EXPECT_EQ(index.State().exact_searches, 1);
  query.admits = {};
  query.references_averaged = 2;
  EXPECT_EQ(index.SearchMany({&query, 1}).front().candidates.size(), 2U);
  EXPECT_EQ(index.State().exact_searches, 2);
}

TEST(FaissIndex, WatchesRecallAndReadsMoreListsWhenItIsLow) {
  constexpr int kDimension = 64;
  const auto index = MakeFaissIndex(
      kDimension, {.references_min = 100, .lists = 64, .lists_probed = 1, .sampled_every = 1});
  std::vector<GalleryReference> references;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const std::string id = std::to_string(i);
    references.push_back({"r" + id, "p" + id, RandomEmbedding(kDimension, i)});
  }
  index->Apply({}, std::move(references), 1);
  index->Settle();
  EXPECT_EQ(index->State().recall_at_1, std::nullopt);
  std::uint32_t seed = 10'000;
  for (int i = 0; i < 150; ++i) {
    index->Search(RandomEmbedding(kDimension, seed++), 1);
    index->Settle();
  }
  EXPECT_EQ(index->State().searches_sampled, 150U);
  EXPECT_LT(index->State().recall_at_1.value(), 0.5);
  EXPECT_LT(index->State().recall_at_10.value(), 0.5);
  EXPECT_EQ(index->State().lists_probed, 1U);
  while (index->State().lists_probed < 64 && seed < 13'000) {
    index->Search(RandomEmbedding(kDimension, seed++), 1);
    index->Settle();
  }
  EXPECT_EQ(index->State().lists_probed, 64U);
}

TEST(FaissIndex, ScansFacesThatFormNoClusters) {
  constexpr int kDimension = 128;
  const auto index = MakeFaissIndex(kDimension, {.references_min = 1000});
  std::vector<GalleryReference> references;
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const std::string id = std::to_string(i);
    references.push_back({"r" + id, "p" + id, RandomDirection(kDimension, i)});
  }
  index->Apply({}, std::move(references), 1);
  index->Settle();
  EXPECT_FALSE(index->State().uses_lists);
  EXPECT_EQ(index->State().last_error, "");
}

TEST(FaissIndex, GoesBackToTheScanWhenTooManyListsHadToBeRead) {
  constexpr int kDimension = 64;
  FaissIndexOptions options{.references_min = 1000, .sampled_every = 1};
  const auto index = MakeFaissIndex(kDimension, options);
  index->Apply({}, Faces(0, 6000, kDimension), 1);
  index->Settle();
  ASSERT_TRUE(index->State().uses_lists);
  // Probes like nobody: their nearest stands in any list.
  for (std::uint32_t i = 0; i < 5000 && index->State().uses_lists; ++i) {
    index->Search(RandomDirection(kDimension, 50'000 + i), 1);
    index->Settle();
  }
  EXPECT_FALSE(index->State().uses_lists);
  EXPECT_EQ(index->State().recall_at_1, std::nullopt);
}

// Numbers that move to the disk leave their rows where they are.
TEST(ListGeneration, OutlivesTheMoveOfNumbersToTheDisk) {
  constexpr int kDimension = 32;
  constexpr std::size_t kCount = 2 * kChunkRows + 100;
  TemporaryFolder folder;
  const auto index =
      MakeExactIndex(kDimension, {.kernels = {}, .saved = Saved(folder.Path() / "gallery", true)});
  index->Apply({}, Faces(0, kCount, kDimension), 1);
  const auto trained =
      TrainGeneration(*index->Current(), {.lists = 64}, kDimension, std::stop_token());
  ASSERT_TRUE(trained.has_value()) << trained.error().message;
  const ListGeneration& generation = *trained->generation;
  const std::weak_ptr<const Chunk> in_memory = index->Current()->chunks.front().chunk;
  const Embedding probe = Face(77, kDimension).embedding;
  const GalleryQuery query{.probe = probe, .candidates_max = 5, .admits = {}};
  const auto answer = [&] {
    const auto snapshot = index->Current();
    return SearchLists(CoveredView(*snapshot, generation), query, {.lists_probed = 64}).candidates;
  };
  const auto before = answer();
  ASSERT_EQ(before.size(), 5U);
  ASSERT_TRUE(index->Save(Never).has_value());
  index->Tend();
  const auto snapshot = index->Current();
  ASSERT_FALSE(snapshot->chunks.front().chunk->HasNumbers());
  EXPECT_TRUE(in_memory.expired()) << "lists keep numbers in memory that are on the disk";
  EXPECT_TRUE(CoveredView(*snapshot, generation).Rest().chunks.empty());
  EXPECT_EQ(answer(), before);
  const auto next = ExtendGeneration(generation, *snapshot, 1, std::stop_token());
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(*next, nullptr) << "nothing has changed";
  const auto from_disk = TrainGeneration(*snapshot, {.lists = 64}, kDimension, std::stop_token());
  ASSERT_TRUE(from_disk.has_value());
  EXPECT_EQ(SearchLists(CoveredView(*snapshot, *from_disk->generation), query, {.lists_probed = 64})
                .candidates,
            before);
}

TEST(FaissIndex, LearnsFromWhatItTakesUpAtAStart) {
  constexpr int kDimension = 32;
  TemporaryFolder folder;
  FaissIndexOptions options{.references_min = 1000, .lists_probed = 16};
  options.exact.saved = Saved(folder.Path() / "gallery", true);
  const Embedding probe = Face(77, kDimension).embedding;
  GallerySearch before;
  {
    const auto index = MakeFaissIndex(kDimension, options);
    index->Apply({}, Faces(0, kChunkRows + 500, kDimension), 7);
    index->Settle();
    before = index->Search(probe, 1);
    ASSERT_TRUE(index->IsSaved());
    ASSERT_TRUE(index->Save(Never).has_value());
  }
  const auto index = MakeFaissIndex(kDimension, options);
  ASSERT_EQ(index->Restore().value_or(0), 7U);
  index->Tend();
  index->Settle();
  EXPECT_TRUE(index->State().uses_lists);
  EXPECT_EQ(index->Info().references, kChunkRows + 500);
  EXPECT_EQ(index->Search(probe, 1).candidates, before.candidates);
  EXPECT_TRUE(index->Holds(Face(77, kDimension)));
  EXPECT_EQ(index->ReferenceIds().size(), kChunkRows + 500);
}

TEST(FaissIndex, CountsOnlyThoseSimilarEnough) {
  constexpr int kDimension = 64;
  const auto index = MakeFaissIndex(
      kDimension,
      {.references_min = 100, .similarity_min = 0.9F, .lists_probed = 16, .sampled_every = 1});
  index->Apply({}, Faces(0, 1000, kDimension), 1);
  index->Settle();
  index->Search(RandomEmbedding(kDimension, 1), 1);
  index->Settle();
  EXPECT_EQ(index->State().searches_sampled, 0U);
  index->Search(Face(77, kDimension).embedding, 1);
  index->Settle();
  EXPECT_EQ(index->State().searches_sampled, 1U);
  EXPECT_EQ(index->State().recall_at_1, 1.0);
}

std::ptrdiff_t Threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(FaissIndex, StartsOneThreadAndNoOther) {
  constexpr int kDimension = 64;
  const std::ptrdiff_t before = Threads();
  FaissIndexOptions options{.references_min = 100, .lists_probed = 16};
  options.exact.threads = 1;
  const auto index = MakeFaissIndex(kDimension, options);
  index->Apply({}, Faces(0, 5000, kDimension), 1);
  index->Settle();
  ASSERT_TRUE(index->State().uses_lists);
  std::vector<GalleryQuery> queries(40);
  const Embedding probe = RandomEmbedding(kDimension, 1);
  for (GalleryQuery& query : queries) query.probe = probe;
  EXPECT_EQ(index->SearchMany(queries).size(), 40U);
  EXPECT_EQ(Threads(), before + 1);
}

TEST(FaissIndex, EndsWhileItLearns) {
  for (int round = 0; round < 5; ++round) {
    const auto index = MakeFaissIndex(128, {.references_min = 1});
    index->Apply({}, Faces(0, 4000, 128), 1);
    while (round > 0 && !index->State().training) std::this_thread::yield();
  }
}

TEST(ListBuilder, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const std::vector<float> rows(100, 0.5F);
  const auto trained = ListQuantizer::Train(rows, 10, 2, stop.get_token());
  ASSERT_FALSE(trained.has_value());
  EXPECT_EQ(trained.error().code, ErrorCode::kCancelled);
}

TEST(ListQuantizer, SaysWhatFaissSays) {
  std::vector<float> rows(100, 0.5F);
  rows[7] = std::numeric_limits<float>::infinity();
  const auto trained = ListQuantizer::Train(rows, 10, 2, {});
  ASSERT_FALSE(trained.has_value());
  EXPECT_EQ(trained.error().code, ErrorCode::kInternal);
  EXPECT_THAT(trained.error().message, ::testing::HasSubstr("learn the clusters"));
}

TEST(ListQuantizer, CodesKeepTheOrderOfSimilarities) {
  constexpr int kDimension = 150;
  std::vector<float> rows;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const Embedding row = RandomEmbedding(kDimension, i);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  const auto quantizer = ListQuantizer::Train(rows, kDimension, 10, {});
  ASSERT_TRUE(quantizer.has_value());
  const auto codes = (*quantizer)->Encode(rows);
  ASSERT_TRUE(codes.has_value());
  const Embedding probe = RandomEmbedding(kDimension, 5000);
  const auto weights = (*quantizer)->CodeWeights(probe);
  // One summand is the same for all rows: the first row tells it.
  double shift = 0;
  std::vector<float> scores(300);
  CodeScores(weights.data(), codes->data(), 300, kDimension, scores.data());
  for (std::size_t row = 0; row < 300; ++row) {
    double similarity = 0;
    for (std::size_t i = 0; i < kDimension; ++i) {
      similarity += double{probe[i]} * rows[row * kDimension + i];
    }
    if (row == 0) shift = similarity - scores[row];
    EXPECT_NEAR(scores[row] + shift, similarity, 0.01) << row;
  }
  const auto lists = (*quantizer)->Assign(rows, {});
  ASSERT_TRUE(lists.has_value());
  for (std::size_t row = 0; row < 300; ++row) {
    const std::span<const float> numbers(rows.data() + row * kDimension, kDimension);
    EXPECT_THAT((*quantizer)->NearestLists(numbers, 1), ElementsAre((*lists)[row])) << row;
  }
}

}  // namespace
}  // namespace vigil::gallery
