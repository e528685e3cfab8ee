// From FFmpeg's frames to ours, without touching the pixels where the layout is already ours.
#pragma once

#include "base/result.h"
#include "core/frame.h"
#include "media/av_ptr.h"

namespace vigil::media {

// Used by one thread. Planar 4:2:0 and NV12 keep the decoder's buffer, which goes back to its pool
// with the last copy of the Frame; all else is converted to kI420 with its colours unchanged (RGB
// becomes BT.601 limited).
class FrameConverter {
 public:
  // Sets size, layout, colours, planes and buffer; the caller adds identity and time. kInternal
  // when memory is short or the layout cannot be converted.
  Result<Frame> Convert(AvPtr<AVFrame> decoded);

 private:
  Result<AvPtr<AVFrame>> ToI420(const AVFrame& decoded);

  AvPtr<SwsContext> scaler_;
};

}  // namespace vigil::media
