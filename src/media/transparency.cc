// See the header.
#include "media/transparency.h"

#include <cstddef>

#include "base/check.h"

namespace vigil::media {

RgbImage OnWhite(std::span<const std::uint8_t> rgba, int width, int height) {
  const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  VIGIL_CHECK(rgba.size() == count * 4);
  RgbImage image{width, height, {}};
  image.pixels.resize(count * 3);
  for (std::size_t pixel = 0; pixel < count; ++pixel) {
    const int alpha = rgba[pixel * 4 + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const int value = rgba[pixel * 4 + channel];
      image.pixels[pixel * 3 + channel] =
          static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return image;
}

}  // namespace vigil::media
