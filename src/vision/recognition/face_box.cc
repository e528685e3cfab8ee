// Rounds where facenet-pytorch rounds, in 32-bit floats like it.
#include "vision/recognition/face_box.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace vigil::vision {
namespace {

// A corner that is no number counts as `otherwise`.
int ClampCorner(float corner, float low, float high, float otherwise) {
  return static_cast<int>(std::clamp(std::isnan(corner) ? otherwise : corner, low, high));
}

}  // namespace

PixelRect FaceRegion(const Box& box, int margin, int input_side, int picture_width,
                     int picture_height) {
  VIGIL_CHECK(picture_width > 0 && picture_height > 0 && margin >= 0 && margin < input_side);
  const auto width = static_cast<float>(picture_width);
  const auto height = static_cast<float>(picture_height);
  const auto share = static_cast<float>(margin);
  const auto rest = static_cast<float>(input_side - margin);
  const float margin_x = share * box.Width() / rest;
  const float margin_y = share * box.Height() / rest;
  PixelRect region;
  region.x1 = ClampCorner(box.x1 - margin_x / 2, 0, width - 1, 0);
  region.y1 = ClampCorner(box.y1 - margin_y / 2, 0, height - 1, 0);
  region.x2 = ClampCorner(box.x2 + margin_x / 2, static_cast<float>(region.x1) + 1, width, width);
  region.y2 = ClampCorner(box.y2 + margin_y / 2, static_cast<float>(region.y1) + 1, height, height);
  return region;
}

void Standardise(const RgbImage& image, Standardisation standardisation, std::span<float> planes) {
  VIGIL_CHECK(!image.Empty() && planes.size() == image.pixels.size());
  float mean = 0;
  float scale = 1;
  if (standardisation == Standardisation::kFixed) {
    mean = 127.5F;
    scale = 0.0078125F;
  } else if (standardisation == Standardisation::kPerImage) {
    std::uint64_t sum = 0;
    std::uint64_t squares = 0;
    for (const std::uint8_t value : image.pixels) {
      sum += value;
      squares += static_cast<std::uint64_t>(value) * value;
    }
    const auto count = static_cast<double>(image.pixels.size());
    const double exact_mean = static_cast<double>(sum) / count;
    const double variance =
        std::max(0.0, static_cast<double>(squares) / count - exact_mean * exact_mean);
    mean = static_cast<float>(exact_mean);
    scale = static_cast<float>(1.0 / std::max(std::sqrt(variance), 1.0 / std::sqrt(count)));
  }
  const std::size_t plane_size = image.pixels.size() / 3;
  for (std::size_t pixel = 0; pixel < plane_size; ++pixel) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      planes[channel * plane_size + pixel] =
          (static_cast<float>(image.pixels[pixel * 3 + channel]) - mean) * scale;
    }
  }
}

}  // namespace vigil::vision
