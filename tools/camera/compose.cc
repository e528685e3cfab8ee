// Pixels of the scene.
#include "compose.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace vigil::camera {
namespace {

constexpr int kNoiseAmplitude = 6;
constexpr double kFeather = 0.08;  // of the photo's side

std::uint8_t Byte(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)); }

std::size_t BytesOf(int width, int height) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
}

// 0 at the photo's border, 1 inside, smooth between.
double Opacity(double u, double v) {
  const double t = std::clamp(std::min({u, v, 1 - u, 1 - v}) / kFeather, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

void SampleBilinear(const RgbImage& photo, double x, double y, double out[3]) {
  const int x0 = std::clamp(static_cast<int>(x), 0, photo.width - 2);
  const int y0 = std::clamp(static_cast<int>(y), 0, photo.height - 2);
  const double fx = std::clamp(x - x0, 0.0, 1.0);
  const double fy = std::clamp(y - y0, 0.0, 1.0);
  const std::uint8_t* top = photo.Row(y0) + static_cast<std::ptrdiff_t>(x0) * 3;
  const std::uint8_t* bottom = photo.Row(y0 + 1) + static_cast<std::ptrdiff_t>(x0) * 3;
  for (int c = 0; c < 3; ++c) {
    out[c] = (top[c] * (1 - fx) + top[c + 3] * fx) * (1 - fy) +
             (bottom[c] * (1 - fx) + bottom[c + 3] * fx) * fy;
  }
}

int Inside(double value, int limit) {
  return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
}

}  // namespace

RgbImage MakeRoom() {
  RgbImage room{kSceneWidth, kSceneHeight, {}};
  room.pixels.resize(BytesOf(kSceneWidth, kSceneHeight));
  for (int y = 0; y < kSceneHeight; ++y) {
    for (int x = 0; x < kSceneWidth; ++x) {
      const double wall =
          96 + 30.0 * y / kSceneHeight + 6 * std::sin(x / 90.0) * std::cos(y / 70.0);
      const double line = (x % 160 < 2 || y % 180 < 2) ? -14 : 0;
      std::uint8_t* pixel = room.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      pixel[0] = Byte(wall + line);
      pixel[1] = Byte(wall + line + 3);
      pixel[2] = Byte(wall + line + 8);
    }
  }
  return room;
}

void Paste(const RgbImage& photo, const Placement& at, RgbImage& picture) {
  const double scale = photo.height / at.height;
  const double reach = std::hypot(photo.width, photo.height) / scale / 2;
  const double c = std::cos(at.tilt_rad) * scale;
  const double s = std::sin(at.tilt_rad) * scale;
  for (int y = Inside(at.y - reach, kSceneHeight); y < Inside(at.y + reach, kSceneHeight); ++y) {
    for (int x = Inside(at.x - reach, kSceneWidth); x < Inside(at.x + reach, kSceneWidth); ++x) {
      const double px = c * (x - at.x) + s * (y - at.y) + photo.width / 2.0;
      const double py = -s * (x - at.x) + c * (y - at.y) + photo.height / 2.0;
      const double alpha = Opacity(px / photo.width, py / photo.height);
      if (alpha <= 0) continue;
      double color[3];
      SampleBilinear(photo, px, py, color);
      std::uint8_t* pixel = picture.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      for (int i = 0; i < 3; ++i) pixel[i] = Byte(pixel[i] * (1 - alpha) + color[i] * alpha);
    }
  }
}

RgbImage Halve(const RgbImage& image) {
  RgbImage half{image.width / 2, image.height / 2, {}};
  half.pixels.resize(BytesOf(half.width, half.height));
  for (int y = 0; y < half.height; ++y) {
    const std::uint8_t* top = image.Row(2 * y);
    const std::uint8_t* bottom = image.Row(2 * y + 1);
    for (int x = 0; x < half.width * 3; ++x) {
      const int left = x / 3 * 6 + x % 3;
      half.Row(y)[x] = static_cast<std::uint8_t>(
          (top[left] + top[left + 3] + bottom[left] + bottom[left + 3] + 2) / 4);
    }
  }
  return half;
}

void AddNoise(std::minstd_rand& random, RgbImage& picture) {
  for (std::size_t i = 0; i + 4 <= picture.pixels.size(); i += 4) {
    // The middle bits of one random word serve four samples.
    auto bits = static_cast<std::uint32_t>(random() >> 3U);
    for (std::size_t k = 0; k < 4; ++k, bits >>= 7U) {
      const int noise = static_cast<int>(bits & 0x7FU) * kNoiseAmplitude / 64 - kNoiseAmplitude;
      picture.pixels[i + k] =
          static_cast<std::uint8_t>(std::clamp(picture.pixels[i + k] + noise, 0, 255));
    }
  }
}

}  // namespace vigil::camera
