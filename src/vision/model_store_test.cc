// Missing, altered and damaged models are refused with the file, the hashes and the mend.
#include "vision/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/crypto.h"

namespace vigil::vision {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ModelStore : public ::testing::Test {
 protected:
  ModelStore() {
    std::string pattern = ::testing::TempDir() + "vigil-models-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(directory_ / "tiny");
    Write("net.xml", "<net/>");
    Write("net.bin", "weights");
    Write("installed.json", Record());
  }
  ~ModelStore() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / "tiny" / name) << text;
  }

  static std::string Record() {
    return R"({"schema": 1, "id": "tiny", "kind": "embedder", "recipe": 3,
      "source_archive": "a.zip", "source_archive_sha256": "aa",
      "networks": [{"network": "embedder", "precision": "fp32", "source_sha256": "bb",
        "xml": "net.xml", "xml_sha256": ")" +
           Sha256Hex("<net/>") + R"(", "bin": "net.bin", "bin_sha256": ")" + Sha256Hex("weights") +
           R"("}],
      "input": {"width": 160, "height": 160, "colour": "RGB", "preprocessing": "per-image",
        "crop": "box", "margin": 14},
      "output": {"dimension": 128, "threshold_floor": 0.42},
      "calibration": [{"precision": "fp32", "measured_on": "x",
        "points": [[1e-3, 0.5], [1e-2, 0.36]]}]})";
  }

  static std::string Replaced(std::string text, const std::string& old, const std::string& by) {
    return text.replace(text.find(old), old.size(), by);
  }

  // Of two numbers a face, as the model then is.
  static std::string WithTypicalFaces(const std::string& record, const std::string& faces) {
    return Replaced(Replaced(record, "\"dimension\": 128", "\"dimension\": 2"), "\"calibration\"",
                    R"("typical_faces": {"sha256": "tt", "temperature": 0.25, "faces": )" + faces +
                        R"(}, "calibration")");
  }

  std::filesystem::path directory_;
};

TEST_F(ModelStore, FactsAreRead) {
  const auto model = FindModel(directory_, "tiny");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->dimension, 128);
  EXPECT_FLOAT_EQ(model->threshold_floor, 0.42F);
  EXPECT_EQ(model->input.margin, 14);
  EXPECT_EQ(model->recipe, 3);
  ASSERT_NE(model->Find("embedder", "fp32"), nullptr);
  EXPECT_EQ(model->Find("embedder", "int8"), nullptr);
  EXPECT_TRUE(VerifyModel(*model));
}

TEST_F(ModelStore, TailRisesInSimilarityAndServesOtherPrecisions) {
  const ImpostorTail tail = FindModel(directory_, "tiny")->TailOf("int8");
  ASSERT_THAT(tail.points, SizeIs(2));
  EXPECT_DOUBLE_EQ(tail.points[0].similarity, 0.36);
  EXPECT_DOUBLE_EQ(tail.points[1].false_match_rate, 1e-3);
}

TEST_F(ModelStore, OwnCalibrationGoesBeforeThePublishedOne) {
  const auto model = FindModel(directory_, "tiny");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->CalibrationOf("fp32")->measured_on, "x");
  const ModelCalibration own{"fp32", {{{1e-2, 0.3}, {1e-3, 0.4}}}, "40 people"};
  ASSERT_TRUE(SaveCalibrations(directory_, *model, {own}));
  const auto again = FindModel(directory_, "tiny");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->CalibrationOf("fp32")->measured_on, "40 people");
  EXPECT_DOUBLE_EQ(again->TailOf("fp32").points.at(1).similarity, 0.4);
}

// Similarities with and without typical faces lie on different scales.
TEST_F(ModelStore, OwnCalibrationOfOtherTypicalFacesDoesNotCount) {
  ASSERT_TRUE(SaveCalibrations(directory_, *FindModel(directory_, "tiny"),
                               {{"fp32", {{{1e-2, 0.3}}}, "without them"}}));
  EXPECT_EQ(FindModel(directory_, "tiny")->CalibrationOf("fp32")->measured_on, "without them");
  Write("installed.json", WithTypicalFaces(Record(), "[[0.5, 0.25]]"));
  EXPECT_EQ(FindModel(directory_, "tiny")->CalibrationOf("fp32")->measured_on, "x");
  ASSERT_TRUE(SaveCalibrations(directory_, *FindModel(directory_, "tiny"),
                               {{"fp32", {{{1e-2, 0.3}}}, "with them"}}));
  EXPECT_EQ(FindModel(directory_, "tiny")->CalibrationOf("fp32")->measured_on, "with them");
}

