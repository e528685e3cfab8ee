// The threshold must follow from gallery size and permitted rate; the figures are those measured
// for FaceNet-128 on LFW.
#include "pipeline/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vigil::pipeline {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

DecisionPolicy FacenetPolicy(double named_strangers_max = 0.01) {
  return {.impostor_tail = {{{1e-2, 0.366}, {1e-3, 0.503}, {1e-4, 0.629}, {1e-5, 0.733}}},
          .floor = 0.42F,
          .named_strangers_max = named_strangers_max};
}

GalleryInfo Gallery(std::size_t persons) { return {1, persons, persons}; }

GallerySearch Found(float similarity, std::size_t persons) {
  return {{{"anna", "anna-1", similarity}}, Gallery(persons)};
}

FaceQuality GoodQuality() {
  FaceQuality quality;
  quality.score = 0.8F;
  return quality;
}

TEST(FalseMatchRate, PassesThroughTheMeasuredPoints) {
  const ImpostorTail tail = FacenetPolicy().impostor_tail;
  EXPECT_NEAR(FalseMatchRate(tail, 0.366F), 1e-2, 1e-5);
  EXPECT_NEAR(FalseMatchRate(tail, 0.629F), 1e-4, 1e-7);
  EXPECT_NEAR(FalseMatchRate(tail, 0.42F), 1.0 / 240, 2e-4);  // measured: one impostor pair in 240
}

TEST(FalseMatchRate, GoesOnBeyondTheEndsWithinBounds) {
  const ImpostorTail tail = FacenetPolicy().impostor_tail;
  EXPECT_DOUBLE_EQ(FalseMatchRate(tail, -1), 1);
  EXPECT_GT(FalseMatchRate(tail, 1), 0);
  EXPECT_LT(FalseMatchRate(tail, 0.80F), 1e-5);
}

// Measured open set: 0.629 (100 people, 1 %), 0.678 (500), 0.707 and 0.774 at 0.1 %. Independence
// is the cautious side.
TEST(MatchThreshold, AgreesWithTheMeasuredOpenSetFromTheCautiousSide) {
  EXPECT_NEAR(MatchThreshold(FacenetPolicy(), Gallery(100)), 0.629, 0.002);
  EXPECT_THAT(MatchThreshold(FacenetPolicy(), Gallery(500)), AllOf(Ge(0.678F), Le(0.713F)));
  EXPECT_THAT(MatchThreshold(FacenetPolicy(0.001), Gallery(100)), AllOf(Ge(0.707F), Le(0.742F)));
  EXPECT_THAT(MatchThreshold(FacenetPolicy(0.001), Gallery(500)), AllOf(Ge(0.774F), Le(0.809F)));
}

TEST(StrangerOdds, ExplainWhyAFixedThresholdIsNotEnough) {
  EXPECT_NEAR(StrangerOdds(FacenetPolicy(), Gallery(100), 0.42F), 0.32, 0.02);  // measured: 32 %
  EXPECT_GT(StrangerOdds(FacenetPolicy(), Gallery(1000), 0.42F), 0.9);          // measured: 91 %
}

TEST(MatchThreshold, NeverFallsBelowTheFloor) {
  EXPECT_FLOAT_EQ(MatchThreshold(FacenetPolicy(), Gallery(1)), 0.42F);
  EXPECT_FLOAT_EQ(MatchThreshold(FacenetPolicy(), Gallery(0)), 0.42F);
  EXPECT_FLOAT_EQ(MatchThreshold({.impostor_tail = {}, .floor = 0.5F}, Gallery(1000)), 0.5F);
}

TEST(MatchThreshold, CountsFurtherPhotosOfAPersonAsLessThanAPerson) {
  const float one_photo = MatchThreshold(FacenetPolicy(), {1, 100, 100});
  const float three_photos = MatchThreshold(FacenetPolicy(), {1, 300, 100});
  const float more_people = MatchThreshold(FacenetPolicy(), {1, 300, 300});
  EXPECT_LT(one_photo, three_photos);
  EXPECT_LT(three_photos, more_people);
}

