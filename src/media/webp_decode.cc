// WebP in, by libwebp.
#include <webp/decode.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "media/photo_codecs.h"
#include "media/transparency.h"

namespace vigil::media {
namespace {

const std::uint8_t* Data(std::span<const std::byte> bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::unexpected<Error> Damaged(VP8StatusCode code) {
  if (code == VP8_STATUS_NOT_ENOUGH_DATA || code == VP8_STATUS_SUSPENDED) {
    return Fail(ErrorCode::kInvalidArgument, "the WebP image ends too early; send the whole file");
  }
  return Fail(ErrorCode::kInvalidArgument, "the WebP image is damaged");
}

}  // namespace

Result<StoredSize> ReadWebpSize(std::span<const std::byte> bytes) {
  WebPBitstreamFeatures features{};
  if (const VP8StatusCode code = WebPGetFeatures(Data(bytes), bytes.size(), &features);
      code != VP8_STATUS_OK) {
    return Damaged(code);
  }
  if (features.has_animation != 0) {
    return Fail(ErrorCode::kInvalidArgument, "the WebP image moves; give a still picture");
  }
  return StoredSize{features.width, features.height};
}

Result<RgbImage> DecodeWebp(std::span<const std::byte> bytes, StoredSize size) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    return Fail(ErrorCode::kInternal, "the WebP decoder does not start");
  }
  if (const VP8StatusCode code = WebPGetFeatures(Data(bytes), bytes.size(), &config.input);
      code != VP8_STATUS_OK) {
    return Damaged(code);
  }
  const bool transparent = config.input.has_alpha != 0;
  const int channels = transparent ? 4 : 3;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.width) *
                                   static_cast<std::size_t>(size.height) *
                                   static_cast<std::size_t>(channels));
  config.output.colorspace = transparent ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.data(), size.width * channels, pixels.size()};
  if (const VP8StatusCode code = WebPDecode(Data(bytes), bytes.size(), &config);
      code != VP8_STATUS_OK) {
    return Damaged(code);
  }
  if (transparent) return OnWhite(pixels, size.width, size.height);
  return RgbImage{size.width, size.height, std::move(pixels)};
}

}  // namespace vigil::media
