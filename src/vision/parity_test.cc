// Detections and embeddings equal the reference implementation's on the demo's photos, as
// tests/golden holds them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/crypto.h"
#include "golden/golden_photos.h"
#include "installed_models.h"
#include "vision/detectors/mtcnn.h"
#include "vision/model_store.h"
#include "vision/quality.h"
#include "vision/recognition/facenet.h"

namespace vigil::vision {
namespace {

class Parity : public ::testing::Test {
 protected:
  void SetUp() override {
    models_ = InstalledModelsDirectory();
    if (!FindModel(models_, "mtcnn") || !FindModel(models_, "facenet-128")) {
      ASSERT_FALSE(ModelsAreRequired()) << "models are not installed in " << models_;
      GTEST_SKIP() << "models are not installed in " << models_
                   << ": run `vigil models install mtcnn facenet-128`";
    }
  }

  std::vector<GoldenPhoto> Photos() const { return ReadGoldenPhotos(models_, "faces.json"); }

  std::unique_ptr<Embedder> MakeEmbedder(Precision precision) const {
    auto embedders = MakeFacenetEmbedders(
        {.models_directory = models_, .model_id = "facenet-128", .precision = precision}, 1);
    EXPECT_TRUE(embedders) << embedders.error().message;
    return embedders ? std::move(embedders->front()) : nullptr;
  }

