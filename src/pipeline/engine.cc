// See engine.h.
#include "pipeline/engine.h"

#include <set>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace vigil::pipeline {
namespace {

constexpr auto kStandstillTimeout = std::chrono::seconds(5);

}  // namespace

Engine::Engine(const EngineOptions& options, EngineParts parts)
    : options_(options),
      clock_(parts.clock),
      metrics_(parts.metrics),
      open_source_(std::move(parts.open_source)),
      on_camera_(std::move(parts.on_camera)),
      live_(parts.live),
      scheduler_([this, &metrics = parts.metrics](const std::string& camera_id) {
        ++dropped_frames_;
        metrics.CountFrames(camera_id, metrics::FrameResult::kDropped);
        metrics.CountQueueDrops("frames");
      }) {
  VIGIL_CHECK(!parts.detectors.empty() && parts.detectors.size() == parts.embedders.size(),
              "each worker owns a detector and an embedder");
  VIGIL_CHECK(parts.liveness.empty() || parts.liveness.size() == parts.detectors.size(),
              "each worker owns a liveness detector, or none does");
  parts.liveness.resize(parts.detectors.size());
  const RecognitionPorts ports{.clock = parts.clock,
                               .gallery = parts.gallery,
                               .metrics = parts.metrics,
                               .quality = std::move(parts.quality),
                               .on_outcome = std::move(parts.on_outcome),
                               .name_of = std::move(parts.name_of),
                               .live = parts.live,
                               .watch_rules = std::move(parts.watch_rules)};
  for (std::size_t i = 0; i < parts.detectors.size(); ++i) {
    recognisers_.push_back(
        std::make_unique<Recogniser>(options_.recognition, ports, std::move(parts.detectors[i]),
                                     std::move(parts.embedders[i]), std::move(parts.liveness[i])));
  }
  for (const auto& recogniser : recognisers_) {
    workers_.emplace_back(
        [this, worker = recogniser.get()] { worker->Run(scheduler_, between_frames_); });
  }
}

Engine::~Engine() { Stop(); }

void Engine::SetCameras(std::span<const Camera> cameras) {
  std::set<std::string> wanted;
  for (const Camera& camera : cameras) wanted.insert(camera.id);
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [camera_id, running] : cameras_) {
      if (!wanted.contains(camera_id)) gone.push_back(camera_id);
    }
  }
  for (const std::string& camera_id : gone) RemoveCamera(camera_id);
  for (const Camera& camera : cameras) SetCamera(camera);
}

void Engine::SetCamera(const Camera& camera) {
  if (!camera.enabled) {
    RemoveCamera(camera.id);
    return;
  }
  const std::lock_guard changes(changes_mutex_);
  if (stopped_) return;
  {
    const std::lock_guard lock(mutex_);
    const auto found = cameras_.find(camera.id);
    if (found != cameras_.end() && found->second.camera == camera) return;
  }
  TakeOut(camera.id);
  metrics_.AddCamera(camera.id);

  auto lane = std::make_shared<CameraLane>(
      camera, camera.min_face_px.value_or(options_.min_face_px), options_.recognition.tracker);
  scheduler_.AddCamera(camera.id, lane);
  CameraWorkerOptions worker_options = options_.camera;
  if (camera.detect_interval_ms) {
    worker_options.gate.detect_interval = std::chrono::milliseconds{*camera.detect_interval_ms};
  }
  worker_options.gate.watched = camera.watched;
  worker_options.gate.keyframes_when_idle = camera.keyframes_when_idle;
  auto worker = std::make_unique<CameraWorker>(lane, worker_options,
                                               CameraWorkerPorts{.clock = clock_,
                                                                 .scheduler = scheduler_,
                                                                 .metrics = metrics_,
                                                                 .open_source = open_source_,
                                                                 .on_status = on_camera_,
                                                                 .live = live_});
  const std::lock_guard lock(mutex_);
  cameras_.emplace(camera.id, RunningCamera{camera, std::move(lane), std::move(worker)});
}

void Engine::RemoveCamera(const std::string& camera_id) {
  const std::lock_guard changes(changes_mutex_);
  if (stopped_) return;
  if (TakeOut(camera_id)) metrics_.RemoveCamera(camera_id);
}

// The camera's thread may take a moment to end; whoever asks for statuses meanwhile must not wait
// for it.
bool Engine::TakeOut(const std::string& camera_id) {
  RunningCamera leaving;
  {
    const std::lock_guard lock(mutex_);
    const auto found = cameras_.find(camera_id);
    if (found == cameras_.end()) return false;
    leaving = std::move(found->second);
    cameras_.erase(found);
  }
  leaving.worker.reset();
  scheduler_.RemoveCamera(camera_id);
  return true;
}

bool Engine::SwitchEmbedder(std::vector<std::unique_ptr<Embedder>> embedders,
                            const DecisionPolicy& policy, const std::function<bool()>& take_over) {
  VIGIL_CHECK(embedders.size() == recognisers_.size(), "each worker owns an embedder");
  // While no camera comes or goes, those that run have the only lanes there are.
  const std::lock_guard changes(changes_mutex_);
  const auto still = between_frames_.Close(kStandstillTimeout);
  if (!still) return false;
  std::vector<std::shared_ptr<CameraLane>> lanes;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [camera_id, running] : cameras_) lanes.push_back(running.lane);
  }
  for (const auto& lane : lanes) {
    if (const Status closed = recognisers_.front()->CloseTracks(*lane); !closed) {
      LogError("recognition", "camera {}: {}", lane->camera.id, closed.error().message);
    }
  }
  if (!take_over()) return false;
  for (std::size_t i = 0; i < recognisers_.size(); ++i) {
    recognisers_[i]->SwitchEmbedder(std::move(embedders[i]), policy);
  }
  return true;
}

std::vector<CameraStatus> Engine::Statuses() const {
  std::vector<CameraStatus> statuses;
  const std::lock_guard lock(mutex_);
  statuses.reserve(cameras_.size());
  for (const auto& [camera_id, running] : cameras_) statuses.push_back(running.worker->Status());
  return statuses;
}

std::optional<CameraStatus> Engine::StatusOf(const std::string& camera_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = cameras_.find(camera_id);
  if (found == cameras_.end()) return std::nullopt;
  return found->second.worker->Status();
}

// Start in reverse: sources, then the scheduler, then the workers, which first close the tracks
// that are open.
void Engine::Stop() {
  const std::lock_guard changes(changes_mutex_);
  if (std::exchange(stopped_, true)) return;
  std::map<std::string, RunningCamera> leaving;
  {
    const std::lock_guard lock(mutex_);
    leaving = std::exchange(cameras_, {});
  }
  for (auto& [camera_id, running] : leaving) running.worker->RequestStop();
  for (auto& [camera_id, running] : leaving) running.worker.reset();
  for (const auto& [camera_id, running] : leaving) scheduler_.EndStream(camera_id);
  scheduler_.Close();
  workers_.clear();
}

}  // namespace vigil::pipeline
