// Turns what recognition concludes into incidents that can be audited and alerts that cannot be
// lost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/alert.h"
#include "core/incident.h"
#include "core/media_store.h"
#include "database/sighting_store.h"
#include "metrics/metrics.h"
#include "pipeline/track_outcome.h"
#include "pipeline/watch_rules.h"

namespace vigil::pipeline {

struct IncidentEngineOptions {
  std::chrono::milliseconds visit_gap{60'000};
  bool keep_unmatched_crops = true;  // false: faces of unmatched people never leave memory
  int jpeg_quality = 90;
  // While the store is unavailable each sighting is tried again until it is stored or Vigil ends;
  // so many of them wait in memory.
  std::size_t queue_depth_max = 1'024;
  std::size_t frames_queued_max = 64;              // beyond, those who wait keep their crop only
  std::chrono::milliseconds queue_timeout{2'000};  // how long a recognition worker waits for room
  std::chrono::milliseconds retry_wait{1'000};
  std::size_t detections_batch_max = 64;
  std::chrono::milliseconds detections_wait_max{
      1'000};            // a record is written this soon at the latest
  std::string detector;  // id, hash and precision of the model, kept with each sighting
};

// All outlive the engine and are thread-safe.
struct IncidentEnginePorts {
  Clock& clock;
  MediaStore& media;
  // kNotFound: no longer enrolled. kUnavailable, kTimeout: asked again.
  std::function<Result<Person>(const std::string& person_id)> find_person;
  database::SightingStore& store;
  metrics::Metrics& metrics;
  std::vector<AlertRoute> routes;
  WatchRulesSource watch_rules{};  // empty: there are no watch-lists
  // After each commit, from the engine's thread: wake the delivery, tell the dashboards. Must not
  // block. May be empty.
  std::function<void(const database::SightingResult&)> on_recorded;
};

// A durable path: outcomes are taken into a bounded queue and stored by one thread, pictures before
// the rows that name them, incident and alerts in one transaction. Destruction stores what was
// taken, as far as the store lets it, then ends; what was lost meanwhile is logged with its counts.
class IncidentEngine {
 public:
  IncidentEngine(const IncidentEngineOptions& options, IncidentEnginePorts ports);
  ~IncidentEngine();

  // Thread-safe. Waits at most queue_timeout for room; what could not be taken is counted and
  // logged as an error.
  void Take(const TrackOutcome& outcome);
  // Where alerts go from now on, instead of the ports' routes. Any thread; never waits.
  void SetRoutes(std::vector<AlertRoute> routes);

  std::size_t QueueDepth() const { return queue_.Depth(); }
  // Outcomes that were not stored.
  std::int64_t Drops() const { return drops_; }

 private:
  using TrackKey = std::pair<std::string, std::int64_t>;  // camera and track
  // What a track's earlier sighting left, so that its pictures are stored once.
  struct Recorded {
    Sighting pictured;  // the stored pictures, and box, size and time of the frame they show
    WallTime last_seen{};
    std::chrono::microseconds store_time{0};  // what storing the pictures took
  };

  void Run(std::stop_token stop);
  void Handle(const TrackOutcome& outcome, const std::stop_token& stop);
  std::vector<AlertRoute> Routes();
  // `sighting_id` is the same for each try, so that none is counted twice.
  Status Record(const TrackOutcome& outcome, const std::string& sighting_id);
  AlertPlan PlanFor(const NewSighting& sighting, const TrackOutcome& outcome);
  Result<std::optional<Person>> ReadNearEqual(const Decision& decision);
  Result<Sighting> StorePictures(const TrackOutcome& outcome);
  Result<std::string> StoreCrop(const Shot& shot);
  void NoteDetection(const TrackOutcome& outcome, const std::string& crop_media_id);
  void FlushDetections();
  Status Try(const std::function<Status()>& work, const std::stop_token& stop);
  void Lost(const TrackOutcome& outcome, const Error& error);
  void SumUpStop() const;

  const IncidentEngineOptions options_;
  const IncidentEnginePorts ports_;
  std::mutex routes_mutex_;
  std::vector<AlertRoute> routes_;  // guarded by routes_mutex_
  BoundedQueue<TrackOutcome> queue_;
  LogLimiter failures_;
  LogLimiter gaps_;  // apart, so that a flood of failures does not hide them
  std::atomic<std::int64_t> drops_ = 0;
  // Used by the thread alone.
  std::map<TrackKey, Recorded> recorded_;
  std::vector<DetectionRecord> detections_;
  SteadyTime flush_at_{};
  std::atomic<std::int64_t> outcomes_lost_ = 0;
  std::atomic<std::int64_t> detections_lost_ = 0;
  std::jthread thread_;
};

}  // namespace vigil::pipeline
