// Every figure the program shows to Prometheus, as small typed calls.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/outcome.h"

namespace vigil::metrics {

// `result` of vigil_frames_total: kStill, the gate saw no motion; kSkipped, before its interval;
// kDropped, a newer one won.
enum class FrameResult { kDecoded, kStill, kSkipped, kDropped, kDetected };
// `result` of vigil_alerts_total: kFailed, one attempt failed and another follows; kDead, given up.
enum class AlertResult { kSent, kSuppressed, kFailed, kDead };
// `stage` of vigil_stage_seconds; kFrameToAlert spans capture to the receiver's answer.
enum class Stage { kDecode, kDetect, kEmbed, kSearch, kStore, kDeliver, kFrameToAlert };

// The queues of the program, as vigil_queue_depth and vigil_queue_drops_total name them. `frames`:
// one slot a camera before recognition; `incidents`: judged faces; `detections`: their rows,
// written in batches; `database`: changes before the one writer; `events`: what no transaction
// tells; `spool`: what is kept on disk while the database is away; `alerts`: the outbox, from which
// nothing is dropped; the http_ lanes: requests that must
// not run on the network threads.
inline constexpr std::array<std::string_view, 11> kQueues = {
    "frames", "incidents",  "detections", "database",    "events",     "spool",
    "alerts", "http_store", "http_heavy", "http_remote", "http_stream"};

// All calls are thread-safe, never block on the outside and cost well below a microsecond's order
// of work each. Cameras are named by id, people never appear. The series of stages, queues and the
// gallery are there from the start with 0, those of a camera or channel from AddCamera or
// AddChannel on, so that a rate sees the first event; any other label set comes into being with its
// first call.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // vigil_build_info, shown once the model is known; a second call replaces the first.
  void SetBuildInfo(std::string_view version, std::string_view model, std::string_view precision);

  void SetCameraUp(std::string_view camera, bool up);
  void CountReconnect(std::string_view camera, std::string_view cause);  // cause: StreamFaultName
  void CountFrames(std::string_view camera, FrameResult result, std::int64_t count = 1);
  void CountFaces(std::string_view camera, std::int64_t count);
  // Faces that were left out because they lie outside the camera's watched area.
  void CountFacesOutside(std::string_view camera, std::int64_t count);
  void CountTracks(std::string_view camera, std::int64_t count = 1);
  void CountEmbeddings(std::string_view camera, std::int64_t count = 1);
  void CountOutcome(std::string_view camera, Outcome outcome);
  void CountIncident(std::string_view camera);
  // Shows every series of a camera with 0; those that are there keep their values.
  void AddCamera(std::string_view camera);
  // Removes every series of a deleted camera. Calls about it that come late, from work still under
  // way, are dropped until AddCamera names it again.
  void RemoveCamera(std::string_view camera);

  // Shows every result of a channel with 0; RemoveChannel as RemoveCamera.
  void AddChannel(std::string_view channel);
  void RemoveChannel(std::string_view channel);

  void CountAlerts(std::string_view channel, AlertResult result, std::int64_t count = 1);
  void ObserveStage(Stage stage, std::chrono::nanoseconds duration);

  void SetQueueDepth(std::string_view queue, std::size_t depth);
  void CountQueueDrops(std::string_view queue, std::int64_t count = 1);
  // For a queue that counts its own drops: raises the counter to `total`, never lowers it.
  void RaiseQueueDrops(std::string_view queue, std::int64_t total);

  void SetGallery(std::size_t references, std::uint64_t sequence);
  // Time since the searched gallery was last known to equal the database's.
  void SetGalleryAge(std::chrono::nanoseconds age);
  // The shares of sampled searches that found their best person and their ten best; shown once they
  // are known, taken away when they are no longer (the search is exact).
  void SetGalleryRecall(std::optional<double> at_1, std::optional<double> at_10);
  // The sequence of the gallery that is saved for the next start, and how often the searched one
  // differed from the database and was rebuilt.
  void SetGallerySaved(std::uint64_t sequence, std::int64_t rebuilds);
  // Room left for data on the disk of the data directory.
  void SetDataFree(std::uint64_t bytes);

  // `route` is the pattern ("/criminals/{id}"), never the path itself.
  void ObserveRequest(std::string_view route, std::string_view method, int status,
                      std::chrono::nanoseconds duration);

  // The exposition format of Prometheus, text version 0.0.4.
  std::string Text() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vigil::metrics
