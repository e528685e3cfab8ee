// One header and one decoder a picture format; photo.cc chooses between them and applies the
// limits.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "core/image.h"

namespace vigil::media {

struct StoredSize {
  int width = 0;
  int height = 0;
};

// Each reads the header only, and any bytes safely. kInvalidArgument with a message fit for the
// person who gave the photo.
Result<StoredSize> ReadJpegSize(std::span<const std::byte> bytes);
Result<StoredSize> ReadPngSize(std::span<const std::byte> bytes);
Result<StoredSize> ReadWebpSize(std::span<const std::byte> bytes);

// Each decodes the whole picture as stored; the caller has checked `size` (from Read...Size)
// against its limits. A picture that ends too early is refused.
Result<RgbImage> DecodeJpeg(std::span<const std::byte> bytes, StoredSize size);
Result<RgbImage> DecodePng(std::span<const std::byte> bytes, StoredSize size);
Result<RgbImage> DecodeWebp(std::span<const std::byte> bytes, StoredSize size);

}  // namespace vigil::media
