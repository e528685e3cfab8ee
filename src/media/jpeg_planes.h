// Turns a camera's YUV into the YUV that JPEG means, smaller if wished, without a detour over RGB.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/frame.h"

namespace vigil::media {

// Three owned planes; BT.601 full range (JFIF 1.02). Cb and Cr are halved both ways, rounded up; Y
// is padded to twice their sides by repeating its last column and row, because libjpeg-turbo reads
// whole 2x2 blocks.
struct JpegPlanes {
  int width = 0;
  int height = 0;
  std::array<std::vector<std::uint8_t>, 3> planes;

  int ChromaWidth() const { return (width + 1) / 2; }
  int ChromaHeight() const { return (height + 1) / 2; }
  int LumaStride() const { return 2 * ChromaWidth(); }
};

// `frame` is kI420 or kNv12 and not empty. At most `width_max` wide (0: as it is), keeping the
// sides' ratio; smaller pictures are averages of the pixels they cover.
JpegPlanes ToJpegPlanes(const Frame& frame, int width_max);

}  // namespace vigil::media
