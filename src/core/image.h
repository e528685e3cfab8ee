// Small pictures that are owned: photos, crops, composed pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vigil {

// Packed RGB, 8 bits a channel, rows top to bottom without padding; pixels.size() == width * height
// * 3.
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;

  bool Empty() const { return pixels.empty(); }
  const std::uint8_t* Row(int y) const {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
  }
  std::uint8_t* Row(int y) {
    return pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width) * 3;
  }
};

}  // namespace vigil
