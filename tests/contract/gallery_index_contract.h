// What every exact GalleryIndex must do, against an oracle that compares everything with
// everything. Include it in one test file of an adapter and instantiate GalleryIndexContract.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contract/gallery_oracle.h"
#include "core/gallery.h"

namespace vigil {

using GalleryIndexFactory = std::function<std::unique_ptr<GalleryIndex>(int dimension)>;

class GalleryIndexContract : public ::testing::TestWithParam<GalleryIndexFactory> {
 protected:
  static void ExpectSameAnswer(const GalleryIndex& index, const GalleryOracle& oracle,
                               const Embedding& probe, int count, std::uint64_t sequence) {
    const GallerySearch found = index.Search(probe, count);
    const auto wanted = oracle.Search(probe, static_cast<std::size_t>(count));
    const GalleryInfo info = oracle.Info(sequence);
    RC_ASSERT(found.gallery.sequence == info.sequence);
    RC_ASSERT(found.gallery.references == info.references);
    RC_ASSERT(found.gallery.persons == info.persons);
    RC_ASSERT(found.candidates.size() == wanted.size());
    std::set<std::string> persons;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Candidate& candidate = found.candidates[i];
      // Rounding may swap equals, so the similarity at each place is what must agree, and be the
      // reference's own.
      RC_ASSERT(std::abs(candidate.similarity - wanted[i].similarity) < 1e-5F);
      RC_ASSERT(persons.insert(candidate.person_id).second);
      const GalleryReference& reference = oracle.References().at(candidate.reference_id);
      RC_ASSERT(reference.person_id == candidate.person_id);
      RC_ASSERT(std::abs(Similarity(reference.embedding, probe) - candidate.similarity) < 1e-5F);
    }
  }
};

TEST_P(GalleryIndexContract, AnswersNothingWhenEmpty) {
  const auto index = GetParam()(8);
  const GallerySearch found = index->Search(RandomEmbedding(8, 1), 5);
  EXPECT_TRUE(found.candidates.empty());
  EXPECT_EQ(found.gallery.references, 0U);
  EXPECT_EQ(index->Info().persons, 0U);
}

TEST_P(GalleryIndexContract, GivesTheBestReferenceOfEachPersonBestFirst) {
  const auto index = GetParam()(2);
  index->Apply(
      {}, {{"a1", "ada", {1, 0}}, {"a2", "ada", {0.8F, 0.6F}}, {"b1", "ben", {0.6F, 0.8F}}}, 7);
  const GallerySearch found = index->Search(Embedding{0.8F, 0.6F}, 5);
  ASSERT_EQ(found.candidates.size(), 2U);
  EXPECT_EQ(found.candidates[0].reference_id, "a2");
  EXPECT_NEAR(found.candidates[0].similarity, 1.0F, 1e-6F);
  EXPECT_EQ(found.candidates[1].reference_id, "b1");
  EXPECT_NEAR(found.candidates[1].similarity, 0.96F, 1e-6F);
  EXPECT_EQ(found.gallery.sequence, 7U);
  EXPECT_EQ(found.gallery.references, 3U);
  EXPECT_EQ(found.gallery.persons, 2U);
}

TEST_P(GalleryIndexContract, ForgetsTheRemovedAndReplacesTheChanged) {
  const auto index = GetParam()(2);
  index->Apply({}, {{"a1", "ada", {1, 0}}, {"b1", "ben", {0, 1}}}, 1);
  index->Apply(std::vector<std::string>{"a1", "unknown"}, {{"b1", "ben", {1, 0}}}, 2);
  const GallerySearch found = index->Search(Embedding{1, 0}, 5);
  ASSERT_EQ(found.candidates.size(), 1U);
  EXPECT_EQ(found.candidates[0], (Candidate{"ben", "b1", 1.0F}));
  EXPECT_EQ(found.gallery.sequence, 2U);
}

TEST_P(GalleryIndexContract, AnswersNothingForNoCandidatesAndForNoNumbers) {
  const auto index = GetParam()(2);
  index->Apply({}, {{"a1", "ada", {1, 0}}}, 1);
  EXPECT_TRUE(index->Search(Embedding{1, 0}, 0).candidates.empty());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(index->Search(Embedding{nan, nan}, 3).candidates.empty());
}

TEST_P(GalleryIndexContract, RefusesReferencesThatAreNotFinite) {
  const auto index = GetParam()(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(index->Apply({}, {{"a1", "ada", {nan, 0}}}, 1), "finite");
  EXPECT_DEATH(index->Apply({}, {{"a1", "ada", {0, infinity}}}, 1), "finite");
}

TEST_P(GalleryIndexContract, AnswersSeveralProbesFromOneSnapshot) {
  const auto index = GetParam()(2);
  index->Apply({}, {{"a1", "ada", {1, 0}}, {"b1", "ben", {0, 1}}}, 3);
  const Embedding right{1, 0};
  const Embedding up{0, 1};
  std::vector<GalleryQuery> queries(6);
  for (std::size_t i = 0; i < queries.size(); ++i) queries[i].probe = i % 2 == 0 ? right : up;
  queries[5].candidates_max = 0;
  const auto answers = index->SearchMany(queries);
  ASSERT_EQ(answers.size(), 6U);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(answers[i].candidates.size(), 1U);
    EXPECT_EQ(answers[i].candidates[0].person_id, i % 2 == 0 ? "ada" : "ben");
    EXPECT_EQ(answers[i].gallery.sequence, 3U);
  }
  EXPECT_TRUE(answers[5].candidates.empty());
  EXPECT_TRUE(index->SearchMany({}).empty());
}