TEST_F(ModelStore, TypicalFacesAreRead) {
  EXPECT_TRUE(FindModel(directory_, "tiny")->typical_faces.Empty());
  Write("installed.json", WithTypicalFaces(Record(), "[[0.5, 0.25], [-0.5, 0]]"));
  const auto model = FindModel(directory_, "tiny");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->typical_faces,
            (TypicalFaces{.faces = {{0.5F, 0.25F}, {-0.5F, 0.0F}}, .temperature = 0.25F}));
}

TEST_F(ModelStore, TypicalFacesOfAnotherDimensionAreDamage) {
  Write("installed.json", WithTypicalFaces(Record(), "[[0.5]]"));
  const auto model = FindModel(directory_, "tiny");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(model.error().message, HasSubstr("typical faces"));
}

TEST_F(ModelStore, CalibrationsOfOtherPrecisionsStayWhenOneIsSaved) {
  const auto model = FindModel(directory_, "tiny");
  ASSERT_TRUE(SaveCalibrations(directory_, *model, {{"fp32", {{{1e-2, 0.3}}}, "first"}}));
  ASSERT_TRUE(SaveCalibrations(directory_, *model, {{"int8", {{{1e-2, 0.2}}}, "eight"}}));
  ASSERT_TRUE(SaveCalibrations(directory_, *model, {{"fp32", {{{1e-2, 0.1}}}, "second"}}));
  const auto again = FindModel(directory_, "tiny");
  EXPECT_EQ(again->CalibrationOf("fp32")->measured_on, "second");
  EXPECT_EQ(again->CalibrationOf("int8")->measured_on, "eight");
}

// What stands in the way are folders and devices, which stop root too.
TEST_F(ModelStore, CalibrationsThatCannotBePlacedLeaveNothingBehind) {
  const auto model = FindModel(directory_, "tiny");
  std::filesystem::create_directories(directory_ / "tiny" / "calibration.json" / "in the way");
  const Status status = SaveCalibrations(directory_, *model, {{"fp32", {{{1e-2, 0.3}}}, "x"}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kPermission);
  EXPECT_THAT(status.error().message, HasSubstr("calibration.json"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "tiny" / "calibration.json.new"));
}

TEST_F(ModelStore, CalibrationsStayWhenTheDiskIsFull) {
  const auto model = FindModel(directory_, "tiny");
  ASSERT_TRUE(SaveCalibrations(directory_, *model, {{"fp32", {{{1e-2, 0.3}}}, "first"}}));
  const auto temporary = directory_ / "tiny" / "calibration.json.new";
  std::filesystem::create_symlink("/dev/full", temporary);
  const Status status = SaveCalibrations(directory_, *model, {{"fp32", {{{1e-2, 0.1}}}, "second"}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kPermission);
  EXPECT_FALSE(std::filesystem::is_symlink(temporary));
  const auto again = FindModel(directory_, "tiny");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->CalibrationOf("fp32")->measured_on, "first");
}

TEST_F(ModelStore, OwnCalibrationOfOtherWeightsDoesNotCount) {
  ASSERT_TRUE(SaveCalibrations(directory_, *FindModel(directory_, "tiny"),
                               {{"fp32", {{{1e-2, 0.3}}}, "old weights"}}));
  Write("installed.json", Replaced(Record(), "\"aa\"", "\"cc\""));
  EXPECT_EQ(FindModel(directory_, "tiny")->CalibrationOf("fp32")->measured_on, "x");
}

TEST_F(ModelStore, DamagedOwnCalibrationNamesTheMend) {
  Write("calibration.json", "{");
  const auto model = FindModel(directory_, "tiny");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(model.error().message,
              AllOf(HasSubstr("calibration.json"), HasSubstr("vigil models calibrate")));
}

TEST_F(ModelStore, MissingModelNamesTheMend) {
  const auto model = FindModel(directory_, "other");
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(model.error().message,
              AllOf(HasSubstr("other/installed.json"), HasSubstr("vigil models install other")));
}

TEST_F(ModelStore, IdIsNoPath) {
  EXPECT_EQ(FindModel(directory_ / "tiny", "../tiny").error().code, ErrorCode::kUnavailable);
}

TEST_F(ModelStore, MissingFileIsNamed) {
  const auto model = FindModel(directory_, "tiny");
  std::filesystem::remove(directory_ / "tiny" / "net.bin");
  const Status status = VerifyModel(*model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("net.bin"), HasSubstr("vigil models install tiny")));
}

