// Reads the one EXIF tag that changes a picture; no library, because these bytes come from
// strangers.
#include "media/exif_orientation.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace vigil::media {
namespace {

using Bytes = std::span<const std::byte>;

// Unsigned number of `size` bytes at `offset`; nothing where the bytes end before.
std::optional<std::uint32_t> Number(Bytes bytes, std::size_t offset, std::size_t size,
                                    bool big_endian) {
  if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = big_endian ? offset + i : offset + size - 1 - i;
    value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[at]);
  }
  return value;
}

// The body of the first APP1 segment that holds Exif, after its six-byte name; empty if there is
// none before the picture.
Bytes ExifBody(Bytes jpeg) {
  constexpr std::uint32_t kApp1 = 0xE1;
  constexpr std::uint32_t kStartOfScan = 0xDA;
  std::size_t at = 2;
  while (true) {
    const auto marker = Number(jpeg, at, 2, true);
    const auto length = Number(jpeg, at + 2, 2, true);
    if (!marker || !length || *marker >> 8U != 0xFF || *length < 2) return {};
    const std::uint32_t kind = *marker & 0xFFU;
    if (kind == kStartOfScan || jpeg.size() - at - 2 < *length) return {};
    const Bytes body = jpeg.subspan(at + 4, *length - 2);
    if (kind == kApp1 && body.size() > 6 && std::memcmp(body.data(), "Exif\0\0", 6) == 0) {
      return body.subspan(6);
    }
    at += 2 + *length;
  }
}

// Where pixel (x, y) of the shown picture lies in the stored one of `width` x `height`.
std::pair<int, int> Stored(int x, int y, int width, int height, Orientation orientation) {
  switch (orientation) {
    case Orientation::kUpright:
      return {x, y};
    case Orientation::kMirrored:
      return {width - 1 - x, y};
    case Orientation::kUpsideDown:
      return {width - 1 - x, height - 1 - y};
    case Orientation::kFlipped:
      return {x, height - 1 - y};
    case Orientation::kTransposed:
      return {y, x};
    case Orientation::kQuarterTurn:
      return {y, height - 1 - x};
    case Orientation::kTransverse:
      return {width - 1 - y, height - 1 - x};
    case Orientation::kThreeQuarterTurn:
      return {width - 1 - y, x};
  }
  return {x, y};
}

}  // namespace

bool SwapsSides(Orientation orientation) { return orientation >= Orientation::kTransposed; }

Orientation JpegOrientation(std::span<const std::byte> jpeg) {
  constexpr std::uint32_t kOrientationTag = 0x0112;
  const Bytes tiff = ExifBody(jpeg);
  if (tiff.size() < 8) return Orientation::kUpright;
  const bool big_endian = tiff[0] == std::byte{'M'};
  const auto directory = Number(tiff, 4, 4, big_endian);
  if (!directory) return Orientation::kUpright;
  const auto entries = Number(tiff, *directory, 2, big_endian);
  for (std::uint32_t i = 0; i < entries.value_or(0); ++i) {
    const std::size_t entry = std::size_t{*directory} + 2 + std::size_t{i} * 12;
    const auto tag = Number(tiff, entry, 2, big_endian);
    if (!tag) break;
    if (*tag != kOrientationTag) continue;
    const auto value = Number(tiff, entry + 8, 2, big_endian).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : Orientation::kUpright;
  }
  return Orientation::kUpright;
}

RgbImage Upright(RgbImage image, Orientation orientation) {
  if (orientation == Orientation::kUpright) return image;
  RgbImage shown{image.width, image.height, {}};
  if (SwapsSides(orientation)) std::swap(shown.width, shown.height);
  shown.pixels.resize(image.pixels.size());
  for (int y = 0; y < shown.height; ++y) {
    std::uint8_t* row = shown.Row(y);
    for (int x = 0; x < shown.width; ++x) {
      const auto [from_x, from_y] = Stored(x, y, image.width, image.height, orientation);
      std::copy_n(image.Row(from_y) + static_cast<std::ptrdiff_t>(from_x) * 3, 3,
                  row + static_cast<std::ptrdiff_t>(x) * 3);
    }
  }
  return shown;
}

}  // namespace vigil::media
