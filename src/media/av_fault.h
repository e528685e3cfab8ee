// Says in our words what an FFmpeg error code means for a stream.
#pragma once

#include <string>

#include "base/result.h"
#include "core/frame_source.h"

namespace vigil::media {

struct AvFault {
  StreamFault fault = StreamFault::kOther;
  ErrorCode code = ErrorCode::kUnavailable;
  std::string what;  // lower case, without the URL
};

// `av_code` is negative. A time-out is kStalled here; only the caller can tell whether a connection
// ever stood.
AvFault ExplainAvError(int av_code);

}  // namespace vigil::media
