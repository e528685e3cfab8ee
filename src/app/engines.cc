// From the configuration's model names to engines.
#include "app/engines.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "vision/detectors/mtcnn.h"
#include "vision/quality.h"
#include "vision/recognition/facenet.h"

namespace vigil::app {

constexpr int kPhotoMinFacePx = 40;

Result<vision::Precision> ConfiguredPrecision(const config::Config& config) {
  return vision::ChoosePrecision(config.models.precision, vision::DetectCpuFeatures());
}

Result<std::vector<std::unique_ptr<Detector>>> MakeDetectors(const config::Config& config,
                                                             int min_face_px, int count) {
  if (config.models.detector != "mtcnn") {
    return Fail(
        ErrorCode::kInvalidArgument,
        format("models.detector: no detector is called '{}'; use mtcnn", config.models.detector));
  }
  return vision::MakeMtcnnDetectors(
      {.models_directory = config.models.directory, .min_face_px = min_face_px}, count);
}

Result<std::vector<std::unique_ptr<Embedder>>> MakeEmbedders(const config::Config& config,
                                                             vision::Precision precision,
                                                             int count) {
  if (!config.models.embedder.starts_with("facenet-")) {
    return Fail(ErrorCode::kInvalidArgument,
                format("models.embedder: no embedder is called '{}'; use facenet-128, or "
                       "facenet-vggface2 or facenet-casia after `vigil models install`",
                       config.models.embedder));
  }
  return vision::MakeFacenetEmbedders({.models_directory = config.models.directory,
                                       .model_id = config.models.embedder,
                                       .precision = precision},
                                      count);
}

Result<std::unique_ptr<pipeline::PhotoAnalyser>> MakePhotoAnalyser(const config::Config& config) {
  VIGIL_ASSIGN_OR_RETURN(
      auto detectors,
      MakeDetectors(config, std::min(config.recognition.min_face_px, kPhotoMinFacePx), 1));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, vision::Precision::kF32, 1));
  return std::make_unique<pipeline::PhotoAnalyser>(
      std::move(detectors.front()), std::move(embedders.front()), vision::AssessQuality);
}

}  // namespace vigil::app