TEST_F(ModelStore, AlteredFileShowsBothHashes) {
  const auto model = FindModel(directory_, "tiny");
  Write("net.bin", "Weights");
  const Status status = VerifyModel(*model);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("net.bin"), HasSubstr(Sha256Hex("weights")),
                    HasSubstr(Sha256Hex("Weights")), HasSubstr("vigil models install tiny")));
}

TEST_F(ModelStore, DamagedRecordsAreDataLoss) {
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string("{}"),
        Replaced(Record(), "\"schema\": 1", "\"schema\": 2"),
        Replaced(Record(), "\"id\": \"tiny\"", "\"id\": \"huge\""),
        Replaced(Record(), "net.bin", "../net.bin"),
        Replaced(Record(), "\"dimension\": 128", "\"dimension\": \"many\""),
        Replaced(Record(), "[1e-3, 0.5]", "[1e-3]")}) {
    Write("installed.json", text);
    const auto model = FindModel(directory_, "tiny");
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, ErrorCode::kDataLoss) << text;
    EXPECT_THAT(model.error().message, HasSubstr("vigil models install tiny"));
  }
}

TEST_F(ModelStore, ListShowsModelsAndDamageButNothingElse) {
  std::filesystem::create_directory(directory_ / "broken");
  std::ofstream(directory_ / "broken" / "installed.json") << "{";
  std::filesystem::create_directory(directory_ / "photos");
  std::ofstream(directory_ / "photos" / "installed.json") << R"({"schema": 1, "photos": 118})";
  std::filesystem::create_directory(directory_ / "empty");
  const auto listings = ListModels(directory_);
  ASSERT_THAT(listings, SizeIs(2));
  EXPECT_EQ(listings[0].id, "broken");
  EXPECT_FALSE(listings[0].model);
  EXPECT_EQ(listings[1].id, "tiny");
  EXPECT_TRUE(listings[1].model);
}

TEST_F(ModelStore, ListOfNoDirectoryIsEmpty) {
  EXPECT_TRUE(ListModels(directory_ / "none").empty());
}

TEST_F(ModelStore, HeadsForCoveredFacesAreReadAndMustFitTheirLayer) {
  EXPECT_TRUE(FindModel(directory_, "tiny")->covered_head.Empty());
  const auto with = [&](const std::string& layer, const std::string& weights) {
    Write("installed.json",
          Replaced(Record(), "\"calibration\"",
                   R"("covered_head": {"sha256": "cc", "layer": )" + layer +
                       R"(, "bias": -1.5, "weights": )" + weights + R"(}, "calibration")"));
    return FindModel(directory_, "tiny");
  };
  const std::string layer = R"({"channels": 2, "side": 4, "bands": [[0, 1], [1, 4]]})";
  const auto model = with(layer, "[0.5, 1, 2, 3]");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->covered_head.channels, 2);
  EXPECT_EQ(model->covered_head.bands.at(1).to, 4);
  EXPECT_FLOAT_EQ(model->covered_head.weights.at(3), 3);
  EXPECT_FLOAT_EQ(model->covered_head.bias, -1.5F);
  EXPECT_EQ(with(layer, "[0.5, 1, 2]").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(with(layer, "[]").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(with(R"({"channels": 2, "side": 4, "bands": [[0, 5]]})", "[1, 2]").error().code,
            ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace vigil::vision
