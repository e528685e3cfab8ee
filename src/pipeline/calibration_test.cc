// Calibration on embeddings whose similarities are known.
#include "pipeline/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "pipeline/decision.h"

namespace vigil::pipeline {
namespace {

using ::testing::HasSubstr;

// Unit vectors of 16 numbers at random, `each` for one person; photos of a person lie `spread` off
// their common middle.
std::vector<LabelledEmbedding> RandomFaces(int people, int each, float spread) {
  std::mt19937 random(7);  // NOLINT: the same faces in every run
  std::normal_distribution<float> normal;
  std::vector<LabelledEmbedding> faces;
  for (int person = 0; person < people; ++person) {
    Embedding middle(16);
    for (float& value : middle) value = normal(random);
    Normalise(middle);
    for (int photo = 0; photo < each; ++photo) {
      Embedding face = middle;
      for (float& value : face) value += spread * normal(random);
      Normalise(face);
      faces.push_back({"person " + std::to_string(person), std::move(face)});
    }
  }
  return faces;
}

TEST(Calibration, CountsPeopleAndPairs) {
  const auto report = MeasureCalibration(RandomFaces(60, 3, 0.05F));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->people, 60U);
  EXPECT_EQ(report->photos, 180U);
  EXPECT_EQ(report->genuine_pairs, 180U);
  EXPECT_EQ(report->impostor_pairs, 180U * 179 / 2 - 180);
  EXPECT_GT(report->genuine_mean, 0.9);
  EXPECT_NEAR(report->impostor_mean, 0, 0.05);
}

TEST(Calibration, SharesAboveEachThresholdAreTheRates) {
  const auto faces = RandomFaces(200, 2, 0.2F);
  const auto report = MeasureCalibration(faces);
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->points.size(), 2U) << "80,000 pairs: 1 in 100 and 1 in 1,000";
  for (const CalibrationPoint& point : report->points) {
    std::size_t impostors = 0;
    std::size_t genuine = 0;
    for (std::size_t i = 0; i < faces.size(); ++i) {
      for (std::size_t j = i + 1; j < faces.size(); ++j) {
        if (Similarity(faces[i].embedding, faces[j].embedding) < point.similarity) continue;
        ++(faces[i].person == faces[j].person ? genuine : impostors);
      }
    }
    const double pairs = static_cast<double>(report->impostor_pairs);
    EXPECT_NEAR(static_cast<double>(impostors) / pairs, point.false_match_rate,
                point.false_match_rate * 0.05 + 1 / pairs);
    EXPECT_NEAR(*point.true_match_rate,
                static_cast<double>(genuine) / static_cast<double>(report->genuine_pairs), 1e-6);
  }
}

TEST(Calibration, TailServesTheDecision) {
  const auto report = MeasureCalibration(RandomFaces(200, 2, 0.2F));
  ASSERT_TRUE(report);
  const ImpostorTail tail = report->Tail();
  EXPECT_NEAR(FalseMatchRate(tail, static_cast<float>(report->points[1].similarity)), 1e-3, 1e-5);
}

TEST(Calibration, WithoutTwoPhotosOfAnybodyThereIsNoTrueMatchRate) {
  const auto report = MeasureCalibration(RandomFaces(160, 1, 0));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->genuine_pairs, 0U);
  EXPECT_FALSE(report->points[0].true_match_rate);
}

TEST(Calibration, TooSmallSetsAreRefusedInWords) {
  const auto few_people = MeasureCalibration(RandomFaces(19, 20, 0.1F));
  ASSERT_FALSE(few_people);
  EXPECT_EQ(few_people.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(few_people.error().message, HasSubstr("of 19 people"));
  const auto few_photos = MeasureCalibration(RandomFaces(50, 2, 0.1F));
  ASSERT_FALSE(few_photos);
  EXPECT_THAT(few_photos.error().message, HasSubstr("about 142 photos"));
  EXPECT_FALSE(MeasureCalibration({}));
}

TEST(Calibration, FacesThatAreAllTheSameAreRefused) {
  std::vector<LabelledEmbedding> same;
  for (int i = 0; i < 200; ++i) same.push_back({std::to_string(i), {1, 0, 0}});
  EXPECT_FALSE(MeasureCalibration(same)) << "no threshold tells them apart";
}

}  // namespace
}  // namespace vigil::pipeline
