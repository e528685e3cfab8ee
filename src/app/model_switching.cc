// How another embedder comes to serve in a running Service: read TakeOver.
#include <utility>

#include "app/engines.h"
#include "app/recognition_options.h"
#include "app/service.h"
#include "base/log.h"

namespace vigil::app {
namespace {

using database::SwitchEnd;

constexpr auto kStandstillTimeout = std::chrono::seconds(5);
constexpr auto kCatchUpTimeout = std::chrono::seconds(5);
constexpr auto kLook = std::chrono::milliseconds(20);

// Waits until the follower has applied the log up to `sequence`; for ever without a timeout. False
// also when it is to stop.
bool AwaitApplied(const gallery::GalleryFollower& follower, std::uint64_t sequence, Clock& clock,
                  std::optional<std::chrono::milliseconds> timeout, const std::stop_token& stop) {
  const SteadyTime start = clock.Now();
  while (true) {
    const auto state = follower.State();
    if (state.loaded && state.sequence >= sequence) return true;
    if (timeout && clock.Now() - start > *timeout) return false;
    if (!clock.SleepUntil(clock.Now() + kLook, stop)) return false;
  }
}

std::unexpected<Error> NotNow(const char* why) { return Fail(ErrorCode::kUnavailable, why); }

}  // namespace

std::shared_ptr<Service::Following> Service::FollowGallery(
    std::shared_ptr<gallery::FollowedIndex> index, const gallery::FaissIndex* approximate,
    const EmbeddingSpace& space, const EmbedderInfo& embedder, bool saves) {
  // The follower refers to the index beside it, so that both are made in their place.
  return std::make_shared<Following>(backend_->gallery_store, backend_->GetClock(),
                                     std::move(index), approximate, space, embedder, saves);
}

Service::Following::Following(GalleryStore& store, Clock& clock,
                              std::shared_ptr<gallery::FollowedIndex> followed,
                              const gallery::FaissIndex* part, const EmbeddingSpace& space,
                              EmbedderInfo facts, bool saves)
    : index(std::move(followed)),
      approximate(part),
      embedder(std::move(facts)),
      follower(store, *index, space.Key(), clock,
               gallery::FollowerOptions{.dimension = space.dimension, .saves = saves}) {}

std::shared_ptr<Service::Following> Service::Followed() const {
  const std::lock_guard lock(following_mutex_);
  return following_;
}

std::shared_ptr<Service::Following> Service::Follow(std::shared_ptr<Following> following) {
  const std::lock_guard lock(following_mutex_);
  return std::exchange(following_, std::move(following));
}

void Service::TellEmbedder(const EmbedderInfo& embedder) {
  if (embedder.impostor_tail.points.size() < 2) {
    LogWarning(
        "models",
        "the embedder {} is not calibrated: only its floor of {:.2f} protects strangers; run "
        "`vigil models calibrate`",
        embedder.space.model_id, embedder.threshold_floor);
  }
  backend_->metrics.SetBuildInfo(VIGIL_VERSION, embedder.space.model_id, embedder.precision);
}

void Service::StartSwitcher() {
  switcher_ = std::make_unique<pipeline::ModelSwitcher>(pipeline::ModelSwitcherPorts{
      .database = GetDatabase(),
      .media = *backend_->installation->media,
      .clock = backend_->GetClock(),
      .load =
          [this](const std::string& model_id) {
            config::Config config = config_;
            config.models.embedder = model_id;
            return MakePhotoAnalyser(config);
          },
      .take_over =
          [this](std::unique_ptr<pipeline::PhotoAnalyser>& photos, std::stop_token stop,
                 const std::function<Result<SwitchEnd>()>& complete) {
            return TakeOver(photos, stop, complete);
          }});
}

// Everything that takes long comes first, while the old embedder serves. From the moment that the
// database says that the new one serves nothing can fail any more; a process killed there starts
// with the new one.
Result<SwitchEnd> Service::TakeOver(std::unique_ptr<pipeline::PhotoAnalyser>& photos,
                                    const std::stop_token& stop,
                                    const std::function<Result<SwitchEnd>()>& complete) {
  const EmbedderInfo photo_facts = photos->EmbedderFacts();
  if (photo_facts.space == backend_->Space()) return complete();
  config::Config config = config_;
  config.models.embedder = photo_facts.space.model_id;
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config));
  VIGIL_ASSIGN_OR_RETURN(auto embedders,
                         MakeEmbedders(config, precision, RecognitionWorkers(config)));
  const EmbedderInfo facts = embedders.front()->Info();
  VIGIL_ASSIGN_OR_RETURN(
      auto gallery, MakeGallery(config, &backend_->installation->sealer, photo_facts.space.Key(),
                                &backend_->gallery_store));
  // Not saved yet: the gallery that serves is still saved in that folder.
  const auto following =
      FollowGallery(std::move(gallery.index), gallery.approximate, photo_facts.space, facts, false);
  Clock& clock = backend_->GetClock();
  if (!AwaitApplied(following->follower, 0, clock, std::nullopt, stop)) return NotNow("stopping");

  auto still = photo_turns_.Close(kStandstillTimeout);
  if (!still) return NotNow("photos are being looked at without a pause");
  VIGIL_ASSIGN_OR_RETURN(const auto sequence, backend_->gallery_store.GallerySequence());
  following->follower.Wake();
  if (!AwaitApplied(following->follower, sequence, clock, kCatchUpTimeout, stop)) {
    return NotNow("the new gallery did not catch up with the database");
  }
  std::optional<Result<SwitchEnd>> end;
  const bool switched = engine_->SwitchEmbedder(
      std::move(embedders), RecognitionOptionsOf(config.recognition, facts).policy, [&] {
        end = complete();
        if (!*end || **end != SwitchEnd::kInUse) return false;
        backend_->gallery->Switch(following->index);
        return true;
      });
  if (!end) return NotNow("the workers did not come to rest");
  if (!switched) return *std::move(end);
  backend_->photos->Swap(*photos);
  backend_->photo_policy =
      pipeline::PolicyFor(photo_facts, config.recognition.named_strangers_max,
                          static_cast<float>(config.recognition.threshold_floor));
  api_->SetPolicy(backend_->photo_policy);
  auto former = Follow(following);
  still.reset();
  TellEmbedder(facts);
  event_writer_.Post("system.embedder_switched", {{"embedder", facts.space.model_id}});
  LogInfo("models", "people are recognised with {} now", facts.space.model_id);
  // Whoever still looks at the former gallery is through in a moment; it is saved a last time then.
  while (former.use_count() > 1 && clock.SleepUntil(clock.Now() + kLook, stop)) {
  }
  former.reset();
  following->follower.BeginSaving();
  return *std::move(end);
}

}  // namespace vigil::app
