// Pictures with transparency are shown on white, as a page would show them.
#pragma once

#include <cstdint>
#include <span>

#include "core/image.h"

namespace vigil::media {

// `rgba` holds width * height pixels of R G B A (not premultiplied), rows without padding.
RgbImage OnWhite(std::span<const std::uint8_t> rgba, int width, int height);

}  // namespace vigil::media