RC_GTEST_PROP(MatchThreshold, IsWhereTheOddsMeetThePermittedRate, ()) {
  const auto persons = *rc::gen::inRange<std::size_t>(1, 100'000);
  const double permitted = *rc::gen::inRange(1, 1000) / 10'000.0;
  const DecisionPolicy policy = FacenetPolicy(permitted);
  const float threshold = MatchThreshold(policy, Gallery(persons));
  const double odds = StrangerOdds(policy, Gallery(persons), threshold);
  RC_ASSERT(odds <= permitted * 1.001);
  if (threshold > policy.floor) RC_ASSERT(odds >= permitted * 0.999);
}

GallerySearch FoundTwo(float best, float runner_up, std::size_t persons) {
  return {{{"anna", "anna-1", best}, {"bert", "bert-1", runner_up}}, Gallery(persons)};
}

TEST(Crowding, CountsARunnerUpWhoIsTooSimilarForChance) {
  EXPECT_EQ(Crowding(FacenetPolicy(), Found(0.6F, 10)), 1) << "nobody else is enrolled";
  EXPECT_EQ(Crowding(FacenetPolicy(), FoundTwo(0.6F, 0.2F, 10)), 1) << "as expected";
  EXPECT_NEAR(Crowding(FacenetPolicy(), FoundTwo(0.6F, 0.45F, 10)), 10.2, 0.5);
  EXPECT_EQ(Crowding(FacenetPolicy(), FoundTwo(0.6F, 0.6F, 10)), kCrowdingMax);
}

TEST(Crowding, FindsAHighRunnerUpNormalInALargeGallery) {
  EXPECT_GT(Crowding(FacenetPolicy(), FoundTwo(0.7F, 0.5F, 10)), 10);
  EXPECT_EQ(Crowding(FacenetPolicy(), FoundTwo(0.7F, 0.5F, 1000)), 1);
}

// A stranger who looked like several enrolled people at once, as met in practice.
TEST(Decide, ReviewsAFaceThatResemblesSeveralPeople) {
  EXPECT_EQ(Decide(FoundTwo(0.581F, 0.2F, 10), GoodQuality(), FacenetPolicy()).outcome,
            Outcome::kMatch);
  const Decision decision = Decide(FoundTwo(0.581F, 0.453F, 10), GoodQuality(), FacenetPolicy());
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_GT(decision.threshold, 0.581F);
  EXPECT_GT(decision.stranger_odds, 0.01);
}

TEST(Decide, WritesDownWhereTheThresholdComesFrom) {
  const Decision decision = Decide(FoundTwo(0.581F, 0.453F, 10), GoodQuality(), FacenetPolicy());
  const ThresholdTrace& trace = decision.trace.threshold;
  EXPECT_TRUE(trace.calibrated);
  EXPECT_FLOAT_EQ(trace.floor, 0.42F);
  EXPECT_EQ(trace.permitted_rate, 0.01);
  EXPECT_EQ(trace.comparisons, 10);
  EXPECT_FLOAT_EQ(trace.runner_up, 0.453F);
  EXPECT_EQ(trace.crowding, Crowding(FacenetPolicy(), FoundTwo(0.581F, 0.453F, 10)));
  EXPECT_EQ(trace.false_match_rate, FalseMatchRate(FacenetPolicy().impostor_tail, 0.581F));
  EXPECT_FALSE(trace.lone_shot);
}

TEST(Decide, StillTellsRelativesApartWhenItIsSure) {
  EXPECT_EQ(Decide(FoundTwo(0.83F, 0.70F, 10), GoodQuality(), FacenetPolicy()).outcome,
            Outcome::kMatch);
}

TEST(Decide, NamesNeitherOfTwoWhoAreNearlyAsSimilar) {
  const Decision twins = Decide(FoundTwo(0.83F, 0.79F, 10), GoodQuality(), FacenetPolicy());
  EXPECT_EQ(twins.outcome, Outcome::kPossibleMatch);
  EXPECT_GT(twins.similarity, twins.threshold) << "similar enough, were there only one";
  EXPECT_TRUE(twins.trace.threshold.near_equal);
  EXPECT_NEAR(twins.trace.threshold.lead, 0.04F, 1e-5F);
  EXPECT_FLOAT_EQ(twins.trace.threshold.lead_min, FacenetPolicy().lead_min);
  const Decision ahead = Decide(FoundTwo(0.83F, 0.77F, 10), GoodQuality(), FacenetPolicy());
  EXPECT_EQ(ahead.outcome, Outcome::kMatch);
  EXPECT_FALSE(ahead.trace.threshold.near_equal);
}

TEST(Decide, NobodyElseIsNoRival) {
  DecisionPolicy strict = FacenetPolicy();
  strict.lead_min = 0.9F;
  const Decision decision = Decide(Found(0.83F, 1), GoodQuality(), strict);
  EXPECT_EQ(decision.outcome, Outcome::kMatch);
  EXPECT_FLOAT_EQ(decision.trace.threshold.lead, 0.83F);
}

TEST(Decide, NoMatchIsNotCalledNearlyEqual) {
  const Decision decision = Decide(FoundTwo(0.45F, 0.44F, 10), GoodQuality(), FacenetPolicy());
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_FALSE(decision.trace.threshold.near_equal) << "it was too low anyway";
}

TEST(Decide, TellsMatchPossibleMatchAndStrangerApart) {
  EXPECT_EQ(Decide(Found(0.70F, 100), GoodQuality(), FacenetPolicy()).outcome, Outcome::kMatch);
  EXPECT_EQ(Decide(Found(0.55F, 100), GoodQuality(), FacenetPolicy()).outcome,
            Outcome::kPossibleMatch);
  EXPECT_EQ(Decide(Found(0.41F, 100), GoodQuality(), FacenetPolicy()).outcome, Outcome::kStranger);
}

TEST(Decide, StatesSimilarityThresholdAndOdds) {
  const Decision decision = Decide(Found(0.70F, 100), GoodQuality(), FacenetPolicy());
  EXPECT_FLOAT_EQ(decision.similarity, 0.70F);
  EXPECT_NEAR(decision.threshold, 0.629F, 0.002F);
  EXPECT_NEAR(decision.stranger_odds, 100 * FalseMatchRate(FacenetPolicy().impostor_tail, 0.70F),
              1e-4);
  EXPECT_EQ(decision.gallery.persons, 100U);
  ASSERT_EQ(decision.candidates.size(), 1U);
  EXPECT_EQ(decision.candidates.front().person_id, "anna");
}

TEST(Decide, NeverNamesAnUnrecognisableFace) {
  FaceQuality quality = GoodQuality();
  quality.unrecognisable = UnrecognisableReason::kBlurred;
  const Decision decision = Decide(Found(0.99F, 1), quality, FacenetPolicy());
  EXPECT_EQ(decision.outcome, Outcome::kUnrecognisable);
  EXPECT_EQ(decision.reason, UnrecognisableReason::kBlurred);
  EXPECT_TRUE(decision.candidates.empty());
}

TEST(Decide, CallsEverybodyAStrangerWhenNobodyIsEnrolled) {
  const Decision decision = Decide({}, GoodQuality(), FacenetPolicy());
  EXPECT_EQ(decision.outcome, Outcome::kStranger);
  EXPECT_EQ(decision.similarity, 0);
}

TEST(Decide, MarksWhatAnUncalibratedModelCannotKnow) {
  const DecisionPolicy policy{.impostor_tail = {}, .floor = 0.42F};
  const Decision decision = Decide(Found(0.5F, 1000), GoodQuality(), policy);
  EXPECT_EQ(decision.outcome, Outcome::kMatch);
  EXPECT_FLOAT_EQ(decision.threshold, 0.42F);
  EXPECT_EQ(decision.stranger_odds, 1);
}

TEST(Decide, KeepsTenCandidates) {
  GallerySearch search{.candidates = {}, .gallery = Gallery(20)};
  for (int i = 0; i < 20; ++i) {
    search.candidates.push_back({std::to_string(i), "r", 0.6F - 0.01F * static_cast<float>(i)});
  }
  EXPECT_EQ(Decide(search, GoodQuality(), FacenetPolicy()).candidates.size(), 10U);
}

TEST(PolicyFor, TakesTheStricterFloor) {
  EmbedderInfo info;
  info.threshold_floor = 0.42F;
  EXPECT_FLOAT_EQ(PolicyFor(info, 0.01, 0).floor, 0.42F);
  EXPECT_FLOAT_EQ(PolicyFor(info, 0.01, 0.6F).floor, 0.6F);
}

}  // namespace
}  // namespace vigil::pipeline