TEST_P(GalleryIndexContract, FindsOnlyWhoIsAdmitted) {
  const auto index = GetParam()(2);
  index->Apply({}, {{"a1", "ada", {1, 0}}, {"b1", "ben", {0.8F, 0.6F}}, {"c1", "cy", {0, 1}}}, 1);
  const Embedding probe{1, 0};
  GalleryQuery query{.probe = probe, .candidates_max = 1, .admits = {}};
  query.admits = [](const std::string& person) { return person != "ada"; };
  const auto found = index->SearchMany({&query, 1}).front().candidates;
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].person_id, "ben");
  query.admits = [](const std::string&) { return false; };
  EXPECT_TRUE(index->SearchMany({&query, 1}).front().candidates.empty());
}

// Ben's two good photos beat Ada's one perfect photo and one bad one.
TEST_P(GalleryIndexContract, AveragesTheBestReferencesOfAPerson) {
  const auto index = GetParam()(2);
  index->Apply({},
               {{"a1", "ada", {1, 0}},
                {"a2", "ada", {0, 1}},
                {"b1", "ben", {0.8F, 0.6F}},
                {"b2", "ben", {0.8F, -0.6F}},
                {"b3", "ben", {-1, 0}}},
               1);
  const Embedding probe{1, 0};
  const GalleryQuery query{
      .probe = probe, .candidates_max = 2, .references_averaged = 2, .admits = {}};
  const auto found = index->SearchMany({&query, 1}).front().candidates;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Candidate{"ben", "b1", 0.8F}));
  EXPECT_EQ(found[1], (Candidate{"ada", "a1", 0.5F}));
}

TEST_P(GalleryIndexContract, EqualsTheOracleUnderRandomChanges) {
  const bool held = rc::check("index equals oracle", [] {
    const int dimension = *rc::gen::element(1, 7, 16, 33, 128);
    const auto index = GetParam()(dimension);
    GalleryOracle oracle;
    const int steps = *rc::gen::inRange(1, 25);
    for (int step = 1; step <= steps; ++step) {
      std::vector<std::string> removed;
      for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
        removed.push_back("r" + std::to_string(*rc::gen::inRange(0, 40)));
        oracle.Remove(removed.back());
      }
      std::vector<GalleryReference> upserts;
      for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
        upserts.push_back({"r" + std::to_string(*rc::gen::inRange(0, 40)),
                           "p" + std::to_string(*rc::gen::inRange(0, 9)),
                           RandomEmbedding(dimension, *rc::gen::arbitrary<std::uint32_t>())});
        oracle.Put(upserts.back());
      }
      index->Apply(removed, std::move(upserts), static_cast<std::uint64_t>(step));
      ExpectSameAnswer(*index, oracle, RandomEmbedding(dimension, static_cast<unsigned>(step)),
                       *rc::gen::inRange(1, 12), static_cast<std::uint64_t>(step));
    }
  });
  EXPECT_TRUE(held);
}

TEST_P(GalleryIndexContract, EqualsTheOracleAcrossManyRows) {
  constexpr int kDimension = 20;
  const auto index = GetParam()(kDimension);
  GalleryOracle oracle;
  std::vector<GalleryReference> upserts;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    upserts.push_back(
        {"r" + std::to_string(i), "p" + std::to_string(i / 2), RandomEmbedding(kDimension, i)});
    oracle.Put(upserts.back());
  }
  index->Apply({}, std::move(upserts), 1);
  std::vector<std::string> removed;
  for (std::uint32_t i = 0; i < 3000; i += 3) {
    removed.push_back("r" + std::to_string(i));
    oracle.Remove(removed.back());
  }
  index->Apply(removed, {}, 2);
  const bool held = rc::check("index equals oracle", [&] {
    ExpectSameAnswer(*index, oracle,
                     RandomEmbedding(kDimension, *rc::gen::arbitrary<std::uint32_t>()), 10, 2);
  });
  EXPECT_TRUE(held);
}

// Each change writes one whole generation; a search that saw half of one would find two generations
// together.
TEST_P(GalleryIndexContract, NeverShowsHalfAChange) {
  const auto index = GetParam()(4);
  constexpr int kPersons = 8;
  std::atomic<bool> torn = false;
  std::atomic<bool> done = false;
  std::vector<std::jthread> searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&] {
      while (!done) {
        const GallerySearch found = index->Search(Embedding{1, 0, 0, 0}, kPersons);
        for (const Candidate& candidate : found.candidates) {
          if (candidate.similarity != static_cast<float>(found.gallery.sequence)) torn = true;
        }
        if (found.gallery.sequence > 0 && found.candidates.size() != kPersons) torn = true;
      }
    });
  }
  for (std::uint64_t generation = 1; generation <= 300; ++generation) {
    std::vector<GalleryReference> upserts;
    for (int person = 0; person < kPersons; ++person) {
      const std::string name = std::to_string(person);
      upserts.push_back({"r" + name, "p" + name, {static_cast<float>(generation), 0, 0, 0}});
    }
    index->Apply({}, std::move(upserts), generation);
  }
  done = true;
  searchers.clear();
  EXPECT_FALSE(torn);
}

}  // namespace vigil
