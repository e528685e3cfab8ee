// What counts as found.
#include "gallery/recall_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vigil::gallery {
namespace {

std::vector<Candidate> People(const std::vector<float>& similarities, int first_person = 0) {
  std::vector<Candidate> people;
  for (const float similarity : similarities) {
    people.push_back({std::to_string(first_person++), "", similarity});
  }
  return people;
}

TEST(RecallWatch, SaysNothingWithoutSamples) {
  const RecallWatch watch(10, 0);
  EXPECT_EQ(watch.AtOne(), std::nullopt);
  EXPECT_EQ(watch.AtTen(), std::nullopt);
}

TEST(RecallWatch, CountsTheBestAndTheTen) {
  RecallWatch watch(10, 0);
  const auto exact = People({0.9F, 0.8F, 0.7F, 0.6F});
  watch.Note(exact, exact);
  watch.Note(std::vector(exact.begin() + 1, exact.begin() + 3), exact);
  watch.Note({}, exact);
  EXPECT_DOUBLE_EQ(watch.AtOne().value(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(watch.AtTen().value(), 6.0 / 12);
  watch.Forget();
  EXPECT_EQ(watch.Samples(), 0U);
}

TEST(RecallWatch, TakesSomebodyAsSimilarForThePerson) {
  RecallWatch watch(10, 0);
  watch.Note(People({0.9F}, 5), People({0.9F}, 0));
  EXPECT_DOUBLE_EQ(watch.AtOne().value(), 1);
  EXPECT_DOUBLE_EQ(watch.AtTen().value(), 1);
}

TEST(RecallWatch, LeavesOutWhoIsNotSimilarEnough) {
  RecallWatch watch(10, 0.5F);
  watch.Note({}, People({0.4F}));
  watch.Note({}, {});
  EXPECT_EQ(watch.Samples(), 0U);
  watch.Note(People({0.9F}), People({0.9F, 0.4F}));
  EXPECT_DOUBLE_EQ(watch.AtTen().value(), 1);
}

TEST(RecallWatch, ForgetsTheOldest) {
  RecallWatch watch(2, 0);
  const auto exact = People({0.9F});
  watch.Note({}, exact);
  watch.Note(exact, exact);
  watch.Note(exact, exact);
  EXPECT_EQ(watch.Samples(), 2U);
  EXPECT_DOUBLE_EQ(watch.AtOne().value(), 1);
}

}  // namespace
}  // namespace vigil::gallery
