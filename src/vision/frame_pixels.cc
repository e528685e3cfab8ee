// See frame_pixels.h.
#include "vision/frame_pixels.h"

#include <algorithm>
#include <cstddef>

namespace vigil::vision {

bool HasPixels(const Frame& frame) {
  if (frame.width <= 0 || frame.height <= 0) return false;
  const std::ptrdiff_t planes = frame.format == PixelFormat::kRgb24  ? 1
                                : frame.format == PixelFormat::kNv12 ? 2
                                                                     : 3;
  return std::all_of(frame.planes.begin(), frame.planes.begin() + planes,
                     [](const Plane& plane) { return plane.data != nullptr; });
}

}  // namespace vigil::vision
