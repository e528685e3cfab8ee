// Every figure the program shows to Prometheus, as small typed calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
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

// All calls are thread-safe, never block on the outside and cost well below a microsecond's order
// of work each. Cameras are named by id, people never appear. A label set comes into being with its
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
  void CountTracks(std::string_view camera, std::int64_t count = 1);
  void CountEmbeddings(std::string_view camera, std::int64_t count = 1);
  void CountOutcome(std::string_view camera, Outcome outcome);
  void CountIncident(std::string_view camera);
  // Removes every label set of a deleted camera; a later call with its id starts again at zero.
  void RemoveCamera(std::string_view camera);

  void CountAlerts(std::string_view channel, AlertResult result, std::int64_t count = 1);
  void ObserveStage(Stage stage, std::chrono::nanoseconds duration);

  void SetQueueDepth(std::string_view queue, std::size_t depth);
  void CountQueueDrops(std::string_view queue, std::int64_t count = 1);

  void SetGallery(std::size_t references, std::uint64_t sequence);

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
