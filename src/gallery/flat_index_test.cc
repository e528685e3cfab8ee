// The exact index against a scan in fp32, to the last bit.
#include "gallery/flat_index.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <thread>

#include "base/sanitized.h"
#include "contract/gallery_oracle.h"
#include "gallery/dot_product.h"
#include "gallery/reborn_index.h"
#include "gallery/scan_kernels.h"

namespace vigil::gallery {
namespace {

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

TEST(CodeScores, EqualThePlainSumForEveryLength) {
  for (int dimension = 1; dimension <= 200; ++dimension) {
    const auto length = static_cast<std::size_t>(dimension);
    const Embedding weights = RandomEmbedding(dimension, 1);
    std::vector<std::uint8_t> codes(3 * length);
    std::mt19937 random(static_cast<unsigned>(dimension));
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random());
    std::vector<float> scores(3);
    CodeScores(WeightsForCodes(weights).data(), codes.data(), 3, length, scores.data());
    for (std::size_t row = 0; row < 3; ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < length; ++i) sum += double{weights[i]} * codes[row * length + i];
      EXPECT_NEAR(scores[row], sum, 1e-3) << "dimension " << dimension;
    }
  }
}

// Every reference compared in fp32, with the index's own order.
class Fp32Scan {
 public:
  void Remove(const std::string& id) { references_.erase(id); }
  void Put(const GalleryReference& reference) {
    references_.insert_or_assign(reference.reference_id, reference);
  }

  std::vector<Candidate> Search(const GalleryQuery& query) const {
    std::map<std::string, std::vector<Candidate>> of_person;
    for (const auto& [id, reference] : references_) {
      Candidate candidate{reference.person_id, id, 0};
      DotProducts(query.probe.data(), reference.embedding.data(), 1, query.probe.size(),
                  &candidate.similarity);
      if (query.admits && !query.admits(candidate.person_id)) continue;
      of_person[candidate.person_id].push_back(candidate);
    }
    std::vector<Candidate> best;
    for (auto& [person, candidates] : of_person) {
      std::ranges::sort(candidates, IsBefore);
      const auto taken = std::min<std::size_t>(candidates.size(),
                                               static_cast<unsigned>(query.references_averaged));
      double sum = 0;
      for (std::size_t i = 0; i < taken; ++i) sum += candidates[i].similarity;
      best.push_back(candidates.front());
      best.back().similarity = static_cast<float>(sum / static_cast<double>(taken));
    }
    std::ranges::sort(best, IsBefore);
    if (best.size() > static_cast<std::size_t>(query.candidates_max)) {
      best.resize(static_cast<std::size_t>(query.candidates_max));
    }
    return best;
  }

  std::size_t Size() const { return references_.size(); }

 private:
  static bool IsBefore(const Candidate& left, const Candidate& right) {
    if (left.similarity != right.similarity) return left.similarity > right.similarity;
    return left.reference_id < right.reference_id;
  }

  std::map<std::string, GalleryReference> references_;
};

// Embeddings in tight clusters, many of them equal: where bounds are put to the test.
Embedding Clustered(std::mt19937& random, int dimension) {
  Embedding embedding = RandomEmbedding(dimension, static_cast<std::uint32_t>(random() % 20));
  const Embedding other = RandomEmbedding(dimension, static_cast<std::uint32_t>(random() % 40));
  const float share = static_cast<float>(random() % 5) * 0.001F;
  for (std::size_t i = 0; i < embedding.size(); ++i) embedding[i] += share * other[i];
  Normalise(embedding);
  return embedding;
}

GalleryReference RandomReference(std::mt19937& random, int dimension, std::uint32_t ids) {
  const std::uint32_t id = static_cast<std::uint32_t>(random() % ids);
  return {"r" + std::to_string(id), "p" + std::to_string(random() % (ids / 3 + 1)),
          random() % 2 == 0 ? Clustered(random, dimension)
                            : RandomEmbedding(dimension, static_cast<std::uint32_t>(random()))};
}

