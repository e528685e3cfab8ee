// The configuration's recognition section in the pipeline's words.
#include "app/recognition_options.h"

#include <chrono>

namespace vigil::app {

pipeline::RecognitionOptions RecognitionOptionsOf(const config::RecognitionConfig& config,
                                                  const EmbedderInfo& embedder) {
  pipeline::RecognitionOptions options;
  options.policy = pipeline::PolicyFor(embedder, config.named_strangers_max,
                                       static_cast<float>(config.threshold_floor));
  options.judge.evidence_window = std::chrono::milliseconds(config.evidence_window_ms);
  options.tracker.shots_max = config.shots_max;
  return options;
}

pipeline::MotionGateOptions GateOptionsOf(const config::RecognitionConfig& config) {
  return {.enabled = config.motion_gate,
          .detect_interval = std::chrono::milliseconds(config.detect_interval_ms),
          .heartbeat = std::chrono::milliseconds(config.heartbeat_ms),
          .luma_difference = config.motion_luma_difference,
          .area_min = config.motion_area_min};
}

}  // namespace vigil::app
