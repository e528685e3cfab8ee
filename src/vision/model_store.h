// Finds installed models and makes sure that their files are what the installation wrote.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/model_info.h"
#include "core/typical_faces.h"

namespace vigil::vision {

// A file beside installed.json, with the SHA-256 (hex) it must have.
struct ModelFile {
  std::filesystem::path path;
  std::string sha256;
};

// One network of a model in one stored precision, as OpenVINO IR.
struct ModelNetwork {
  std::string network;        // "pnet", "rnet", "onet", "embedder"
  std::string precision;      // as stored: "fp32" or "int8"
  std::string source_sha256;  // of the published weights it was made from
  ModelFile xml;
  ModelFile bin;
};

// How pictures must be prepared for the model.
struct ModelInput {
  int width = 0;  // 0: any
  int height = 0;
  std::string colour;         // "RGB" or "BGR"
  std::string preprocessing;  // "per-image", "fixed-127.5-128" or "none"
  std::string crop;           // "box" or "five-points"; empty for detectors
  int margin = 0;             // pixels of the input size, for crop "box"
};

struct ModelCalibration {
  std::string precision;  // "fp32" or "int8"
  ImpostorTail tail;
  std::string measured_on;  // for people: "LFW View 1: 12.45 million impostor pairs"
};

// A logistic regression that tells covered faces from an inner layer of an embedder: on the means
// of each channel over each band of rows, the bands from the top.
struct CoveredHead {
  struct Band {
    int from = 0;  // rows of the layer
    int to = 0;    // exclusive
  };
  int channels = 0;  // of the layer, which is the last ReLU of channels x side x side
  int side = 0;
  std::vector<Band> bands;
  std::vector<float> weights;  // band after band
  float bias = 0;

  bool Empty() const { return weights.empty(); }
};

// What installed.json of one model says.
struct InstalledModel {
  std::string id;
  std::string kind;  // "detector" or "embedder"
  int recipe = 0;    // version of the conversion
  std::string source_archive;
  std::string source_archive_sha256;
  std::vector<ModelNetwork> networks;
  ModelInput input;
  int dimension = 0;          // of embeddings; 0 for detectors
  float threshold_floor = 0;  // 0 for detectors
  std::vector<ModelCalibration> calibrations;
  TypicalFaces typical_faces{};  // that calibrations were measured with; empty for most models
  std::string typical_faces_sha256{};  // of their published file; empty without them
  CoveredHead covered_head{};          // empty for most models

  // The network stored in `precision` ("fp32" or "int8"), if there is one.
  const ModelNetwork* Find(std::string_view network, std::string_view precision) const;
  // The calibration measured in `precision`; that of "fp32" where the former is missing; null where
  // nothing was measured.
  const ModelCalibration* CalibrationOf(std::string_view precision) const;
  // Its tail; empty where nothing was measured.
  ImpostorTail TailOf(std::string_view precision) const;
};

// Reads <directory>/<id>/installed.json, and calibration.json beside it, whose calibrations go
// before the published ones of the same precision if they were measured with the same weights and
// typical faces. Network files are not touched yet. Errors name
// the file and the mend (`vigil models install ID`): kUnavailable when the model is not installed,
// kDataLoss when installed.json is damaged or of an unknown schema.
Result<InstalledModel> FindModel(const std::filesystem::path& directory, const std::string& id);

// Writes `calibrations`, measured here, into calibration.json of the installed model: they replace
// earlier ones of the same precision. kPermission when the file cannot be written; what was there
// before then stays, and nothing else is left behind.
Status SaveCalibrations(const std::filesystem::path& directory, const InstalledModel& model,
                        const std::vector<ModelCalibration>& calibrations);

// Reads both files of one network and compares their SHA-256. kUnavailable for a missing file,
// kDataLoss for an altered one, with both hashes and the mend.
Status VerifyNetwork(const InstalledModel& model, const ModelNetwork& network);
// VerifyNetwork for all networks of a model; the first fault.
Status VerifyModel(const InstalledModel& model);

// One line of `vigil models list`: what lies in the directory, readable or not.
struct ModelListing {
  std::string id;
  Result<InstalledModel> model;
};

// Every folder of `directory` that holds an installed.json, by id. Empty when the directory does
// not exist.
std::vector<ModelListing> ListModels(const std::filesystem::path& directory);

}  // namespace vigil::vision
