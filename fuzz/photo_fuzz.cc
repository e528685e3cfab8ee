// Uploaded photos are the bytes that strangers choose: whatever they are, decoding ends with a
// picture or a refusal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "media/photo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const vigil::media::PhotoLimits limits{.megapixels_max = 1};
  const auto info = vigil::media::SniffPhoto(bytes, limits);
  const auto image = vigil::media::DecodePhoto(bytes, limits);
  if (!image) return 0;
  const auto pixels =
      static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height);
  if (!info || info->width != image->width || info->height != image->height ||
      image->pixels.size() != pixels * 3) {
    std::abort();
  }
  return 0;
}
