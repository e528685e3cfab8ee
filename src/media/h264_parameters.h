// The parameter sets that H.264 cameras send with their keyframes.
#pragma once

#include <optional>
#include <string>

#include "media/av_ptr.h"

namespace vigil::media {

// The sequence and picture parameter sets in front of a keyframe's first slice, with start codes
// (Annex B). Empty when it does not carry both, and for packets in another form, as files have
// them.
std::string ParameterSetsIn(const AVPacket& keyframe);

struct PictureSize {
  int width = 0;
  int height = 0;
};

// What the parameter sets in the packet say.
std::optional<PictureSize> PictureSizeOf(const AVPacket& keyframe);

}  // namespace vigil::media