TEST(FlatIndex, EqualsAScanInFp32ToTheLastBit) {
  std::mt19937 random(99);
  for (const ScanKernels& kernels : AvailableScanKernels()) {
    for (const int dimension : {128, 200, 512}) {
      const auto index = MakeFlatIndex(dimension, {.threads = 3, .kernels = kernels.name});
      Fp32Scan scan;
      std::vector<GalleryReference> upserts;
      for (int i = 0; i < 9000; ++i) {
        upserts.push_back(RandomReference(random, dimension, 100'000));
        scan.Put(upserts.back());
      }
      index->Apply({}, std::move(upserts), 1);
      for (const std::size_t batch : {1U, 3U, 14U}) {
        std::vector<Embedding> probes;
        std::vector<GalleryQuery> queries;
        for (std::size_t i = 0; i < batch; ++i) {
          probes.push_back(i % 2 == 0 ? Clustered(random, dimension)
                                      : RandomEmbedding(dimension, static_cast<unsigned>(i)));
        }
        for (const Embedding& probe : probes) {
          queries.push_back({.probe = probe, .candidates_max = 10, .admits = {}});
        }
        const auto answers = index->SearchMany(queries);
        for (std::size_t i = 0; i < batch; ++i) {
          EXPECT_EQ(answers[i].candidates, scan.Search(queries[i]))
              << kernels.name << ", dimension " << dimension << ", probe " << i << " of " << batch;
        }
      }
    }
  }
}

TEST(FlatIndex, EqualsAScanOfEmbeddingsOfAnyLength) {
  std::mt19937 random(5);
  const auto index = MakeFlatIndex(30);
  Fp32Scan scan;
  std::vector<GalleryReference> upserts;
  for (int i = 0; i < 500; ++i) {
    upserts.push_back(RandomReference(random, 30, 400));
    const float length = std::pow(10.0F, static_cast<float>(random() % 60) - 30.0F);
    for (float& number : upserts.back().embedding) number *= length;
    if (i % 50 == 0) std::ranges::fill(upserts.back().embedding, 0.0F);
    if (i % 50 == 1) upserts.back().embedding.front() = 1e30F;
    scan.Put(upserts.back());
  }
  index->Apply({}, std::move(upserts), 1);
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Embedding probe = RandomEmbedding(30, i);
    const GalleryQuery query{.probe = probe, .candidates_max = 20, .admits = {}};
    EXPECT_EQ(index->Search(probe, 20).candidates, scan.Search(query));
  }
}

// VIGIL_GALLERY_STEPS=1000000 under ThreadSanitizer is the long form, run by hand.
TEST(FlatIndex, EqualsTheScanThroughRandomSteps) {
  const char* asked = std::getenv("VIGIL_GALLERY_STEPS");
  const int steps = asked == nullptr ? 10'000 : std::atoi(asked);
  constexpr int kDimension = 24;
  std::mt19937 random(2026);
  const auto index = MakeFlatIndex(kDimension);
  Fp32Scan scan;
  std::atomic<bool> disordered = false;
  std::jthread searcher([&](const std::stop_token& stop) {
    for (std::uint32_t i = 0; !stop.stop_requested(); ++i) {
      const auto found = index->Search(RandomEmbedding(kDimension, i), 8).candidates;
      if (!std::ranges::is_sorted(found, std::ranges::greater_equal{}, &Candidate::similarity) &&
          !std::ranges::is_sorted(found, std::ranges::greater{}, &Candidate::similarity)) {
        disordered = true;
      }
    }
  });
  for (int step = 1; step <= steps && !::testing::Test::HasFailure(); ++step) {
    if (random() % 4 == 0) {
      const Embedding probe = Clustered(random, kDimension);
      GalleryQuery query{
          .probe = probe, .candidates_max = 1 + static_cast<int>(random() % 12), .admits = {}};
      query.references_averaged = 1 + static_cast<int>(random() % 3);
      if (random() % 3 == 0) {
        query.admits = [](const std::string& person) { return person.back() % 2 == 0; };
      }
      const std::vector<GalleryQuery> queries(1 + random() % 6, query);
      const auto wanted = scan.Search(query);
      for (const GallerySearch& answer : index->SearchMany(queries)) {
        ASSERT_EQ(answer.candidates, wanted) << "step " << step;
        ASSERT_EQ(answer.gallery.references, scan.Size());
      }
      continue;
    }
    std::vector<std::string> removed;
    for (auto i = random() % 3; i > 0; --i) {
      removed.push_back("r" + std::to_string(random() % 150));
      scan.Remove(removed.back());
    }
    std::vector<GalleryReference> upserts;
    for (auto i = random() % 4; i > 0; --i) {
      upserts.push_back(RandomReference(random, kDimension, 150));
      scan.Put(upserts.back());
    }
    index->Apply(removed, std::move(upserts), static_cast<std::uint64_t>(step));
  }
  EXPECT_FALSE(disordered);
}

TEST(FlatIndex, GivesUpThinChunksAndKeepsTheRest) {
  constexpr int kDimension = 16;
  const auto index = MakeFlatIndex(kDimension);
  Fp32Scan scan;
  std::vector<GalleryReference> upserts;
  std::vector<std::string> removed;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const std::string id = std::to_string(i);
    upserts.push_back({"r" + id, "p" + id, RandomEmbedding(kDimension, i)});
    if (i % 3 == 0) {
      removed.push_back("r" + id);
    } else {
      scan.Put(upserts.back());
    }
  }
  index->Apply({}, std::move(upserts), 1);
  index->Apply(removed, {}, 2);
  EXPECT_EQ(index->Info().references, scan.Size());
  EXPECT_EQ(index->Info().persons, scan.Size());
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Embedding probe = RandomEmbedding(kDimension, 100'000 + i);
    const GalleryQuery query{.probe = probe, .candidates_max = 5, .admits = {}};
    EXPECT_EQ(index->Search(probe, 5).candidates, scan.Search(query));
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
    for (int i = 0; i < 8200; ++i) {
      ids.push_back(std::to_string(i));
      upserts.push_back({ids.back(), "p", {1, 0}});
    }
    index->Apply({}, std::move(upserts), 2 * round - 1);
    EXPECT_EQ(index->Info().references, 8200U);
    EXPECT_EQ(index->Info().persons, 1U);
    index->Apply(ids, {}, 2 * round);
    EXPECT_EQ(index->Info().references, 0U);
    EXPECT_TRUE(index->Search(Embedding{1, 0}, 5).candidates.empty());
  }
}