  std::filesystem::path models_;
};

TEST_F(Parity, TheTraceEndsWithWhatDetectAnswers) {
  auto detectors = MakeMtcnnDetectors({.models_directory = models_}, 1);
  ASSERT_TRUE(detectors) << detectors.error().message;
  const auto photos = Photos();
  ASSERT_FALSE(photos.empty());
  const Frame& frame = photos.front().frame;
  const auto found = detectors->front()->Detect(std::span(&frame, 1));
  const auto trace = TraceMtcnn({.models_directory = models_}, frame);
  ASSERT_TRUE(found && trace);
  ASSERT_EQ(trace->found.size(), found->front().size());
  ASSERT_FALSE(trace->found.empty());
  EXPECT_EQ(trace->found.front().box, found->front().front().box);
  EXPECT_GE(trace->proposed.size(), trace->refined.size());
  EXPECT_GE(trace->refined.size(), trace->found.size());
  ASSERT_GT(trace->levels.size(), 1U);
  int proposals = 0;
  for (std::size_t i = 0; i < trace->levels.size(); ++i) {
    proposals += trace->levels[i].proposals;
    if (i > 0) {
      EXPECT_LT(trace->levels[i].width, trace->levels[i - 1].width);
    }
  }
  EXPECT_GE(proposals, static_cast<int>(trace->proposed.size()));
}

class DetectionParity : public Parity, public ::testing::WithParamInterface<Precision> {};

INSTANTIATE_TEST_SUITE_P(All, DetectionParity, ::testing::Values(Precision::kF32, Precision::kI8),
                         [](const auto& one) { return std::string(PrecisionName(one.param)); });

TEST_P(DetectionParity, DetectionsEqualTheReference) {
  auto detectors = MakeMtcnnDetectors({.models_directory = models_, .precision = GetParam()}, 1);
  ASSERT_TRUE(detectors) << detectors.error().message;
  const auto photos = Photos();
  ASSERT_GE(photos.size(), 40U);
  for (const GoldenPhoto& photo : photos) {
    const auto found = detectors->front()->Detect(std::span(&photo.frame, 1));
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ((*found)[0].size(), photo.faces.size()) << photo.name;
    for (const GoldenFace& face : photo.faces) {
      const auto ours = std::ranges::max_element((*found)[0], {}, [&](const Detection& one) {
        return IntersectionOverUnion(one.box, face.detection.box);
      });
      EXPECT_GT(IntersectionOverUnion(ours->box, face.detection.box), 0.98F) << photo.name;
      EXPECT_LT(LandmarkError(*ours, face.detection), 0.01F) << photo.name;
      EXPECT_NEAR(ours->score, face.detection.score, 0.01F) << photo.name;
    }
  }
}

// A camera that needs large faces only pays for those alone.
TEST_P(DetectionParity, ALargerSmallestFaceIsLookedForAsByADetectorMadeForIt) {
  const auto made = [&](int min_face_px) {
    auto detectors = MakeMtcnnDetectors(
        {.models_directory = models_, .min_face_px = min_face_px, .precision = GetParam()}, 1);
    return std::move(detectors.value().front());
  };
  const auto general = made(40);
  const auto large = made(110);
  int differing = 0;
  for (const GoldenPhoto& photo : Photos()) {
    const std::span<const Frame> frame(&photo.frame, 1);
    const auto all = general->Detect(frame).value().front();
    const auto asked = general->Detect(frame, 110).value().front();
    const auto wanted = large->Detect(frame).value().front();
    ASSERT_EQ(asked.size(), wanted.size()) << photo.name;
    for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(asked[i].box, wanted[i].box);
    EXPECT_EQ(large->Detect(frame, 40).value().front().size(), wanted.size())
        << "its own limit holds";
    differing += all.size() != asked.size() || (!all.empty() && !(all[0].box == asked[0].box));
  }
  EXPECT_GT(differing, 0) << "the pictures tell nothing";
}

TEST_F(Parity, EmbeddingsInF32EqualTheReference) {
  const auto embedder = MakeEmbedder(Precision::kF32);
  ASSERT_NE(embedder, nullptr);
  double sum = 0;
  int faces = 0;
  int equal_crops = 0;
  for (const GoldenPhoto& photo : Photos()) {
    for (const GoldenFace& face : photo.faces) {
      const FaceCrop crop = embedder->Crop(photo.frame, face.detection);
      equal_crops += Sha256Hex(std::as_bytes(std::span(crop.image.pixels))) == face.crop_sha256;
      const auto embeddings = embedder->Embed(std::span(&crop, 1));
      ASSERT_TRUE(embeddings) << embeddings.error().message;
      const float similarity = Similarity((*embeddings)[0].embedding, face.embedding);
      EXPECT_GT(similarity, 0.999F) << photo.name;
      sum += similarity;
      ++faces;
    }
  }
  EXPECT_GT(sum / faces, 0.9999);
  // Another JPEG decoder may round a pixel here and there; the crop rule itself must not differ.
  EXPECT_GT(equal_crops, faces / 2) << "of " << faces << " crops are byte for byte those of Pillow";
}

TEST_F(Parity, FasterPrecisionsStayNearTheReference) {
  for (const auto& [precision, lowest] :
       {std::pair{Precision::kBf16, 0.99F}, {Precision::kI8, 0.95F}}) {
    const auto embedder = MakeEmbedder(precision);
    ASSERT_NE(embedder, nullptr);
    EXPECT_EQ(embedder->Info().precision, PrecisionName(precision));
    for (const GoldenPhoto& photo : Photos()) {
      for (const GoldenFace& face : photo.faces) {
        const FaceCrop crop = embedder->Crop(photo.frame, face.detection);
        const auto embeddings = embedder->Embed(std::span(&crop, 1));
        ASSERT_TRUE(embeddings) << embeddings.error().message;
        EXPECT_GT(Similarity((*embeddings)[0].embedding, face.embedding), lowest) << photo.name;
      }
    }
  }
}

// The mean of a face and its mirror picture is the same for both.
TEST_F(Parity, BothViewsAreOfAFaceAndItsMirrorPicture) {
  const auto make = [&](Views views) {
    return MakeFacenetEmbedders(
        {.models_directory = models_, .model_id = "facenet-128", .batch_max = 2, .views = views},
        1);
  };
  const auto straight = make(Views::kStraight);
  const auto both = make(Views::kBoth);
  ASSERT_TRUE(straight && both);
  EXPECT_EQ(both->front()->Info().space, straight->front()->Info().space);
  const GoldenPhoto photo = Photos().front();
  const FaceCrop crop = both->front()->Crop(photo.frame, photo.faces.front().detection);
  FaceCrop mirrored = crop;
  for (int y = 0; y < crop.image.height; ++y) {
    for (int x = 0; x < crop.image.width; ++x)
      std::copy_n(crop.image.Row(y) + x * 3, 3, mirrored.image.Row(y) + (159 - x) * 3);
  }
  const std::vector<FaceCrop> crops{crop, mirrored, crop};
  const auto apart = straight->front()->Embed(crops);
  const auto together = both->front()->Embed(crops);
  ASSERT_TRUE(apart && together);
  ASSERT_EQ(together->size(), 3U);
  EXPECT_LT(Similarity((*apart)[0].embedding, (*apart)[1].embedding), 0.9999F);
  EXPECT_GT(Similarity((*together)[0].embedding, (*together)[1].embedding), 0.99999F);
  Embedding mean = (*apart)[0].embedding;
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (*apart)[1].embedding[i];
  Normalise(mean);
  EXPECT_GT(Similarity((*together)[2].embedding, mean), 0.99999F);
}

TEST_F(Parity, SpaceIsTheSameInEveryPrecision) {
  const auto reference = MakeEmbedder(Precision::kF32);
  const auto probe = MakeEmbedder(Precision::kI8);
  ASSERT_TRUE(reference && probe);
  EXPECT_EQ(reference->Info().space, probe->Info().space);
  EXPECT_EQ(reference->Info().space.preprocessing, "box-margin-14/per-image-standardisation/r1");
  EXPECT_NE(reference->Info().impostor_tail.points.back().similarity,
            probe->Info().impostor_tail.points.back().similarity);
}

TEST_F(Parity, WorkersAtOnceFindWhatOneFinds) {
  auto detectors = MakeMtcnnDetectors({.models_directory = models_}, 2);
  ASSERT_TRUE(detectors) << detectors.error().message;
  const auto photos = Photos();
  std::vector<std::vector<Box>> found(2);
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < 2; ++i) {
      workers.emplace_back([&, i] {
        for (const GoldenPhoto& photo : photos) {
          const auto result = (*detectors)[i]->Detect(std::span(&photo.frame, 1));
          if (!result) continue;
          for (const Detection& detection : (*result)[0]) found[i].push_back(detection.box);
        }
      });
    }
  }
  EXPECT_GE(found[0].size(), photos.size());
  EXPECT_EQ(found[0], found[1]);
}

