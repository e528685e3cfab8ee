// Frames with reproducible content, for the tests of this room.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "core/frame.h"

namespace vigil::vision {

// Smooth gradients with noise, so that neither repetition nor averaging hides a mistake.
inline RgbImage TestPicture(int width, int height, unsigned seed) {
  std::mt19937 random(seed);
  RgbImage image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto noise = [&random] { return static_cast<int>(random() % 64); };
      image.pixels.push_back(static_cast<std::uint8_t>((x * 191 / width + noise())));
      image.pixels.push_back(static_cast<std::uint8_t>((y * 191 / height + noise())));
      image.pixels.push_back(
          static_cast<std::uint8_t>(((x + y) * 191 / (width + height) + noise())));
    }
  }
  return image;
}

inline Frame RgbTestFrame(int width, int height, unsigned seed) {
  return FrameOfImage(std::make_shared<const RgbImage>(TestPicture(width, height, seed)));
}

// Random luma, chroma near grey so that no colour is clipped, rows padded to a stride.
inline Frame YuvTestFrame(int width, int height, PixelFormat format, ColorSpace color,
                          unsigned seed) {
  std::mt19937 random(seed);
  const bool interleaved = format == PixelFormat::kNv12;
  const int chroma_width = (width + 1) / 2;
  const int chroma_height = (height + 1) / 2;
  const int strides[3] = {width + 5, interleaved ? chroma_width * 2 + 4 : chroma_width + 3,
                          chroma_width + 1};
  const int rows[3] = {height, chroma_height, interleaved ? 0 : chroma_height};
  auto bytes = std::make_shared<std::vector<std::uint8_t>>();
  for (int plane = 0; plane < 3; ++plane) {
    for (int i = 0; i < strides[plane] * rows[plane]; ++i) {
      bytes->push_back(
          static_cast<std::uint8_t>(plane == 0 ? 80 + random() % 80 : 112 + random() % 32));
    }
  }
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.format = format;
  frame.color = color;
  const std::uint8_t* at = bytes->data();
  for (std::size_t plane = 0; plane < (interleaved ? 2U : 3U); ++plane) {
    frame.planes[plane] = {at, strides[plane]};
    at += strides[plane] * rows[plane];
  }
  frame.buffer = std::move(bytes);
  return frame;
}

}  // namespace vigil::vision
