// Whether there is anything to look at in a frame.
#pragma once

#include "core/frame.h"

namespace vigil::vision {

// False for a frame without a size or without one of the planes that its format needs.
bool HasPixels(const Frame& frame);

}  // namespace vigil::vision
