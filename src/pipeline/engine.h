// One running recognition: cameras, scheduler and workers, put together. Used by `serve`, `demo`
// and the tests.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/turn_gate.h"
#include "core/camera.h"
#include "pipeline/camera_worker.h"
#include "pipeline/recogniser.h"
#include "pipeline/scheduler.h"

namespace vigil::pipeline {

struct EngineOptions {
  RecognitionOptions recognition;
  CameraWorkerOptions camera;
  int min_face_px = 40;  // of cameras that set none; the detectors must look for faces this small
};

// Everything the engine is made of. References outlive it; callbacks are called from its threads
// and are thread-safe.
struct EngineParts {
  Clock& clock;
  const GalleryIndex& gallery;
  metrics::Metrics& metrics;
  // One recognition worker is run for each pair; both lists have the same length, at least 1.
  std::vector<std::unique_ptr<Detector>> detectors;
  std::vector<std::unique_ptr<Embedder>> embedders;
  std::vector<std::unique_ptr<LivenessDetector>> liveness{};  // as many, or none: nobody looks
  QualityRule quality;
  SourceFactory open_source;
  OutcomeCallback on_outcome;
  std::function<void(const CameraStatus&)> on_camera;                // may be empty
  std::function<std::string(const std::string& person_id)> name_of;  // may be empty
  LiveView* live = nullptr;
  WatchRulesSource watch_rules{};  // empty: there are no watch-lists
};

// Starts without cameras. Thread-safe; changing one camera never disturbs another.
class Engine {
 public:
  Engine(const EngineOptions& options, EngineParts parts);
  // As Stop.
  ~Engine();

  // Makes `cameras` the ones that run: new ones start, changed ones restart, others go; those that
  // are equal are not touched. Disabled cameras do not run.
  void SetCameras(std::span<const Camera> cameras);
  // Adds one, or restarts it when it differs from the running one. A disabled one is removed.
  void SetCamera(const Camera& camera);
  void RemoveCamera(const std::string& camera_id);

  // Of running cameras, by id.
  std::vector<CameraStatus> Statuses() const;
  std::optional<CameraStatus> StatusOf(const std::string& camera_id) const;

  // Another embedder takes over on every worker at once, with the policy that belongs to it.
  // Between two frames the workers stand still, all tracks are judged by the old embedder and
  // closed; then `take_over` switches the gallery that the engine searches, and new frames are seen
  // by the new one: nothing of the one is ever compared with anything of the other. When
  // `take_over` answers false the old embedder goes on. Cameras are not disturbed. `embedders` as
  // many as workers. False also when a worker did not come to rest in time.
  bool SwitchEmbedder(std::vector<std::unique_ptr<Embedder>> embedders,
                      const DecisionPolicy& policy, const std::function<bool()>& take_over);

  // Frames that wait for a worker, and those that were never looked at because a newer one came.
  std::size_t WaitingFrames() const { return scheduler_.WaitingFrames(); }
  std::int64_t DroppedFrames() const { return dropped_frames_; }

  // Cameras stop, their tracks are judged and closed, workers end. Ends within the time of one
  // frame and of the sources' answer to a stop. Later calls do nothing.
  void Stop();

 private:
  struct RunningCamera {
    Camera camera;
    std::shared_ptr<CameraLane> lane;
    std::unique_ptr<CameraWorker> worker;
  };

  // Stops and forgets the camera; false when it does not run. With changes_mutex_ held.
  bool TakeOut(const std::string& camera_id);

  const EngineOptions options_;
  Clock& clock_;
  metrics::Metrics& metrics_;
  const SourceFactory open_source_;
  const std::function<void(const CameraStatus&)> on_camera_;
  LiveView* const live_;
  std::atomic<std::int64_t> dropped_frames_ = 0;
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Recogniser>> recognisers_;
  TurnGate between_frames_;  // each piece of work is a turn

  std::mutex changes_mutex_;  // one change of the cameras at a time; taken before mutex_
  bool stopped_ = false;      // guarded by changes_mutex_
  mutable std::mutex mutex_;
  std::map<std::string, RunningCamera> cameras_;  // guarded by mutex_
  std::vector<std::jthread> workers_;
};

}  // namespace vigil::pipeline
