// Chooses the decoder by magic bytes and refuses what is outside the limits before anything is
// decoded.
#include "media/photo.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/format.h"
#include "media/exif_orientation.h"
#include "media/photo_codecs.h"

namespace vigil::media {
namespace {

using ByteSpan = std::span<const std::byte>;

bool StartsWith(ByteSpan bytes, std::string_view magic, std::size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

std::optional<PhotoFormat> FormatOf(ByteSpan bytes) {
  if (StartsWith(bytes, "\xFF\xD8\xFF")) return PhotoFormat::kJpeg;
  if (StartsWith(bytes, "\x89PNG\r\n\x1A\n")) return PhotoFormat::kPng;
  if (StartsWith(bytes, "RIFF") && StartsWith(bytes, "WEBP", 8)) return PhotoFormat::kWebp;
  return std::nullopt;
}

Result<StoredSize> ReadSize(ByteSpan bytes, PhotoFormat format) {
  switch (format) {
    case PhotoFormat::kJpeg:
      return ReadJpegSize(bytes);
    case PhotoFormat::kPng:
      return ReadPngSize(bytes);
    case PhotoFormat::kWebp:
      return ReadWebpSize(bytes);
  }
  return Fail(ErrorCode::kInternal, "unknown picture format");
}

Status CheckSize(StoredSize size, const PhotoLimits& limits) {
  const double megapixels =
      static_cast<double>(size.width) * static_cast<double>(size.height) / 1e6;
  if (megapixels > limits.megapixels_max) {
    return Fail(
        ErrorCode::kInvalidArgument,
        format(
            "the picture has {:.1f} megapixels ({}x{}); at most {:.0f} are taken: make it smaller",
            megapixels, size.width, size.height, limits.megapixels_max));
  }
  if (std::min(size.width, size.height) < limits.side_min_px) {
    return Fail(ErrorCode::kInvalidArgument,
                format("the picture has {}x{} pixels; at least {}x{} are needed to hold a face",
                       size.width, size.height, limits.side_min_px, limits.side_min_px));
  }
  return {};
}

struct Sniffed {
  PhotoFormat format;
  StoredSize stored;
};

Result<Sniffed> Sniff(ByteSpan bytes, const PhotoLimits& limits) {
  if (bytes.empty()) return Fail(ErrorCode::kInvalidArgument, "the file is empty");
  if (bytes.size() > limits.file_size_max_bytes) {
    return Fail(ErrorCode::kInvalidArgument,
                format("the file has {} MB; at most {} are taken", bytes.size() / 1'000'000,
                       limits.file_size_max_bytes / 1'000'000));
  }
  const auto photo_format = FormatOf(bytes);
  if (!photo_format) return Fail(ErrorCode::kInvalidArgument, "not a JPEG, PNG or WebP image");
  VIGIL_ASSIGN_OR_RETURN(const StoredSize stored, ReadSize(bytes, *photo_format));
  VIGIL_RETURN_IF_ERROR(CheckSize(stored, limits));
  return Sniffed{*photo_format, stored};
}

Orientation OrientationOf(ByteSpan bytes, PhotoFormat format) {
  return format == PhotoFormat::kJpeg ? JpegOrientation(bytes) : Orientation::kUpright;
}

Result<std::vector<std::byte>> ReadBounded(const std::filesystem::path& path,
                                           std::size_t bytes_max) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) return Fail(ErrorCode::kNotFound, "no such file");
  if (std::filesystem::is_directory(status)) {
    return Fail(ErrorCode::kInvalidArgument, "is a folder, not a picture");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    return Fail(reason == EACCES ? ErrorCode::kPermission : ErrorCode::kUnavailable,
                "cannot be opened: " + std::generic_category().message(reason));
  }
  std::vector<std::byte> bytes;
  std::array<std::byte, 65'536> piece;
  while (bytes.size() <= bytes_max) {
    file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    bytes.insert(bytes.end(), piece.begin(), piece.begin() + file.gcount());
    if (!file) break;
  }
  if (file.bad()) return Fail(ErrorCode::kUnavailable, "cannot be read");
  return bytes;
}

}  // namespace

std::string_view MimeType(PhotoFormat format) {
  switch (format) {
    case PhotoFormat::kJpeg:
      return "image/jpeg";
    case PhotoFormat::kPng:
      return "image/png";
    case PhotoFormat::kWebp:
      return "image/webp";
  }
  return "application/octet-stream";
}

Result<PhotoInfo> SniffPhoto(ByteSpan bytes, const PhotoLimits& limits) {
  VIGIL_ASSIGN_OR_RETURN(const Sniffed sniffed, Sniff(bytes, limits));
  PhotoInfo info{sniffed.format, sniffed.stored.width, sniffed.stored.height};
  if (SwapsSides(OrientationOf(bytes, sniffed.format))) std::swap(info.width, info.height);
  return info;
}

Result<RgbImage> DecodePhoto(ByteSpan bytes, const PhotoLimits& limits) {
  VIGIL_ASSIGN_OR_RETURN(const Sniffed sniffed, Sniff(bytes, limits));
  switch (sniffed.format) {
    case PhotoFormat::kJpeg: {
      VIGIL_ASSIGN_OR_RETURN(RgbImage image, DecodeJpeg(bytes, sniffed.stored));
      return Upright(std::move(image), JpegOrientation(bytes));
    }
    case PhotoFormat::kPng:
      return DecodePng(bytes, sniffed.stored);
    case PhotoFormat::kWebp:
      return DecodeWebp(bytes, sniffed.stored);
  }
  return Fail(ErrorCode::kInternal, "unknown picture format");
}

Result<RgbImage> ReadPhotoFile(const std::filesystem::path& path, const PhotoLimits& limits) {
  auto bytes = ReadBounded(path, limits.file_size_max_bytes);
  if (!bytes) return Annotate(std::move(bytes).error(), path.string());
  auto image = DecodePhoto(*bytes, limits);
  if (!image) return Annotate(std::move(image).error(), path.string());
  return image;
}

}  // namespace vigil::media
