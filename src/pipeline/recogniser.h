// The heart of the product: from one frame to what is known about the faces in it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/turn_gate.h"
#include "core/detector.h"
#include "core/embedder.h"
#include "core/gallery.h"
#include "core/liveness.h"
#include "metrics/metrics.h"
#include "pipeline/camera_lane.h"
#include "pipeline/decision.h"
#include "pipeline/live_view.h"
#include "pipeline/scheduler.h"
#include "pipeline/track_judge.h"
#include "pipeline/track_outcome.h"

namespace vigil::pipeline {

struct RecognitionOptions {
  DecisionPolicy policy;
  JudgeOptions judge;
  TrackerOptions tracker;
  int candidates_max = 10;
  // Below this the detector is not sure that it sees a whole face; nobody is recognised by it.
  float sure_face_score = 0.9F;
  // A single shot is sure of a name when the runner-up is at least this much less similar.
  float sure_name_margin = 0.1F;
  std::chrono::milliseconds still_seen_interval{30'000};
};

// What recognition talks to. All of it is shared by the workers and outlives them; thread-safe.
struct RecognitionPorts {
  const Clock& clock;
  const GalleryIndex& gallery;
  metrics::Metrics& metrics;
  QualityRule quality;
  OutcomeCallback on_outcome;
  // A person's name for people to read; answers from memory. May be empty.
  std::function<std::string(const std::string& person_id)> name_of;
  LiveView* live = nullptr;        // null: nobody looks
  WatchRulesSource watch_rules{};  // empty: there are no watch-lists
};

// One a worker thread: owns its detectors and an embedder, and carries out one piece of work after
// another for whatever camera is due. Keeps no state of a camera; that is the lane's.
class Recogniser {
 public:
  // `liveness` may be null: nobody looks whether faces are living ones.
  Recogniser(const RecognitionOptions& options, const RecognitionPorts& ports,
             std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
             std::unique_ptr<LivenessDetector> liveness = nullptr);

  // The worker's life: takes work until the scheduler is closed and drained, each piece as a turn
  // of `gate`. A failed frame is logged, counted as dropped, and the next one is tried.
  void Run(Scheduler& scheduler, TurnGate& gate);

  // One piece of work: closes the tracks of a stream that ended, then looks at the frame. Errors
  // are those of inference.
  Status Process(CameraWork work);

  // Judges and closes every track of the lane, as if its stream had ended. The lane must belong to
  // no worker. Errors are those of inference; the tracks are gone then, too.
  Status CloseTracks(CameraLane& lane);

  // Another embedder takes over, with the policy that belongs to it. Only while no work is
  // processed, and after every lane's tracks were closed: their shots belong to the old one.
  void SwitchEmbedder(std::unique_ptr<Embedder> embedder, const DecisionPolicy& policy);

 private:
  struct Round;  // the tracks that are spoken about in one call of Process

  Status LookAt(CameraLane& lane, const Frame& frame);
  Result<std::vector<Shot>> FindFaces(const CameraLane& lane, const Frame& frame);
  Status SettleTracks(Round& round);
  void PutOff(Round& round);
  Status EmbedDueShots(Round& round);
  Status Embed(std::span<Shot* const> shots, std::span<const FaceCrop> crops, const Round& round);
  GallerySearch SearchAt(const WatchedPlace& place, const Embedding& probe) const;
  Result<std::vector<float>> LookForLife(std::span<Shot* const> shots);
  std::string NameAlone(const Shot& shot, const WatchedPlace& place) const;
  WatchedPlace PlaceOf(const Camera& camera) const;
  void SplitTakenOver(Round& round);
  void Judge(Track& track, const Round& round, bool ended);
  bool IsStillSeen(const Track& track, std::chrono::milliseconds now) const;
  void Tell(Track& track, Occasion occasion, const Round& round);
  void ShowLive(CameraLane& lane, const Frame& frame);

  RecognitionOptions options_;
  const RecognitionPorts ports_;
  const std::unique_ptr<Detector> detector_;
  std::unique_ptr<Embedder> embedder_;
  const std::unique_ptr<LivenessDetector> liveness_;
  LogLimiter failures_;
};

}  // namespace vigil::pipeline
