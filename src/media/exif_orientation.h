// Phones store pictures lying down and say so in EXIF; a face lying down is not found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/image.h"

namespace vigil::media {

// EXIF tag 0x0112 (Exif 2.32, 4.6.4): what must be done to a stored picture before it is shown.
enum class Orientation : std::uint8_t {
  kUpright = 1,
  kMirrored = 2,
  kUpsideDown = 3,
  kFlipped = 4,  // mirrored, upside down
  kTransposed = 5,
  kQuarterTurn = 6,  // turn clockwise by 90 degrees to show
  kTransverse = 7,
  kThreeQuarterTurn = 8,  // turn clockwise by 270 degrees to show
};

// True for the four orientations that exchange width and height.
bool SwapsSides(Orientation orientation);

// The orientation in a JPEG's first Exif segment; kUpright where there is none or it is damaged.
// Reads any bytes safely.
Orientation JpegOrientation(std::span<const std::byte> jpeg);

// The picture as it is shown.
RgbImage Upright(RgbImage image, Orientation orientation);

}  // namespace vigil::media
