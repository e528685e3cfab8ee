// Photos that people upload: untrusted bytes in, RGB pixels or a clear refusal out; and JPEG for
// what we show.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/seal.h"
#include "core/frame.h"
#include "core/image.h"

namespace vigil::media {

struct PhotoLimits {
  double megapixels_max = 50;  // checked before anything is decoded
  int side_min_px = 20;        // smaller pictures hold no face
  std::size_t file_size_max_bytes = 64'000'000;
};

enum class PhotoFormat { kJpeg, kPng, kWebp };

// What the header claims, before decoding. Width and height are those of the picture as shown
// (orientation applied).
struct PhotoInfo {
  PhotoFormat format = PhotoFormat::kJpeg;
  int width = 0;
  int height = 0;
};

// "image/jpeg", "image/png", "image/webp".
std::string_view MimeType(PhotoFormat format);

// Reads the header only, by magic bytes whatever the file is called. kInvalidArgument: not a JPEG,
// PNG or WebP image, a damaged header, or outside `limits`; the message says which and is fit for
// the person who gave the photo.
Result<PhotoInfo> SniffPhoto(std::span<const std::byte> bytes, const PhotoLimits& limits = {});

// The picture as shown: JPEG (EXIF orientation applied; accurate DCT and smooth chroma, as
// libjpeg's defaults), PNG (16 bits are cut to 8, transparency is laid on white), WebP (still
// pictures). A photo that ends too early, is damaged, or is CMYK is kInvalidArgument. Thread-safe;
// at 50 megapixels 150 MB for the pixels, and as much again to turn them or to hold a progressive
// JPEG.
Result<RgbImage> DecodePhoto(std::span<const std::byte> bytes, const PhotoLimits& limits = {});

// As DecodePhoto, on a file. kNotFound, kPermission and all other errors name the path.
Result<RgbImage> ReadPhotoFile(const std::filesystem::path& path, const PhotoLimits& limits = {});

// Baseline JPEG, 4:2:0, `quality` 1 to 100. kInvalidArgument for an empty image or one wider or
// higher than 65,500.
Result<Bytes> EncodeJpeg(const RgbImage& image, int quality);

// Straight from the planes of a frame (JPEG's colours are BT.601 full range: others are converted
// on the way), made at most `width_max` wide by averaging; 0 keeps the size, and kRgb24 always
// keeps it. For snapshots and MJPEG.
Result<Bytes> EncodeJpeg(const Frame& frame, int quality, int width_max = 0);

}  // namespace vigil::media
