// The contract suites on the real adapters of this room and on the fakes.
#include "contract/detector_contract.h"
#include "contract/embedder_contract.h"
#include "fake_detector.h"
#include "fake_embedder.h"
#include "installed_models.h"
#include "vision/detectors/mtcnn.h"
#include "vision/model_store.h"
#include "vision/recognition/facenet.h"

namespace vigil {
namespace {

std::unique_ptr<Detector> MakeMtcnn() {
  auto detectors = vision::MakeMtcnnDetectors({.models_directory = InstalledModelsDirectory()}, 1);
  if (detectors) return std::move(detectors->front());
  // Only what is not installed may be skipped.
  EXPECT_FALSE(ModelsAreRequired());
  EXPECT_EQ(detectors.error().code, ErrorCode::kUnavailable) << detectors.error().message;
  return nullptr;
}

std::unique_ptr<Embedder> MakeFacenet(vision::Precision precision) {
  auto embedders = vision::MakeFacenetEmbedders(
      {.models_directory = InstalledModelsDirectory(), .precision = precision}, 1);
  if (embedders) return std::move(embedders->front());
  // Only what is not installed may be skipped.
  EXPECT_FALSE(ModelsAreRequired());
  EXPECT_EQ(embedders.error().code, ErrorCode::kUnavailable) << embedders.error().message;
  return nullptr;
}

INSTANTIATE_TEST_SUITE_P(All, DetectorContract,
                         ::testing::Values(DetectorContractCase{"mtcnn", MakeMtcnn},
                                           DetectorContractCase{
                                               "fake",
                                               [] {
                                                 return std::make_unique<FakeDetector>(
                                                     std::vector{FakeDetector::Face(5, 5, 40)});
                                               }}),
                         [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    All, EmbedderContract,
    ::testing::Values(
        EmbedderContractCase{"facenet_f32", [] { return MakeFacenet(vision::Precision::kF32); }},
        EmbedderContractCase{"facenet_i8", [] { return MakeFacenet(vision::Precision::kI8); }},
        EmbedderContractCase{"fake", [] { return std::make_unique<FakeEmbedder>(); }}),
    [](const auto& one) { return one.param.name; });

TEST(MtcnnOptions, OutOfRangeIsRefusedWithTheName) {
  const auto refusal = [](vision::MtcnnOptions options, int count = 1) {
    const auto made = vision::MakeMtcnnDetectors(options, count);
    return made ? Error{} : made.error();
  };
  EXPECT_EQ(refusal({.min_face_px = 5}).code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refusal({.min_face_px = 5}).message.find("min_face_px"), std::string::npos);
  EXPECT_NE(refusal({.pyramid_factor = 1.0}).message.find("pyramid_factor"), std::string::npos);
  EXPECT_NE(refusal({.thresholds = {0.6F, 1.7F, 0.7F}}).message.find("threshold"),
            std::string::npos);
  EXPECT_NE(refusal({.precision = vision::Precision::kI8}).message.find("i8"), std::string::npos);
  EXPECT_EQ(refusal({}, 0).code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal({.models_directory = "/nonexistent"}).code, ErrorCode::kUnavailable);
}

TEST(FacenetOptions, DetectorIsNoFacenet) {
  const auto directory = InstalledModelsDirectory();
  if (!vision::FindModel(directory, "mtcnn")) {
    ASSERT_FALSE(ModelsAreRequired());
    GTEST_SKIP() << "mtcnn is not installed in " << directory;
  }
  const auto made =
      vision::MakeFacenetEmbedders({.models_directory = directory, .model_id = "mtcnn"}, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

TEST(FacenetOptions, MissingModelNamesTheMend) {
  const auto made = vision::MakeFacenetEmbedders(
      {.models_directory = "/nonexistent", .model_id = "facenet-vggface2"}, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(made.error().message.find("vigil models install facenet-vggface2"), std::string::npos);
}

}  // namespace
}  // namespace vigil
