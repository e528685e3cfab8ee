// See model_switcher.h. Read Step first.
#include "pipeline/model_switcher.h"

#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <utility>

#include "base/format.h"
#include "media/photo.h"

namespace vigil::pipeline {
namespace {

using database::ModelSwitch;
using database::SwitchEnd;

constexpr int kPhotosAtOnce = 8;  // lost at most when the process is killed
constexpr auto kLookInterval = std::chrono::seconds(5);
// Cameras come first: they shall not notice.
constexpr int kNiceness = 10;

// Whether the photo itself is to blame, so that trying again cannot help.
bool IsOfThePhoto(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kDataLoss ||
         error.code == ErrorCode::kInvalidArgument;
}

}  // namespace

ModelSwitcher::ModelSwitcher(ModelSwitcherPorts ports)
    : ports_(std::move(ports)),
      switches_(ports_.database),
      photos_(ports_.database),
      failures_(ports_.clock),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

ModelSwitcher::~ModelSwitcher() {
  thread_.request_stop();
  thread_.join();
}

void ModelSwitcher::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  nap_.request_stop();
}

std::string ModelSwitcher::Trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void ModelSwitcher::Run(const std::stop_token& stop) {
  // On Linux a thread has a niceness of its own.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
  while (!stop.stop_requested()) {
    Result<Progress> step = Progress::kNone;
    try {
      step = Step(stop);
    } catch (const std::exception& exception) {
      step = Fail(ErrorCode::kInternal, exception.what());
    }
    Note(step ? std::string() : step.error().message);
    if (!step || *step == Progress::kNone) Nap(stop);
  }
}

Result<ModelSwitcher::Progress> ModelSwitcher::Step(const std::stop_token& stop) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ModelSwitch> running, switches_.Running());
  if (!running) {
    embedder_.reset();
    loaded_for_.clear();
    return Progress::kNone;
  }
  if (running->id != loaded_for_) VIGIL_RETURN_IF_ERROR(Load(*running));
  const std::string key = embedder_->EmbedderFacts().space.Key();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Photo> photos,
                         photos_.WithoutReference(key, looked_until_, kPhotosAtOnce));
  if (!photos.empty()) {
    VIGIL_RETURN_IF_ERROR(EmbedSome(photos, stop));
    looked_until_ = photos.back().id;
    return Progress::kMade;
  }
  // Once more from the first on: somebody may have been asked to be tried again.
  if (!std::exchange(looked_until_, {}).empty()) return Progress::kMade;
  return Finish(*running, stop);
}

Status ModelSwitcher::Load(const ModelSwitch& running) {
  loaded_for_.clear();
  VIGIL_ASSIGN_OR_RETURN(embedder_, ports_.load(running.model_id));
  const std::string key = embedder_->EmbedderFacts().space.Key();
  VIGIL_RETURN_IF_ERROR(switches_.SetSpace(running.id, key));
  loaded_for_ = running.id;
  looked_until_.clear();
  VIGIL_ASSIGN_OR_RETURN(const auto progress, switches_.Progress(key));
  LogInfo("models", "switching to {}: {} of {} photos are to be embedded", running.model_id,
          progress.Pending(), progress.photos);
  return {};
}

Status ModelSwitcher::EmbedSome(const std::vector<Photo>& photos, const std::stop_token& stop) {
  std::vector<Reference> references;
  for (const Photo& photo : photos) {
    if (stop.stop_requested()) break;
    VIGIL_ASSIGN_OR_RETURN(std::optional<Reference> reference, EmbedPhoto(photo));
    if (reference) references.push_back(*std::move(reference));
  }
  return photos_.AddReferences(std::move(references));
}

// Nothing when the photo cannot be embedded, which is noted.
Result<std::optional<Reference>> ModelSwitcher::EmbedPhoto(const Photo& photo) {
  const EmbeddingSpace& space = embedder_->EmbedderFacts().space;
  const auto embed = [&]() -> Result<Embedding> {
    VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, ports_.media.Get(photo.media_id));
    VIGIL_ASSIGN_OR_RETURN(RgbImage image, media::DecodePhoto(bytes));
    if (image.width != photo.width || image.height != photo.height) {
      return Fail(ErrorCode::kDataLoss,
                  format("the picture has {}x{} pixels, not the {}x{} it was enrolled with",
                         image.width, image.height, photo.width, photo.height));
    }
    return embedder_->Embed(std::make_shared<const RgbImage>(std::move(image)), photo.face);
  };
  Result<Embedding> embedding = embed();
  if (embedding) {
    return Reference{.id = {},
                     .person_id = photo.person_id,
                     .photo_id = photo.id,
                     .space = space,
                     .embedding = *std::move(embedding),
                     .quality = photo.quality};
  }
  if (!IsOfThePhoto(embedding.error())) return std::unexpected(std::move(embedding).error());
  LogWarning("models", "photo {} of person {} cannot be embedded by {}: {}", photo.id,
             photo.person_id, space.model_id, embedding.error().message);
  VIGIL_RETURN_IF_ERROR(switches_.NoteUnembedded(space.Key(), photo.id, embedding.error().message));
  return std::nullopt;
}

Result<ModelSwitcher::Progress> ModelSwitcher::Finish(const ModelSwitch& running,
                                                      const std::stop_token& stop) {
  if (!running.accept_missing) {
    // Waits for somebody to accept it, to mend the photos and ask again, or to cancel.
    VIGIL_ASSIGN_OR_RETURN(const auto missing,
                           switches_.Missing(embedder_->EmbedderFacts().space.Key()));
    if (!missing.empty()) return Progress::kNone;
  }
  VIGIL_ASSIGN_OR_RETURN(const SwitchEnd end, ports_.take_over(embedder_, stop, [this, &running] {
    return switches_.Complete(running.id);
  }));
  if (end != SwitchEnd::kInUse) return Progress::kMade;
  LogInfo("models", "{} is in use", running.model_id);
  embedder_.reset();
  loaded_for_.clear();
  return Progress::kMade;
}

void ModelSwitcher::Note(std::string trouble) {
  if (!trouble.empty()) failures_.Write(LogLevel::kError, "models", trouble);
  const std::lock_guard lock(mutex_);
  trouble_ = std::move(trouble);
}

void ModelSwitcher::Nap(const std::stop_token& stop) {
  std::stop_source nap;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(woken_, false)) return;
    nap_ = nap;
  }
  const std::stop_callback forward(stop, [&nap] { nap.request_stop(); });
  ports_.clock.SleepUntil(ports_.clock.Now() + kLookInterval, nap.get_token());
  const std::lock_guard lock(mutex_);
  woken_ = false;
}

}  // namespace vigil::pipeline
