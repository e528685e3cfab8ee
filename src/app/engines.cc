// From the configuration's model names to engines.
#include "app/engines.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "gallery/distinct_index.h"
#include "gallery/flat_index.h"
#include "vision/detectors/yunet.h"
#include "vision/liveness/minifasnet.h"
#include "vision/model_store.h"
#include "vision/quality.h"
#include "vision/recognition/facenet.h"
#include "vision/recognition/sface.h"

namespace vigil::app {
namespace {

std::unexpected<Error> NoModels() {
  return Fail(ErrorCode::kUnavailable, "no models are loaded in this process");
}

class NoDetector final : public Detector {
 public:
  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame>, int) override {
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
  Result<std::vector<EmbeddedFace>> Embed(std::span<const FaceCrop>) override { return NoModels(); }
  const EmbedderInfo& Info() const override { return info_; }

 private:
  EmbedderInfo info_;
};

// Fewer faces are scanned in less time than their clusters take.
constexpr std::size_t kClusteredReferencesMin = 10'000;
constexpr int kPhotoMinFacePx = 40;
// Faces of 40 pixels are searched for in photos of up to 16 megapixels, larger ones in larger
// photos: whoever may upload decides on their size, and must not decide on time and memory.
constexpr double kPhotoLevelPixelsMax = 1.5e6;

// The installed model that the configuration's `key` names. What it holds, not what it is called,
// then decides which adapter runs it.
Result<vision::InstalledModel> FindConfigured(std::string_view key, std::string_view kind,
                                              const std::string& id,
                                              const std::filesystem::path& directory) {
  auto model = vision::FindModel(directory, id);
  if (!model) {
    std::string installed;
    for (const vision::ModelListing& listing : vision::ListModels(directory)) {
      installed += format("{}{}", installed.empty() ? "" : ", ", listing.id);
    }
    const Error error = Annotate(std::move(model).error(), std::string(key)).error();
    return Fail(error.code, format("{}; installed are: {}", error.message,
                                   installed.empty() ? "none" : installed));
  }
  if (model->kind == kind) return model;
  return Fail(ErrorCode::kInvalidArgument, format("{}: {} is no {} but a {}; `vigil models list` "
                                                  "shows what is installed",
                                                  key, id, kind, model->kind));
}

// What its saved embeddings may be compared with: they are less the typical faces.
std::string NameOfGallery(std::string_view space_key, const TypicalFaces& typical) {
  std::string bytes(reinterpret_cast<const char*>(&typical.temperature), sizeof(float));
  for (const std::vector<float>& face : typical.faces) {
    bytes.append(reinterpret_cast<const char*>(face.data()), face.size() * sizeof(float));
  }
  return format("{}, typical faces {}", space_key, Sha256Hex(bytes));
}

Result<vision::InstalledModel> FindEmbedder(const config::Config& config) {
  return FindConfigured("models.embedder", "embedder", config.models.embedder,
                        config.models.directory);
}

Result<std::vector<std::unique_ptr<Embedder>>> MakeEmbeddersOf(
    const config::Config& config, const vision::EmbedderOptions& options, int count) {
  VIGIL_ASSIGN_OR_RETURN(const auto model, FindEmbedder(config));
  return model.input.crop == "five-points" ? vision::MakeSfaceEmbedders(options, count)
                                           : vision::MakeFacenetEmbedders(options, count);
}

}  // namespace

vision::MtcnnOptions ConfiguredMtcnn(const config::Config& config, int min_face_px) {
  const config::ModelsConfig& models = config.models;
  return {.models_directory = models.directory,
          .min_face_px = min_face_px,
          .thresholds = {static_cast<float>(models.mtcnn_pnet_threshold),
                         static_cast<float>(models.mtcnn_rnet_threshold),
                         static_cast<float>(models.mtcnn_onet_threshold)},
          .pyramid_factor = models.mtcnn_pyramid_factor};
}

Result<vision::Precision> ConfiguredPrecision(const config::Config& config) {
  return vision::ChoosePrecision(config.models.precision, vision::DetectCpuFeatures());
}

Result<std::vector<std::unique_ptr<Detector>>> MakeDetectors(const config::Config& config,
                                                             int min_face_px, int count,
                                                             double level_pixels_max) {
  VIGIL_ASSIGN_OR_RETURN(const auto model,
                         FindConfigured("models.detector", "detector", config.models.detector,
                                        config.models.directory));
  if (model.Find("pnet", "fp32") != nullptr) {
    // Its 8 bits find what floats find.
    VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
    vision::MtcnnOptions options = ConfiguredMtcnn(config, min_face_px);
    options.level_pixels_max = level_pixels_max;
    options.precision = precision;
    return vision::MakeMtcnnDetectors(options, count);
  }
  // In 8 bits landmarks move by a twentieth of the face, which an embedder that aligns by them pays
  // for: only who asks for a precision by name gets it here.
  auto precision = vision::Precision::kF32;
  if (config.models.precision != "auto") {
    VIGIL_ASSIGN_OR_RETURN(precision, ConfiguredPrecision(config));
  }
  return vision::MakeYunetDetectors({.models_directory = config.models.directory,
                                     .model_id = model.id,
                                     .min_face_px = min_face_px,
                                     .precision = precision,
                                     .level_pixels_max = level_pixels_max},
                                    count);
}

Result<std::vector<std::unique_ptr<Embedder>>> MakeEmbedders(const config::Config& config,
                                                             vision::Precision precision, int count,
                                                             int batch_max) {
  return MakeEmbeddersOf(config,
                         {.models_directory = config.models.directory,
                          .model_id = config.models.embedder,
                          .precision = precision,
                          .batch_max = batch_max},
                         count);
}

Result<std::vector<std::unique_ptr<LivenessDetector>>> MakeLivenessDetectors(
    const config::Config& config, int count) {
  if (config.models.liveness.empty()) return {};
  VIGIL_RETURN_IF_ERROR(FindConfigured("models.liveness", "liveness", config.models.liveness,
                                       config.models.directory));
  return vision::MakeLivenessDetectors(
      {.models_directory = config.models.directory, .model_id = config.models.liveness}, count);
}

Result<TypicalFaces> ConfiguredTypicalFaces(const config::Config& config) {
  VIGIL_ASSIGN_OR_RETURN(auto model, FindEmbedder(config));
  return std::move(model.typical_faces);
}

Status CheckEmbedder(const config::Config& config, const std::string& model_id) {
  config::Config other = config;
  other.models.embedder = model_id;
  VIGIL_RETURN_IF_ERROR(FindEmbedder(other));
  return {};
}

Result<ConfiguredGallery> MakeGallery(const config::Config& config, const Sealer* sealer,
                                      std::string_view space_key, GalleryStore* store) {
  VIGIL_ASSIGN_OR_RETURN(auto model, FindEmbedder(config));
  gallery::FlatIndexOptions exact;
  if (sealer != nullptr) {
    exact.saved = {.folder = config.data.directory / "gallery",
                   .sealer = *sealer,
                   .gallery = NameOfGallery(space_key, model.typical_faces),
                   .embeddings_on_disk = config.recognition.embeddings_on_disk};
    if (store != nullptr) {
      exact.saved->change_name = [store](std::uint64_t sequence) {
        return store->GalleryChangeName(sequence);
      };
    }
  }
  ConfiguredGallery made;
  if (config.gallery.index == "flat") {
    made.index = gallery::MakeFlatIndex(model.dimension, exact);
  } else {
    gallery::FaissIndexOptions options;
    options.exact = exact;
    options.references_min =
        config.gallery.index == "faiss"
            ? kClusteredReferencesMin
            : static_cast<std::size_t>(config.gallery.exact_references_max) + 1;
    options.recall_min = config.gallery.recall_min;
    options.similarity_min = model.threshold_floor;
    auto approximate = gallery::MakeFaissIndex(model.dimension, options);
    made.approximate = approximate.get();
    made.index = std::move(approximate);
  }
  made.index = gallery::MakeDistinctIndex(std::move(made.index), std::move(model.typical_faces));
  return made;
}

int RecognitionWorkers(const config::Config& config) {
  if (config.recognition.workers > 0) return config.recognition.workers;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Result<std::unique_ptr<pipeline::PhotoAnalyser>> MakePhotoAnalyser(const config::Config& config,
                                                                   int at_once) {
  // References are made once and compared for years: photos are never read in a coarse precision.
  config::Config exact = config;
  exact.models.precision = "f32";
  VIGIL_ASSIGN_OR_RETURN(
      auto detectors,
      MakeDetectors(exact, std::min(config.recognition.min_face_px, kPhotoMinFacePx), at_once,
                    kPhotoLevelPixelsMax));
  VIGIL_ASSIGN_OR_RETURN(auto embedders,
                         MakeEmbeddersOf(config,
                                         {.models_directory = config.models.directory,
                                          .model_id = config.models.embedder,
                                          .precision = vision::Precision::kF32,
                                          .views = vision::Views::kBoth},
                                         at_once));
  std::vector<pipeline::PhotoEngines> engines;
  for (std::size_t i = 0; i < detectors.size(); ++i) {
    engines.push_back({std::move(detectors[i]), std::move(embedders[i])});
  }
  return std::make_unique<pipeline::PhotoAnalyser>(std::move(engines), vision::AssessQuality);
}

std::unique_ptr<pipeline::PhotoAnalyser> MakePhotoAnalyserWithoutModels() {
  return std::make_unique<pipeline::PhotoAnalyser>(
      std::make_unique<NoDetector>(), std::make_unique<NoEmbedder>(), vision::AssessQuality);
}

}  // namespace vigil::app
