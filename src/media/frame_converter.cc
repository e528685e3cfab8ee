// See the header.
#include "media/frame_converter.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace vigil::media {
namespace {

bool IsI420(int format) { return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P; }

bool IsRgb(int format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
  return description != nullptr &&
         (description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

bool IsFullRange(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      return true;
    default:
      return frame.color_range == AVCOL_RANGE_JPEG;
  }
}

// BT.2020 stands nearer to BT.709 than to BT.601.
bool IsBt709(const AVFrame& frame) {
  return frame.colorspace == AVCOL_SPC_BT709 || frame.colorspace == AVCOL_SPC_BT2020_NCL;
}

}  // namespace

Result<AvPtr<AVFrame>> FrameConverter::ToI420(const AVFrame& decoded) {
  AvPtr<AVFrame> converted(av_frame_alloc());
  if (!converted) return Fail(ErrorCode::kInternal, "out of memory");
  const bool full_range = !IsRgb(decoded.format) && IsFullRange(decoded);
  converted->format = full_range ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  converted->width = decoded.width;
  converted->height = decoded.height;
  converted->colorspace = IsRgb(decoded.format) ? AVCOL_SPC_SMPTE170M : decoded.colorspace;
  converted->color_range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  if (av_frame_get_buffer(converted.get(), 0) != 0)
    return Fail(ErrorCode::kInternal, "out of memory");
  scaler_.reset(sws_getCachedContext(scaler_.release(), decoded.width, decoded.height,
                                     static_cast<AVPixelFormat>(decoded.format), decoded.width,
                                     decoded.height, static_cast<AVPixelFormat>(converted->format),
                                     SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!scaler_) {
    return Fail(ErrorCode::kInternal,
                "pixel format " + std::to_string(decoded.format) + " cannot be converted");
  }
  if (!IsRgb(decoded.format)) {
    // The same matrix and range on both sides: only the sampling of chroma and the depth change.
    const int* matrix = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(scaler_.get(), matrix, full_range ? 1 : 0, matrix, full_range ? 1 : 0,
                             0, 1 << 16, 1 << 16);
  }
  if (sws_scale(scaler_.get(), decoded.data, decoded.linesize, 0, decoded.height, converted->data,
                converted->linesize) < 0) {
    return Fail(ErrorCode::kInternal, "a frame could not be converted");
  }
  return converted;
}

Result<Frame> FrameConverter::Convert(AvPtr<AVFrame> decoded) {
  if (!IsI420(decoded->format) && decoded->format != AV_PIX_FMT_NV12) {
    VIGIL_ASSIGN_OR_RETURN(decoded, ToI420(*decoded));
  }
  Frame frame;
  frame.width = decoded->width;
  frame.height = decoded->height;
  frame.format = decoded->format == AV_PIX_FMT_NV12 ? PixelFormat::kNv12 : PixelFormat::kI420;
  frame.color = {.bt709 = IsBt709(*decoded), .full_range = IsFullRange(*decoded)};
  const std::size_t planes = frame.format == PixelFormat::kNv12 ? 2 : 3;
  for (std::size_t i = 0; i < planes; ++i)
    frame.planes[i] = {decoded->data[i], decoded->linesize[i]};
  frame.buffer = std::shared_ptr<AVFrame>(std::move(decoded));
  return frame;
}

}  // namespace vigil::media
