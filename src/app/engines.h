// Which detector and embedder the configuration asks for: the one place that chooses adapters.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/seal.h"
#include "config/config.h"
#include "core/detector.h"
#include "core/embedder.h"
#include "core/liveness.h"
#include "core/typical_faces.h"
#include "gallery/faiss_index.h"
#include "gallery/followed_index.h"
#include "pipeline/photo_analyser.h"
#include "vision/cpu.h"
#include "vision/detectors/mtcnn.h"

namespace vigil::app {

// The precision that `models.precision` means on this machine.
Result<vision::Precision> ConfiguredPrecision(const config::Config& config);

// MTCNN as the configuration wants it.
vision::MtcnnOptions ConfiguredMtcnn(const config::Config& config, int min_face_px);

// `count` detectors of `models.detector`, finding faces from `min_face_px` up; `level_pixels_max`
// as in vision::MtcnnOptions. The installed model's networks choose the adapter (MTCNN, YuNet), its
// crops that of an embedder (FaceNet, SFace).
Result<std::vector<std::unique_ptr<Detector>>> MakeDetectors(const config::Config& config,
                                                             int min_face_px, int count,
                                                             double level_pixels_max = 0);

// `count` embedders of `models.embedder`; `batch_max` as in vision::EmbedderOptions.
Result<std::vector<std::unique_ptr<Embedder>>> MakeEmbedders(const config::Config& config,
                                                             vision::Precision precision, int count,
                                                             int batch_max = 8);

// `count` detectors of `models.liveness`; none when nobody looks whether faces are living ones.
Result<std::vector<std::unique_ptr<LivenessDetector>>> MakeLivenessDetectors(
    const config::Config& config, int count);

// The typical faces that the thresholds of `models.embedder` were measured with; empty for most.
Result<TypicalFaces> ConfiguredTypicalFaces(const config::Config& config);

// Whether `model_id` is an installed embedder. Errors name the mend.
Status CheckEmbedder(const config::Config& config, const std::string& model_id);

// A gallery, and what can tell of its approximate search.
struct ConfiguredGallery {
  std::unique_ptr<gallery::FollowedIndex> index;
  const gallery::FaissIndex* approximate = nullptr;  // a part of `index`; null: always exact
};

// An empty gallery for embeddings of `models.embedder`, which are compared as its thresholds were
// measured, searched as [gallery] says. With `sealer`, the key of the data directory, embeddings of
// `space_key` in `store` are kept there between two runs; `store` must outlive the gallery.
Result<ConfiguredGallery> MakeGallery(const config::Config& config, const Sealer* sealer = nullptr,
                                      std::string_view space_key = {},
                                      GalleryStore* store = nullptr);

// recognition.workers, or one a core.
int RecognitionWorkers(const config::Config& config);

// Detectors and fp32 embedders for photos, `at_once` of each: references and searches by image.
// Photos of people are searched down to small faces, whatever the cameras' setting.
Result<std::unique_ptr<pipeline::PhotoAnalyser>> MakePhotoAnalyser(const config::Config& config,
                                                                   int at_once = 1);

// Refuses every photo with kUnavailable: for commands that need none and must work without models.
std::unique_ptr<pipeline::PhotoAnalyser> MakePhotoAnalyserWithoutModels();

}  // namespace vigil::app