TEST(FlatIndex, KeepsIdsOfEveryForm) {
  const auto index = MakeFlatIndex(2);
  const std::string uuid = "0198a2b4-93c1-7def-8a01-23456789abcd";
  std::string upper = uuid;
  upper.back() = 'D';
  index->Apply(
      {}, {{uuid, upper, {1, 0}}, {"", "a person with a long name of many letters", {0, 1}}}, 1);
  const auto found = index->Search(Embedding{1, 0}, 2).candidates;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Candidate{upper, uuid, 1}));
  EXPECT_EQ(found[1], (Candidate{"a person with a long name of many letters", "", 0}));
}

// Sanitizers end the process when they get no memory.
#if !defined(VIGIL_SANITIZED)
// No memory can be taken from the system while it lives.
class NoMoreMemory {
 public:
  NoMoreMemory() {
    EXPECT_EQ(::getrlimit(RLIMIT_AS, &before_), 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &none), 0);
  }
  ~NoMoreMemory() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_{};
};

// Rows removed and added by a change that came to nothing are found, replaced and counted as before
// it.
TEST(FlatIndex, IsWholeAfterAChangeThatRanOutOfMemory) {
  constexpr int kNumbers = 32;
  const auto reference = [](std::uint32_t number) {
    return GalleryReference{"r" + std::to_string(number), "p" + std::to_string(number),
                            RandomEmbedding(kNumbers, number)};
  };
  const auto index = MakeFlatIndex(kNumbers);
  const auto whole = MakeFlatIndex(kNumbers);
  std::vector<GalleryReference> first;
  for (std::uint32_t i = 0; i < 50; ++i) first.push_back(reference(i));
  for (FollowedIndex* both : {index.get(), whole.get()}) both->Apply({}, first, 1);
  std::vector<GalleryReference> many;
  for (std::uint32_t i = 100; i < 20'000; ++i) many.push_back(reference(i));
  const std::vector<std::string> removed{"r0", "r1"};
  {
    const NoMoreMemory memory;
    EXPECT_THROW(index->Apply(removed, std::move(many), 2), std::bad_alloc);
  }
  EXPECT_EQ(index->Info().sequence, 1U);
  EXPECT_TRUE(index->Holds(reference(0)));
  EXPECT_FALSE(index->Holds(reference(100)));
  std::vector<GalleryReference> next;
  for (std::uint32_t i = 60; i < 300; ++i) next.push_back(reference(i));
  for (FollowedIndex* both : {index.get(), whole.get()}) {
    both->Apply(std::vector<std::string>{"r0", "r12"}, next, 3);
  }
  EXPECT_EQ(index->Info().references, whole->Info().references);
  EXPECT_EQ(index->Info().persons, whole->Info().persons);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const Embedding probe = RandomEmbedding(kNumbers, i);
    EXPECT_EQ(index->Search(probe, 3).candidates, whole->Search(probe, 3).candidates);
  }
}
#endif

}  // namespace
}  // namespace vigil::gallery
