// Photos as the composer needs them: decoded, of the wanted size, with soft edges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace vigil::camera {

// Packed alpha, Y, U, V (BT.601, limited range), one byte each, rows without padding.
struct Photo {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> ayuv{};
};

// Decodes any picture that GStreamer knows, upright by its EXIF, resampled to `height` rows with
// its proportions kept, opaque. gst_init must have been called. Errors name the file.
Result<Photo> LoadPhoto(const std::string& path, int height);

// Makes the edges fade out over a seventh of the shorter side, the outermost rows (often a thin
// frame) wholly.
void SoftenEdges(Photo& photo);

}  // namespace vigil::camera
