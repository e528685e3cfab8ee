// From the configuration to the pipeline's options, for `serve` and `watch` alike.
#pragma once

#include "config/config.h"
#include "core/model_info.h"
#include "pipeline/motion_gate.h"
#include "pipeline/recogniser.h"

namespace vigil::app {

// `embedder` is that of the probes: the threshold follows from its own tail.
pipeline::RecognitionOptions RecognitionOptionsOf(const config::RecognitionConfig& config,
                                                  const EmbedderInfo& embedder);
pipeline::MotionGateOptions GateOptionsOf(const config::RecognitionConfig& config);

}  // namespace vigil::app
