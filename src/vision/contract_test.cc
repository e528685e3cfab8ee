// The contract suites on the real adapters of this room and on the fakes.
#include "contract/detector_contract.h"
#include "contract/embedder_contract.h"
#include "contract/liveness_contract.h"
#include "fake_detector.h"
#include "fake_embedder.h"
#include "fake_liveness.h"
#include "installed_models.h"
#include "vision/detectors/mtcnn.h"
#include "vision/detectors/yunet.h"
#include "vision/liveness/minifasnet.h"
#include "vision/model_store.h"
#include "vision/recognition/facenet.h"
#include "vision/recognition/sface.h"

namespace vigil {
namespace {

// Only what is not installed may be skipped.
template <class Port>
std::unique_ptr<Port> FirstOf(Result<std::vector<std::unique_ptr<Port>>> made) {
  if (made) return std::move(made->front());
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable) << made.error().message;
  return nullptr;
}

std::unique_ptr<Detector> MakeMtcnn() {
  return FirstOf(vision::MakeMtcnnDetectors({.models_directory = InstalledModelsDirectory()}, 1));
}

std::unique_ptr<Detector> MakeYunet(vision::Precision precision) {
  return FirstOf(vision::MakeYunetDetectors(
      {.models_directory = InstalledModelsDirectory(), .precision = precision}, 1));
}

std::unique_ptr<Detector> MakeFake() {
  return std::make_unique<FakeDetector>(std::vector{FakeDetector::Face(5, 5, 40)});
}

vision::EmbedderOptions OptionsOf(const char* id, vision::Precision precision) {
  return {.models_directory = InstalledModelsDirectory(), .model_id = id, .precision = precision};
}

std::unique_ptr<Embedder> MakeFacenet(vision::Precision precision) {
  return FirstOf(vision::MakeFacenetEmbedders(OptionsOf("facenet-128", precision), 1));
}

std::unique_ptr<Embedder> MakeSface(vision::Precision precision) {
  return FirstOf(vision::MakeSfaceEmbedders(OptionsOf("sface", precision), 1));
}

using vision::Precision;

INSTANTIATE_TEST_SUITE_P(
    All, DetectorContract,
    ::testing::Values(DetectorContractCase{"mtcnn", MakeMtcnn},
                      DetectorContractCase{"yunet_f32", [] { return MakeYunet(Precision::kF32); }},
                      DetectorContractCase{"yunet_i8", [] { return MakeYunet(Precision::kI8); }},
                      DetectorContractCase{"fake", MakeFake}),
    [](const auto& one) { return one.param.name; });

INSTANTIATE_TEST_SUITE_P(
    All, EmbedderContract,
    ::testing::Values(
        EmbedderContractCase{"facenet_f32", [] { return MakeFacenet(Precision::kF32); }},
        EmbedderContractCase{"facenet_i8", [] { return MakeFacenet(Precision::kI8); }},
        EmbedderContractCase{"sface_f32", [] { return MakeSface(Precision::kF32); }},
        EmbedderContractCase{"sface_i8", [] { return MakeSface(Precision::kI8); }},
        EmbedderContractCase{"fake", [] { return std::make_unique<FakeEmbedder>(); }}),
    [](const auto& one) { return one.param.name; });

std::unique_ptr<LivenessDetector> MakeMiniFasNet() {
  return FirstOf(
      vision::MakeLivenessDetectors({.models_directory = InstalledModelsDirectory()}, 1));
}

INSTANTIATE_TEST_SUITE_P(All, LivenessContract,
                         ::testing::Values(LivenessContractCase{"minifasnet", MakeMiniFasNet},
                                           LivenessContractCase{
                                               "fake",
                                               [] { return std::make_unique<FakeLiveness>(); }}),
                         [](const auto& one) { return one.param.name; });

TEST(LivenessOptions, OnlyALivenessModelServes) {
  const Error missing =
      vision::MakeLivenessDetectors({.models_directory = "/nonexistent"}, 1).error();
  EXPECT_EQ(missing.code, ErrorCode::kUnavailable);
  EXPECT_NE(missing.message.find("vigil models install minifasnet"), std::string::npos);
  const auto directory = InstalledModelsDirectory();
  if (!vision::FindModel(directory, "mtcnn")) {
    ASSERT_FALSE(ModelsAreRequired());
    GTEST_SKIP() << "mtcnn is not installed in " << directory;
  }
  const auto made =
      vision::MakeLivenessDetectors({.models_directory = directory, .model_id = "mtcnn"}, 1);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidArgument);
}

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

TEST(YunetOptions, OutOfRangeIsRefusedWithTheName) {
  const auto refusal = [](vision::YunetOptions options, int count = 1) {
    const auto made = vision::MakeYunetDetectors(options, count);
    return made ? Error{} : made.error();
  };
  EXPECT_EQ(refusal({.min_face_px = 9}).code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refusal({.min_face_px = 9}).message.find("min_face_px"), std::string::npos);
  EXPECT_NE(refusal({.score_min = 1.5F}).message.find("score_min"), std::string::npos);
  EXPECT_NE(refusal({.overlap_max = -1}).message.find("overlap_max"), std::string::npos);
  EXPECT_EQ(refusal({}, 0).code, ErrorCode::kInvalidArgument);
  const Error missing = refusal({.models_directory = "/nonexistent"});
  EXPECT_EQ(missing.code, ErrorCode::kUnavailable);
  EXPECT_NE(missing.message.find("vigil models install yunet"), std::string::npos);
}

TEST(ModelFamilies, AnAdapterRefusesModelsOfAnother) {
  const auto directory = InstalledModelsDirectory();
  for (const char* id : {"mtcnn", "facenet-128", "sface"}) {
    if (!vision::FindModel(directory, id))
      GTEST_SKIP() << id << " is not installed in " << directory;
  }
  const auto facenet = vision::MakeFacenetEmbedders(OptionsOf("sface", Precision::kF32), 1);
  ASSERT_FALSE(facenet);
  EXPECT_NE(facenet.error().message.find("sface is no FaceNet"), std::string::npos);
  const auto sface = vision::MakeSfaceEmbedders(OptionsOf("facenet-128", Precision::kF32), 1);
  ASSERT_FALSE(sface);
  EXPECT_NE(sface.error().message.find("facenet-128 is no SFace"), std::string::npos);
  const auto yunet =
      vision::MakeYunetDetectors({.models_directory = directory, .model_id = "mtcnn"}, 1);
  ASSERT_FALSE(yunet);
  EXPECT_EQ(yunet.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace vigil
