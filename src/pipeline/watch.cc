// See watch.h.
#include "pipeline/watch.h"

#include <utility>

namespace vigil::pipeline {
namespace {

using metrics::FrameResult;

Status WatchFrames(FrameSource& source, Recogniser& recogniser,
                   const std::shared_ptr<CameraLane>& lane, const WatchOptions& options,
                   metrics::Metrics& metrics, WatchSummary& summary, const std::stop_token& stop) {
  MotionGate gate(options.gate);
  while (true) {
    Result<Frame> frame = source.Next(stop);
    if (!frame.has_value()) {
      if (frame.error().code == ErrorCode::kEndOfStream) return {};
      return std::unexpected(frame.error());
    }
    ++summary.frames;
    metrics.CountFrames(options.name, FrameResult::kDecoded);
    const GateVerdict verdict = gate.Look(*frame, lane->face_tracked);
    source.Demand(gate.Demand());
    if (verdict == GateVerdict::kStill) {
      ++summary.still;
      metrics.CountFrames(options.name, FrameResult::kStill);
    } else if (verdict == GateVerdict::kSkipped) {
      metrics.CountFrames(options.name, FrameResult::kSkipped);
    } else {
      ++summary.looked_at;
      VIGIL_RETURN_IF_ERROR(recogniser.Process({.camera_id = options.name,
                                                .lane = lane,
                                                .stream_ended = false,
                                                .frame = *std::move(frame)}));
    }
  }
}

}  // namespace

Result<WatchSummary> WatchSource(FrameSource& source, std::unique_ptr<Detector> detector,
                                 std::unique_ptr<Embedder> embedder, const WatchOptions& options,
                                 const RecognitionPorts& ports, std::stop_token stop,
                                 std::unique_ptr<LivenessDetector> liveness) {
  Camera camera;
  camera.id = options.name;
  camera.name = options.name;
  camera.watched = options.watched;
  camera.face_score_min = options.face_score_min;
  const auto lane = std::make_shared<CameraLane>(std::move(camera), options.min_face_px,
                                                 options.recognition.tracker);
  Recogniser recogniser(options.recognition, ports, std::move(detector), std::move(embedder),
                        std::move(liveness));

  WatchSummary summary;
  const Status watched =
      WatchFrames(source, recogniser, lane, options, ports.metrics, summary, stop);
  // However the stream ended, the tracks that are open get their last word.
  VIGIL_RETURN_IF_ERROR(recogniser.Process(
      {.camera_id = options.name, .lane = lane, .stream_ended = true, .frame = std::nullopt}));
  if (!watched.has_value()) return std::unexpected(watched.error());
  return summary;
}

}  // namespace vigil::pipeline
