// Detections and embeddings equal the reference implementation's on the demo's photos, as
// tests/golden holds them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/crypto.h"
#include "golden/golden.h"
#include "installed_models.h"
#include "media/photo.h"
#include "vision/detectors/mtcnn.h"
#include "vision/model_store.h"
#include "vision/quality.h"
#include "vision/recognition/facenet.h"

namespace vigil::vision {
namespace {

struct GoldenFace {
  Detection detection;
  std::string crop_sha256;
  Embedding embedding;
};

struct GoldenPhoto {
  std::string name;
  Frame frame;
  std::vector<GoldenFace> faces;
};

GoldenFace ParseFace(const json::value& value) {
  GoldenFace face;
  const auto numbers = [&](const char* key) {
    std::vector<float> read;
    for (const json::value& number : value.at(key).as_array())
      read.push_back(number.to_number<float>());
    return read;
  };
  const std::vector<float> box = numbers("box");
  face.detection.box = {box[0], box[1], box[2], box[3]};
  face.detection.score = value.at("score").to_number<float>();
  const std::vector<float> points = numbers("landmarks");
  for (std::size_t i = 0; i < 5; ++i)
    face.detection.landmarks[i] = {points[2 * i], points[2 * i + 1]};
  face.crop_sha256 = value.at("crop_sha256").as_string().c_str();
  face.embedding = numbers("embedding");
  return face;
}

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

  std::vector<GoldenPhoto> Photos() const {
    std::vector<GoldenPhoto> photos;
    const json::value golden = ReadGolden();
    for (const json::value& entry : golden.at("photos").as_array()) {
      GoldenPhoto photo;
      photo.name = entry.at("photo").as_string().c_str();
      const std::filesystem::path path = models_ / "demo-people" / photo.name;
      EXPECT_EQ(Sha256HexOfFile(path.string()).value_or("unreadable"),
                entry.at("sha256").as_string().c_str())
          << path;
      auto image = media::ReadPhotoFile(path);
      if (!image) {
        ADD_FAILURE() << image.error().message;
        continue;
      }
      photo.frame = FrameOfImage(std::make_shared<const RgbImage>(*std::move(image)));
      for (const json::value& face : entry.at("faces").as_array())
        photo.faces.push_back(ParseFace(face));
      photos.push_back(std::move(photo));
    }
    return photos;
  }

  std::unique_ptr<Embedder> MakeEmbedder(Precision precision) const {
    auto embedders = MakeFacenetEmbedders({.models_directory = models_, .precision = precision}, 1);
    EXPECT_TRUE(embedders) << embedders.error().message;
    return embedders ? std::move(embedders->front()) : nullptr;
  }

  std::filesystem::path models_;
};

// The mean distance of the five points as a share of the box's width.
float LandmarkError(const Detection& ours, const Detection& theirs) {
  float sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    sum += std::hypot(ours.landmarks[i].x - theirs.landmarks[i].x,
                      ours.landmarks[i].y - theirs.landmarks[i].y);
  }
  return sum / 5 / theirs.box.Width();
}

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

TEST_F(Parity, DetectionsEqualTheReference) {
  auto detectors = MakeMtcnnDetectors({.models_directory = models_}, 1);
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
      const float similarity = Similarity((*embeddings)[0], face.embedding);
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
        EXPECT_GT(Similarity((*embeddings)[0], face.embedding), lowest) << photo.name;
      }
    }
  }
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

}  // namespace
}  // namespace vigil::vision
