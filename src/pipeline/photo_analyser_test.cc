// What counts as a photo fit for enrolment, and that every face of a photo is found and embedded.
#include "pipeline/photo_analyser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"

namespace vigil::pipeline {
namespace {

using testing::HasSubstr;

std::shared_ptr<const RgbImage> Photo() {
  auto image = std::make_shared<RgbImage>();
  image->width = 400;
  image->height = 300;
  image->pixels.assign(400 * 300 * 3, 90);
  return image;
}

PhotoAnalyser AnalyserFinding(std::vector<Detection> faces) {
  return {std::make_unique<FakeDetector>(std::move(faces)), std::make_unique<FakeEmbedder>(),
          [](const Frame&, const FaceCrop&, const Detection& face) {
            FaceQuality quality;
            quality.score = face.score;
            return quality;
          }};
}

PhotoFace FaceOf(float side_px) {
  PhotoFace face;
  face.detection = FakeDetector::Face(10, 10, side_px);
  return face;
}

TEST(PhotoAnalyser, ReturnsAllFacesLargestFirst) {
  PhotoAnalyser analyser = AnalyserFinding(
      {FakeDetector::Face(10, 10, 40, 0.99F), FakeDetector::Face(100, 10, 90, 0.8F)});
  const auto faces = analyser.Analyse(Photo());
  ASSERT_TRUE(faces.has_value());
  ASSERT_EQ(faces->size(), 2U);
  EXPECT_FLOAT_EQ((*faces)[0].detection.box.Width(), 90);
  EXPECT_FLOAT_EQ((*faces)[0].quality.score, 0.8F);
  EXPECT_EQ((*faces)[0].embedding.size(), 128U);
  EXPECT_FALSE((*faces)[1].crop.image.Empty());
}

TEST(PhotoAnalyser, FindsNothingInAnEmptyRoomAndRefusesAnEmptyImage) {
  PhotoAnalyser analyser = AnalyserFinding({});
  EXPECT_TRUE(analyser.Analyse(Photo())->empty());
  EXPECT_EQ(analyser.Analyse(std::make_shared<RgbImage>()).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(analyser.Analyse(nullptr).error().code, ErrorCode::kInvalidArgument);
}

TEST(PhotoAnalyser, EmbedsAFaceThatIsKnownAsIfItHadFoundIt) {
  const Detection face = FakeDetector::Face(10, 10, 90);
  PhotoAnalyser analyser = AnalyserFinding({face});
  const auto found = analyser.Analyse(Photo());
  EXPECT_EQ(AnalyserFinding({}).Embed(Photo(), face), found->front().embedding);
  EXPECT_EQ(analyser.Embed(nullptr, face).error().code, ErrorCode::kInvalidArgument);
}

TEST(PhotoAnalyser, SwapsWithAnother) {
  PhotoAnalyser one = AnalyserFinding({});
  PhotoAnalyser other = AnalyserFinding({FakeDetector::Face(10, 10, 90)});
  one.Swap(other);
  EXPECT_EQ(one.Analyse(Photo())->size(), 1U);
  EXPECT_TRUE(other.Analyse(Photo())->empty());
}

TEST(PhotoAnalyser, FindsFacesWithoutEmbeddingThem) {
  auto embedder = std::make_unique<FakeEmbedder>();
  const FakeEmbedder& seen = *embedder;
  PhotoAnalyser analyser(std::make_unique<FakeDetector>(std::vector{
                             FakeDetector::Face(10, 10, 40), FakeDetector::Face(100, 10, 90)}),
                         std::move(embedder), [](const Frame&, const FaceCrop&, const Detection&) {
                           return FaceQuality{};
                         });
  auto faces = analyser.Find(Photo());
  ASSERT_EQ(faces->size(), 2U);
  EXPECT_TRUE(faces->front().embedding.empty());
  EXPECT_EQ(seen.CropsSeen(), 0);
  ASSERT_TRUE(analyser.Embed(faces->front()).has_value());
  EXPECT_EQ(faces->front().embedding.size(), 128U);
  EXPECT_EQ(seen.CropsSeen(), 1);
  EXPECT_EQ(analyser.Find(nullptr).error().code, ErrorCode::kInvalidArgument);
}

// Each detection waits for the other: with one pair of engines, or turns that exclude each other,
// it would never end.
TEST(PhotoAnalyser, LooksAtAsManyPhotosAtOnceAsItHasEngines) {
  std::barrier both(2);
  std::vector<PhotoEngines> engines(2);
  for (PhotoEngines& one : engines) {
    one.detector = std::make_unique<FakeDetector>([&](const Frame&) {
      both.arrive_and_wait();
      return std::vector{FakeDetector::Face(10, 10, 40)};
    });
    one.embedder = std::make_unique<FakeEmbedder>();
  }
  PhotoAnalyser analyser(std::move(engines), [](const Frame&, const FaceCrop&, const Detection&) {
    return FaceQuality{};
  });
  EXPECT_EQ(analyser.Engines(), 2U);
  std::atomic<int> found = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] { found += static_cast<int>(analyser.Analyse(Photo())->size()); });
    }
  }
  EXPECT_EQ(found, 4);
}

TEST(ChooseEnrolmentFace, TakesTheOnlyFaceAndOverlooksTheBackground) {
  const auto face = ChooseEnrolmentFace({FaceOf(200), FaceOf(50)});
  ASSERT_TRUE(face.has_value());
  EXPECT_FLOAT_EQ(face->detection.box.Width(), 200);
}

TEST(ChooseEnrolmentFace, RefusesNoFaceAndSeveralFaces) {
  EXPECT_THAT(ChooseEnrolmentFace({}).error().message, HasSubstr("no face"));
  EXPECT_THAT(ChooseEnrolmentFace({FaceOf(200), FaceOf(180), FaceOf(150)}).error().message,
              HasSubstr("3 faces"));
}

TEST(ChooseEnrolmentFace, SaysWhyAFaceIsTooPoor) {
  PhotoFace face = FaceOf(20);
  face.quality.unrecognisable = UnrecognisableReason::kTooSmall;
  EXPECT_THAT(ChooseEnrolmentFace({face}).error().message, HasSubstr("too small"));
}

TEST(ChooseEnrolmentFace, RefusesACoveredFace) {
  PhotoFace face = FaceOf(200);
  face.quality.covered = 0.49F;
  EXPECT_TRUE(ChooseEnrolmentFace({face}).has_value());
  face.quality.covered = 0.5F;
  EXPECT_THAT(ChooseEnrolmentFace({face}).error().message, HasSubstr("covered"));
}

TEST(PhotoAnalyser, SaysWhatTheEmbedderSaysOfMasks) {
  auto embedder = std::make_unique<FakeEmbedder>();
  embedder->SayCovered(0.75F);
  PhotoAnalyser analyser(
      std::make_unique<FakeDetector>(std::vector{FakeDetector::Face(10, 10, 90)}),
      std::move(embedder),
      [](const Frame&, const FaceCrop&, const Detection&) { return FaceQuality{}; });
  EXPECT_EQ(analyser.Analyse(Photo())->front().quality.covered, 0.75F);
  auto found = analyser.Find(Photo());
  EXPECT_FALSE(found->front().quality.covered);
  ASSERT_TRUE(analyser.Embed(found->front()).has_value());
  EXPECT_EQ(found->front().quality.covered, 0.75F);
}

}  // namespace
}  // namespace vigil::pipeline
