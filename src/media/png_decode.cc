// PNG in, by libspng.
#include <spng.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "media/photo_codecs.h"
#include "media/transparency.h"

namespace vigil::media {
namespace {

struct SpngDeleter {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};
using SpngPtr = std::unique_ptr<spng_ctx, SpngDeleter>;

std::unexpected<Error> Damaged(int code) {
  if (code == SPNG_IO_EOF) {
    return Fail(ErrorCode::kInvalidArgument, "the PNG ends too early; send the whole file");
  }
  return Fail(ErrorCode::kInvalidArgument,
              "the PNG is damaged (" + std::string(spng_strerror(code)) + ")");
}

SpngPtr Open(std::span<const std::byte> bytes) {
  constexpr std::size_t kChunkBytesMax = 16'000'000;
  SpngPtr png(spng_ctx_new(0));
  if (!png || spng_set_chunk_limits(png.get(), kChunkBytesMax, kChunkBytesMax) != 0 ||
      spng_set_png_buffer(png.get(), bytes.data(), bytes.size()) != 0) {
    return nullptr;
  }
  return png;
}

bool HasTransparency(spng_ctx* png, const spng_ihdr& header) {
  spng_trns transparency{};
  return header.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA ||
         header.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
         spng_get_trns(png, &transparency) == 0;
}

}  // namespace

Result<StoredSize> ReadPngSize(std::span<const std::byte> bytes) {
  const SpngPtr png = Open(bytes);
  if (!png) return Fail(ErrorCode::kInternal, "the PNG decoder does not start");
  spng_ihdr header{};
  if (const int code = spng_get_ihdr(png.get(), &header); code != 0) return Damaged(code);
  return StoredSize{static_cast<int>(header.width), static_cast<int>(header.height)};
}

Result<RgbImage> DecodePng(std::span<const std::byte> bytes, StoredSize size) {
  const SpngPtr png = Open(bytes);
  if (!png) return Fail(ErrorCode::kInternal, "the PNG decoder does not start");
  spng_ihdr header{};
  if (const int code = spng_get_ihdr(png.get(), &header); code != 0) return Damaged(code);
  const bool transparent = HasTransparency(png.get(), header);
  const std::size_t channels = transparent ? 4 : 3;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size.width) *
                                   static_cast<std::size_t>(size.height) * channels);
  if (const int code = spng_decode_image(png.get(), pixels.data(), pixels.size(),
                                         transparent ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8,
                                         transparent ? SPNG_DECODE_TRNS : 0);
      code != 0) {
    return Damaged(code);
  }
  if (transparent) return OnWhite(pixels, size.width, size.height);
  return RgbImage{size.width, size.height, std::move(pixels)};
}

}  // namespace vigil::media
