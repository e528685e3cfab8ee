// Putting together what the REST API stands on.
#include "app/backend.h"

#include <utility>

#include "app/engines.h"
#include "gallery/flat_index.h"

namespace vigil::app {

Backend::Backend(std::unique_ptr<Installation> opened)
    : installation(std::move(opened)),
      gallery_store(*installation->database),
      names(*installation->database) {}

Result<std::unique_ptr<Backend>> OpenBackend(const config::Config& config, PhotoModels models) {
  VIGIL_ASSIGN_OR_RETURN(auto installation, OpenInstallation(config));
  auto backend = std::make_unique<Backend>(std::move(installation));
  if (models == PhotoModels::kNone) {
    backend->photos = MakePhotoAnalyserWithoutModels();
  } else {
    VIGIL_ASSIGN_OR_RETURN(backend->photos, MakePhotoAnalyser(config));
  }
  backend->gallery = gallery::MakeFlatIndex(backend->Space().dimension);
  backend->photo_policy =
      pipeline::PolicyFor(backend->photos->EmbedderFacts(), config.recognition.named_strangers_max,
                          static_cast<float>(config.recognition.threshold_floor));
  VIGIL_RETURN_IF_ERROR(backend->names.Refresh());
  return backend;
}

}  // namespace vigil::app
