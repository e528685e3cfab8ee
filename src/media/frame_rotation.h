// Phones film lying down and note the turn beside the video; a face lying down is not found.
#pragma once

#include "core/frame.h"
#include "media/av_ptr.h"

namespace vigil::media {

// Clockwise quarter turns (0 to 3) by which the stream asks to be shown; other angles and mirroring
// are ignored.
int QuarterTurns(const AVStream& video);

// The frame turned clockwise by `quarter_turns` (1 to 3), in pixels of its own; the rest is copied.
// kI420 or kNv12.
Frame Turned(const Frame& frame, int quarter_turns);

}  // namespace vigil::media
