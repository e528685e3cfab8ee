// What a probe found, as the API and the command line tell it.
#pragma once

#include <expected>

#include "base/json.h"
#include "media/stream_probe.h"

namespace vigil::media {

// {"reachable":true,"codec","width","height","frames_per_second","announced_frames_per_second",
// "keyframe_interval_s","packets","keyframes","first_packet_after_ms"}, unknown numbers null; or
// {"reachable":false,"cause","mend","message"}.
json::object ProbeJson(const std::expected<StreamFacts, StreamOpenError>& probed);

}  // namespace vigil::media
