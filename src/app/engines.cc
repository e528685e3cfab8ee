// From the configuration's model names to engines.
#include "app/engines.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "vision/detectors/mtcnn.h"
#include "vision/quality.h"
#include "vision/recognition/facenet.h"

namespace vigil::app {
namespace {

std::unexpected<Error> NoModels() {
  return Fail(ErrorCode::kUnavailable, "no models are loaded in this process");
}

class NoDetector final : public Detector {
 public:
  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame>) override {
    return NoModels();
  }
  const DetectorInfo& Info() const override { return info_; }

 private:
  const DetectorInfo info_{};
};

class NoEmbedder final : public Embedder {
 public:
  NoEmbedder() {
    info_.space.model_id = "none";
    info_.space.dimension = 1;
  }
  FaceCrop Crop(const Frame&, const Detection&) const override { return {}; }
  Result<std::vector<Embedding>> Embed(std::span<const FaceCrop>) override { return NoModels(); }
  const EmbedderInfo& Info() const override { return info_; }

 private:
  EmbedderInfo info_;
};

}  // namespace

constexpr int kPhotoMinFacePx = 40;
// Faces of 40 pixels are searched for in photos of up to 16 megapixels, larger ones in larger
// photos: whoever may upload decides on their size, and must not decide on time and memory.
constexpr double kPhotoLevelPixelsMax = 1.5e6;

Result<vision::Precision> ConfiguredPrecision(const config::Config& config) {
  return vision::ChoosePrecision(config.models.precision, vision::DetectCpuFeatures());
}

Result<std::vector<std::unique_ptr<Detector>>> MakeDetectors(const config::Config& config,
                                                             int min_face_px, int count,
                                                             double level_pixels_max) {
  if (config.models.detector != "mtcnn") {
    return Fail(
        ErrorCode::kInvalidArgument,
        format("models.detector: no detector is called '{}'; use mtcnn", config.models.detector));
  }
  return vision::MakeMtcnnDetectors({.models_directory = config.models.directory,
                                     .min_face_px = min_face_px,
                                     .level_pixels_max = level_pixels_max},
                                    count);
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
      MakeDetectors(config, std::min(config.recognition.min_face_px, kPhotoMinFacePx), 1,
                    kPhotoLevelPixelsMax));
  VIGIL_ASSIGN_OR_RETURN(auto embedders, MakeEmbedders(config, vision::Precision::kF32, 1));
  return std::make_unique<pipeline::PhotoAnalyser>(
      std::move(detectors.front()), std::move(embedders.front()), vision::AssessQuality);
}

std::unique_ptr<pipeline::PhotoAnalyser> MakePhotoAnalyserWithoutModels() {
  return std::make_unique<pipeline::PhotoAnalyser>(
      std::make_unique<NoDetector>(), std::make_unique<NoEmbedder>(), vision::AssessQuality);
}

}  // namespace vigil::app
