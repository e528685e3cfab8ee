// Putting together what the REST API stands on.
#include "app/backend.h"

#include <algorithm>
#include <string>
#include <utility>

#include "app/engines.h"
#include "app/open_files.h"
#include "base/format.h"
#include "base/log.h"
#include "database/model_switch_repository.h"
#include "gallery/flat_index.h"

namespace vigil::app {

namespace {

// Embeddings of two models cannot be compared: searched with the wrong one, everybody enrolled
// would silently never be found again.
Status RefuseOtherSpaces(Backend& backend) {
  VIGIL_ASSIGN_OR_RETURN(const auto others,
                         backend.gallery_store.SpacesBeside(backend.Space().Key()));
  if (others.empty()) return {};
  const database::SpaceUse& most =
      *std::ranges::max_element(others, {}, &database::SpaceUse::references);
  const std::string& chosen = backend.Space().model_id;
  if (most.model_id == chosen) {
    return Fail(ErrorCode::kConflict,
                format("{} enrolled faces of {} people were made with another version of {} and "
                       "cannot be compared with what it makes now; install the version that made "
                       "them, or delete these people's photos with it and enrol them again",
                       most.references, most.persons, chosen));
  }
  return Fail(
      ErrorCode::kConflict,
      format("{} enrolled faces of {} people were made with the embedder {}, and [models] "
             "embedder = \"{}\" cannot be compared with them; set embedder = \"{}\" back "
             "and run `vigil models switch {}`, which embeds everybody anew, "
             "or give {} a data directory of its own",
             most.references, most.persons, most.model_id, chosen, most.model_id, chosen, chosen));
}

// What a switch brought to serve outlives the configuration that was there before it.
Status UseSwitchedEmbedder(Backend& backend) {
  VIGIL_ASSIGN_OR_RETURN(const auto switched,
                         database::ModelSwitchRepository(*backend.installation->database).InUse());
  std::string& embedder = backend.config.models.embedder;
  if (!switched || switched->model_id == embedder) return {};
  LogInfo("models",
          "people are recognised with {}, which `vigil models switch` brought to serve, not with "
          "[models] embedder = \"{}\"",
          switched->model_id, embedder);
  embedder = switched->model_id;
  return {};
}

}  // namespace

Backend::Backend(config::Config given, std::unique_ptr<Installation> opened)
    : config(std::move(given)),
      installation(std::move(opened)),
      gallery_store(*installation->database),
      people(*installation->database),
      watch_rules(*installation->database) {}

Result<std::unique_ptr<Backend>> OpenBackend(const config::Config& given, PhotoModels models) {
  VIGIL_ASSIGN_OR_RETURN(auto installation, OpenInstallation(given));
  auto backend = std::make_unique<Backend>(given, std::move(installation));
  const config::Config& config = backend->config;
  VIGIL_RETURN_IF_ERROR(UseSwitchedEmbedder(*backend));
  if (models == PhotoModels::kNone) {
    backend->photos = MakePhotoAnalyserWithoutModels();
    backend->followed = gallery::MakeFlatIndex(backend->Space().dimension);
  } else {
    const int at_once = models == PhotoModels::kMany ? RecognitionWorkers(config) : 1;
    VIGIL_ASSIGN_OR_RETURN(backend->photos, MakePhotoAnalyser(config, at_once));
    VIGIL_RETURN_IF_ERROR(RefuseOtherSpaces(*backend));
    RaiseOpenFilesLimit();
    VIGIL_ASSIGN_OR_RETURN(
        auto gallery, MakeGallery(config, &backend->installation->sealer, backend->Space().Key(),
                                  &backend->gallery_store));
    backend->followed = std::move(gallery.index);
    backend->approximate = gallery.approximate;
  }
  backend->gallery = std::make_unique<gallery::SwitchedIndex>(backend->followed);
  backend->photo_policy =
      pipeline::PolicyFor(backend->photos->EmbedderFacts(), config.recognition.named_strangers_max,
                          static_cast<float>(config.recognition.threshold_floor));
  VIGIL_RETURN_IF_ERROR(backend->people.Refresh());
  VIGIL_RETURN_IF_ERROR(backend->watch_rules.Refresh());
  return backend;
}

}  // namespace vigil::app
