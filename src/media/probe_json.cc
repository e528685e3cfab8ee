// See probe_json.h.
#include "media/probe_json.h"

#include <cmath>

namespace vigil::media {
namespace {

// To a thousandth; null for what is not known.
json::value KnownOrNull(double value) {
  return value > 0 ? json::value(std::round(value * 1000) / 1000) : json::value(nullptr);
}

}  // namespace

json::object ProbeJson(const std::expected<StreamFacts, StreamOpenError>& probed) {
  if (!probed) {
    return {{"reachable", false},
            {"cause", StreamFaultName(probed.error().fault)},
            {"mend", StreamFaultMend(probed.error().fault)},
            {"message", probed.error().error.message}};
  }
  return {{"reachable", true},
          {"codec", probed->announced.codec},
          {"width", probed->announced.width},
          {"height", probed->announced.height},
          {"frames_per_second", KnownOrNull(probed->frames_per_second)},
          {"announced_frames_per_second", KnownOrNull(probed->announced.frames_per_second)},
          {"keyframe_interval_s", KnownOrNull(probed->keyframe_interval_s.value_or(0))},
          {"packets", probed->packets},
          {"keyframes", probed->keyframes},
          {"first_packet_after_ms", probed->first_packet_after.count()}};
}

}  // namespace vigil::media
