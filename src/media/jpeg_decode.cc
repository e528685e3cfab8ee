// JPEG in, by libjpeg-turbo with libjpeg's own quality settings, so that pixels equal those other
// programs see.
#include <turbojpeg.h>

#include <memory>
#include <string>
#include <string_view>

#include "media/photo_codecs.h"

namespace vigil::media {
namespace {

struct TurboDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboPtr = std::unique_ptr<void, TurboDeleter>;

const unsigned char* Data(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::unexpected<Error> Damaged(void* handle) {
  const std::string_view reason = tjGetErrorStr2(handle);
  if (reason.find("premature end") != std::string_view::npos ||
      reason.find("Premature end") != std::string_view::npos) {
    return Fail(ErrorCode::kInvalidArgument, "the JPEG ends too early; send the whole file");
  }
  return Fail(ErrorCode::kInvalidArgument, "the JPEG is damaged (" + std::string(reason) + ")");
}

}  // namespace

Result<StoredSize> ReadJpegSize(std::span<const std::byte> bytes) {
  const TurboPtr turbo(tjInitDecompress());
  if (!turbo) return Fail(ErrorCode::kInternal, "the JPEG decoder does not start");
  StoredSize size;
  int subsampling = 0;
  int colors = 0;
  if (tjDecompressHeader3(turbo.get(), Data(bytes), bytes.size(), &size.width, &size.height,
                          &subsampling, &colors) != 0) {
    return Damaged(turbo.get());
  }
  // Junk after the magic bytes gives 0x0 without an error.
  if (size.width <= 0 || size.height <= 0) {
    return Fail(ErrorCode::kInvalidArgument, "the JPEG has no picture in it");
  }
  if (colors == TJCS_CMYK || colors == TJCS_YCCK) {
    return Fail(ErrorCode::kInvalidArgument,
                "the JPEG has the colours of a printer (CMYK); save it as RGB");
  }
  return size;
}

Result<RgbImage> DecodeJpeg(std::span<const std::byte> bytes, StoredSize size) {
  const TurboPtr turbo(tjInitDecompress());
  if (!turbo) return Fail(ErrorCode::kInternal, "the JPEG decoder does not start");
  RgbImage image{size.width, size.height, {}};
  image.pixels.resize(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height) *
                      3);
  constexpr int kFlags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
  if (tjDecompress2(turbo.get(), Data(bytes), bytes.size(), image.pixels.data(), size.width, 0,
                    size.height, TJPF_RGB, kFlags) != 0) {
    return Damaged(turbo.get());
  }
  return image;
}

}  // namespace vigil::media
