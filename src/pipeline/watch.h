// The same recognition on one file or stream in one thread: every due frame is looked at, none is
// dropped, and the result does not depend on the machine's speed. For `vigil watch` and for
// measuring.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "core/frame_source.h"
#include "pipeline/motion_gate.h"
#include "pipeline/recogniser.h"

namespace vigil::pipeline {

struct WatchOptions {
  RecognitionOptions recognition;
  MotionGateOptions gate;
  int min_face_px = 40;
  WatchedArea watched{};     // as Camera::watched; `gate` has its own
  float face_score_min = 0;  // as Camera::face_score_min
  std::string name;          // of the camera in outcomes
};

struct WatchSummary {
  std::int64_t frames = 0;     // decoded
  std::int64_t looked_at = 0;  // given to the detector
  std::int64_t still = 0;      // held back by the gate
};

// Reads `source` to its end; outcomes come through ports.on_outcome, in order, from the calling
// thread. Stopping ends with kCancelled, after the open tracks were closed. Other errors: those of
// the source and of inference.
Result<WatchSummary> WatchSource(FrameSource& source, std::unique_ptr<Detector> detector,
                                 std::unique_ptr<Embedder> embedder, const WatchOptions& options,
                                 const RecognitionPorts& ports, std::stop_token stop = {},
                                 std::unique_ptr<LivenessDetector> liveness = nullptr);

}  // namespace vigil::pipeline
