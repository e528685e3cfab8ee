// YuNet and SFace against their published use, OpenCV's FaceDetectorYN and FaceRecognizerSF, on the
// demo's photos.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <vector>

#include "golden/golden_photos.h"
#include "installed_models.h"
#include "vision/detectors/yunet.h"
#include "vision/model_store.h"
#include "vision/recognition/sface.h"

namespace vigil::vision {
namespace {

class OpencvParity : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"yunet", "sface"}) {
      if (!FindModel(models_, id)) {
        GTEST_SKIP() << id << " is not installed in " << models_ << ": run `vigil models install "
                     << id << "`";
      }
    }
  }

  std::vector<GoldenPhoto> Photos() const { return ReadGoldenPhotos(models_, "yunet_sface.json"); }

  // At a smallest face of 16 pixels a photo of this size is looked at as it is, like OpenCV does.
  std::unique_ptr<Detector> MakeDetector(Precision precision) const {
    auto made = MakeYunetDetectors(
        {.models_directory = models_, .min_face_px = 16, .precision = precision}, 1);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(made->front()) : nullptr;
  }

  std::unique_ptr<Embedder> MakeEmbedder(Precision precision) const {
    auto made = MakeSfaceEmbedders(
        {.models_directory = models_, .model_id = "sface", .precision = precision}, 1);
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(made->front()) : nullptr;
  }

  void CompareDetections(Precision precision, float overlap_min, float landmarks_max,
                         float score_max) const {
    const auto detector = MakeDetector(precision);
    ASSERT_NE(detector, nullptr);
    const auto photos = Photos();
    ASSERT_GE(photos.size(), 40U);
    for (const GoldenPhoto& photo : photos) {
      const auto found = detector->Detect(std::span(&photo.frame, 1));
      ASSERT_TRUE(found) << found.error().message;
      ASSERT_EQ((*found)[0].size(), photo.faces.size()) << photo.name;
      for (const GoldenFace& face : photo.faces) {
        const auto ours = std::ranges::max_element((*found)[0], {}, [&](const Detection& one) {
          return IntersectionOverUnion(one.box, face.detection.box);
        });
        EXPECT_GT(IntersectionOverUnion(ours->box, face.detection.box), overlap_min) << photo.name;
        EXPECT_LT(LandmarkError(*ours, face.detection), landmarks_max) << photo.name;
        EXPECT_NEAR(ours->score, face.detection.score, score_max) << photo.name;
      }
    }
  }

  const std::filesystem::path models_ = InstalledModelsDirectory();
};

TEST_F(OpencvParity, DetectionsEqualThePublishedUse) {
  CompareDetections(Precision::kF32, 0.98F, 0.01F, 0.01F);
}

TEST_F(OpencvParity, DetectionsInI8StayNear) {
  CompareDetections(Precision::kI8, 0.85F, 0.06F, 0.05F);
}

TEST_F(OpencvParity, EmbeddingsEqualThePublishedUse) {
  for (const auto& [precision, least] :
       {std::pair{Precision::kF32, 0.999F}, {Precision::kBf16, 0.99F}, {Precision::kI8, 0.95F}}) {
    const auto embedder = MakeEmbedder(precision);
    ASSERT_NE(embedder, nullptr);
    for (const GoldenPhoto& photo : Photos()) {
      for (const GoldenFace& face : photo.faces) {
        // Where a face shrinks to less than two thirds, OpenCV skips pixels and Vigil does not.
        if (face.detection.box.Width() > 100) continue;
        const FaceCrop crop = embedder->Crop(photo.frame, face.detection);
        const auto embeddings = embedder->Embed(std::span(&crop, 1));
        ASSERT_TRUE(embeddings) << embeddings.error().message;
        EXPECT_GT(Similarity((*embeddings)[0].embedding, face.embedding), least)
            << photo.name << " in " << PrecisionName(precision);
      }
    }
  }
}

TEST_F(OpencvParity, SpaceNamesTheAlignment) {
  const auto reference = MakeEmbedder(Precision::kF32);
  const auto probe = MakeEmbedder(Precision::kI8);
  ASSERT_TRUE(reference && probe);
  EXPECT_EQ(reference->Info().space, probe->Info().space);
  EXPECT_EQ(reference->Info().space.preprocessing, "five-points-112/none-standardisation/r1");
}

}  // namespace
}  // namespace vigil::vision