TEST_F(Parity, OrdinaryFacesAreRecognisable) {
  const auto embedder = MakeEmbedder(Precision::kI8);
  ASSERT_NE(embedder, nullptr);
  for (const GoldenPhoto& photo : Photos()) {
    for (const GoldenFace& face : photo.faces) {
      if (face.detection.box.Width() < 30) continue;
      const FaceQuality quality =
          AssessQuality(photo.frame, embedder->Crop(photo.frame, face.detection), face.detection);
      EXPECT_FALSE(quality.unrecognisable)
          << photo.name << ": " << ReasonName(*quality.unrecognisable);
      EXPECT_GT(quality.score, 0.2F) << photo.name;
    }
  }
}

// covered.json holds what Python computes from the same crops, plain and with a patch painted on.
TEST_F(Parity, CoveredFacesAreToldAsInTraining) {
  const auto model = FindModel(models_, "facenet-128");
  if (model->covered_head.Empty()) {
    ASSERT_FALSE(ModelsAreRequired());
    GTEST_SKIP() << "facenet-128 was installed by an older version: run `vigil models install`";
  }
  const auto exact = MakeEmbedder(Precision::kF32);
  const auto coarse = MakeEmbedder(Precision::kI8);
  ASSERT_TRUE(exact && coarse);
  const std::vector<GoldenPhoto> photos = Photos();
  const json::value golden = ReadGolden("covered.json");
  ASSERT_GE(golden.at("faces").as_array().size(), 8U);
  for (const json::value& face : golden.at("faces").as_array()) {
    const std::string name = face.at("photo").as_string().c_str();
    const auto photo = std::ranges::find(photos, name, &GoldenPhoto::name);
    ASSERT_NE(photo, photos.end());
    std::vector<FaceCrop> crops(2, exact->Crop(photo->frame, photo->faces.front().detection));
    for (int y = 88; y < 155; ++y) {
      for (int x = 20; x < 140; ++x) {
        const std::array<std::uint8_t, 3> patch{190, 215, 232};
        std::ranges::copy(patch, crops[1].image.Row(y) + x * 3);
      }
    }
    const auto told = exact->Embed(crops);
    const auto coarsely = coarse->Embed(crops);
    ASSERT_TRUE(told && coarsely);
    const auto plain = face.at("plain").to_number<float>();
    const auto masked = face.at("masked").to_number<float>();
    EXPECT_NEAR((*told)[0].covered.value(), plain, 0.02F) << photo->name;
    EXPECT_NEAR((*told)[1].covered.value(), masked, 0.02F) << photo->name;
    EXPECT_LT((*coarsely)[0].covered.value(), (*coarsely)[1].covered.value()) << photo->name;
  }
}

}  // namespace
}  // namespace vigil::vision
