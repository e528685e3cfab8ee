// JPEG out, by libjpeg-turbo: photos from RGB, frames from their planes.
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "media/jpeg_planes.h"
#include "media/photo.h"

namespace vigil::media {
namespace {

struct TurboDeleter {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using TurboPtr = std::unique_ptr<void, TurboDeleter>;

// JPEG holds 16-bit sizes; the library keeps a margin.
constexpr int kSideMax = 65'500;

Status CheckArguments(int width, int height, int quality) {
  if (width <= 0 || height <= 0) return Fail(ErrorCode::kInvalidArgument, "the picture is empty");
  if (std::max(width, height) > kSideMax) {
    return Fail(ErrorCode::kInvalidArgument, "the picture is too large for a JPEG");
  }
  if (quality < 1 || quality > 100) {
    return Fail(ErrorCode::kInvalidArgument, "JPEG quality is a number from 1 to 100");
  }
  return {};
}

// Runs `compress(handle, out, size)` into a buffer of the largest size the picture can take.
template <class Compress>
Result<Bytes> Encode(int width, int height, const Compress& compress) {
  const TurboPtr turbo(tjInitCompress());
  if (!turbo) return Fail(ErrorCode::kInternal, "the JPEG encoder does not start");
  Bytes bytes(tjBufSize(width, height, TJSAMP_420));
  auto* out = reinterpret_cast<unsigned char*>(bytes.data());
  unsigned long size = bytes.size();
  if (compress(turbo.get(), &out, &size) != 0) {
    return Fail(ErrorCode::kInternal,
                "JPEG encoding failed: " + std::string(tjGetErrorStr2(turbo.get())));
  }
  bytes.resize(size);
  bytes.shrink_to_fit();
  return bytes;
}

Result<Bytes> EncodeRgb(const std::uint8_t* pixels, int stride_bytes, int width, int height,
                        int quality) {
  return Encode(width, height, [&](void* turbo, unsigned char** out, unsigned long* size) {
    return tjCompress2(turbo, pixels, width, stride_bytes, height, TJPF_RGB, out, size, TJSAMP_420,
                       quality, TJFLAG_NOREALLOC);
  });
}

}  // namespace

Result<Bytes> EncodeJpeg(const RgbImage& image, int quality) {
  VIGIL_RETURN_IF_ERROR(CheckArguments(image.width, image.height, quality));
  return EncodeRgb(image.pixels.data(), image.width * 3, image.width, image.height, quality);
}

Result<Bytes> EncodeJpeg(const Frame& frame, int quality, int width_max) {
  VIGIL_RETURN_IF_ERROR(CheckArguments(frame.width, frame.height, quality));
  if (frame.format == PixelFormat::kRgb24) {
    return EncodeRgb(frame.planes[0].data, frame.planes[0].stride_bytes, frame.width, frame.height,
                     quality);
  }
  const JpegPlanes picture = ToJpegPlanes(frame, width_max);
  std::array<const unsigned char*, 3> planes{picture.planes[0].data(), picture.planes[1].data(),
                                             picture.planes[2].data()};
  const std::array<int, 3> strides{picture.LumaStride(), picture.ChromaWidth(),
                                   picture.ChromaWidth()};
  return Encode(picture.width, picture.height,
                [&](void* turbo, unsigned char** out, unsigned long* size) {
                  return tjCompressFromYUVPlanes(turbo, planes.data(), picture.width,
                                                 strides.data(), picture.height, TJSAMP_420, out,
                                                 size, quality, TJFLAG_NOREALLOC);
                });
}

}  // namespace vigil::media
