// Converts a small region of a frame to RGB.
#pragma once

#include "core/frame.h"
#include "core/image.h"
#include "vision/area_resize.h"

namespace vigil::vision {

// The pixels of `region`, which must lie inside the frame and not be empty. Chroma is repeated, as
// in ToRgb.
RgbImage RgbOfRegion(const Frame& frame, const PixelRect& region);

}  // namespace vigil::vision
