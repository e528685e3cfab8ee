// Conversions of frames for people's eyes.
#include "core/frame.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "core/color.h"

namespace vigil {
namespace {

std::uint8_t Clamp8(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
}

std::array<std::uint8_t, 3> YuvToRgb(int y, int u, int v, ColorSpace color) {
  const auto kr = static_cast<float>(LumaSharesOf(color).red);
  const auto kb = static_cast<float>(LumaSharesOf(color).blue);
  const float luma =
      color.full_range ? static_cast<float>(y) : (static_cast<float>(y) - 16.0F) * 255.0F / 219.0F;
  const float chroma_scale = color.full_range ? 1.0F : 255.0F / 224.0F;
  const float cb = (static_cast<float>(u) - 128.0F) * chroma_scale;
  const float cr = (static_cast<float>(v) - 128.0F) * chroma_scale;
  const float red = luma + 2 * (1 - kr) * cr;
  const float blue = luma + 2 * (1 - kb) * cb;
  const float green = (luma - kr * red - kb * blue) / (1 - kr - kb);
  return {Clamp8(red), Clamp8(green), Clamp8(blue)};
}

const std::uint8_t* At(const Plane& plane, int y) {
  return plane.data + static_cast<std::ptrdiff_t>(y) * plane.stride_bytes;
}

}  // namespace

Frame CutOut(const Frame& frame, int x, int y, int width, int height) {
  Frame part = frame;
  x = std::clamp(x, 0, frame.width - 1) & ~1;
  y = std::clamp(y, 0, frame.height - 1) & ~1;
  part.width = std::clamp(width, 1, frame.width - x);
  part.height = std::clamp(height, 1, frame.height - y);
  const auto move = [&](Plane& plane, int columns, int rows) {
    if (plane.data == nullptr) return;
    plane.data += static_cast<std::ptrdiff_t>(rows) * plane.stride_bytes + columns;
  };
  switch (frame.format) {
    case PixelFormat::kRgb24:
      move(part.planes[0], 3 * x, y);
      break;
    case PixelFormat::kNv12:
      move(part.planes[0], x, y);
      move(part.planes[1], x, y / 2);
      break;
    case PixelFormat::kI420:
      move(part.planes[0], x, y);
      move(part.planes[1], x / 2, y / 2);
      move(part.planes[2], x / 2, y / 2);
      break;
  }
  return part;
}

Frame FrameOfImage(std::shared_ptr<const RgbImage> image) {
  VIGIL_CHECK(image != nullptr);
  Frame frame;
  frame.width = image->width;
  frame.height = image->height;
  frame.format = PixelFormat::kRgb24;
  frame.color.full_range = true;
  frame.planes[0] = {image->pixels.data(), image->width * 3};
  frame.buffer = std::move(image);
  return frame;
}

std::array<std::uint8_t, 3> RgbAt(const Frame& frame, int x, int y) {
  if (frame.format == PixelFormat::kRgb24) {
    const std::uint8_t* pixel = At(frame.planes[0], y) + static_cast<std::ptrdiff_t>(x) * 3;
    return {pixel[0], pixel[1], pixel[2]};
  }
  const int luma = At(frame.planes[0], y)[x];
  if (frame.format == PixelFormat::kNv12) {
    const std::uint8_t* chroma =
        At(frame.planes[1], y / 2) + static_cast<std::ptrdiff_t>(x / 2) * 2;
    return YuvToRgb(luma, chroma[0], chroma[1], frame.color);
  }
  return YuvToRgb(luma, At(frame.planes[1], y / 2)[x / 2], At(frame.planes[2], y / 2)[x / 2],
                  frame.color);
}

RgbImage ToRgb(const Frame& frame) {
  RgbImage image{frame.width, frame.height, {}};
  image.pixels.resize(static_cast<std::size_t>(frame.width) *
                      static_cast<std::size_t>(frame.height) * 3);
  for (int y = 0; y < frame.height; ++y) {
    std::uint8_t* row = image.Row(y);
    if (frame.format == PixelFormat::kRgb24) {
      std::copy_n(At(frame.planes[0], y), static_cast<std::size_t>(frame.width) * 3, row);
      continue;
    }
    for (int x = 0; x < frame.width; ++x) {
      const auto pixel = RgbAt(frame, x, y);
      std::copy(pixel.begin(), pixel.end(), row + static_cast<std::ptrdiff_t>(x) * 3);
    }
  }
  return image;
}

}  // namespace vigil
