// What a face detector finds.
#pragma once

#include <array>

#include "core/geometry.h"

namespace vigil {

// Left eye, right eye, nose, left and right mouth corner, as seen in the image.
using Landmarks = std::array<Point, 5>;

// One face in pixel coordinates of the frame it was found in.
struct Detection {
  Box box;
  float score = 0;  // 0..1, the detector's own confidence
  Landmarks landmarks{};
};

}  // namespace vigil
