// See alignment.h.
#include "vision/recognition/alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "vision/area_resize.h"
#include "vision/rgb_region.h"

namespace vigil::vision {
namespace {

// Landmarks closer together than this share of the layout are no face.
constexpr float kScaleMin = 0.02F;
// Places of one output pixel in each direction: a crop of 900 pixels a side is read whole.
constexpr int kPlacesMax = 8;

Point MeanOf(const Landmarks& points) {
  Point mean;
  for (const Point& point : points) {
    mean.x += point.x / static_cast<float>(points.size());
    mean.y += point.y / static_cast<float>(points.size());
  }
  return mean;
}

// From the crop to the square about the box's middle that holds the box.
SimilarityTransform SquareOf(const Box& box) {
  const float side = std::max(box.Width(), box.Height());
  const Point middle = box.Center();
  return {.along = side / kFivePointSidePx,
          .across = 0,
          .shift_x = middle.x - side / 2,
          .shift_y = middle.y - side / 2};
}

bool IsUsable(const SimilarityTransform& to_frame) {
  const float scale = to_frame.Scale();
  return std::isfinite(scale) && std::isfinite(to_frame.shift_x) &&
         std::isfinite(to_frame.shift_y) && scale >= kScaleMin;
}

SimilarityTransform Inverse(const SimilarityTransform& transform) {
  const float square = transform.Scale() * transform.Scale();
  SimilarityTransform inverse{.along = transform.along / square,
                              .across = -transform.across / square};
  const Point shift = inverse.Apply({transform.shift_x, transform.shift_y});
  inverse.shift_x = -shift.x;
  inverse.shift_y = -shift.y;
  return inverse;
}

SimilarityTransform CropToFrame(const Frame& frame, const Detection& detection) {
  // The errors are made small in the crop, where the network sees them, and not in the frame.
  const auto fitted = FitSimilarity(detection.landmarks, kFivePointLayout);
  if (fitted) {
    const SimilarityTransform to_frame = Inverse(*fitted);
    if (IsUsable(to_frame)) return to_frame;
  }
  const SimilarityTransform square = SquareOf(detection.box);
  if (IsUsable(square)) return square;
  return SquareOf({0, 0, static_cast<float>(frame.width), static_cast<float>(frame.height)});
}

// The pixels that the crop can touch, inside the frame; without area when it lies beside it.
PixelRect RegionOf(const Frame& frame, const SimilarityTransform& to_frame) {
  const float last = kFivePointSidePx;
  Box around{1e9F, 1e9F, -1e9F, -1e9F};
  for (const Point corner : {Point{-1, -1}, {last, -1}, {-1, last}, {last, last}}) {
    const Point at = to_frame.Apply(corner);
    around = {std::min(around.x1, at.x), std::min(around.y1, at.y), std::max(around.x2, at.x),
              std::max(around.y2, at.y)};
  }
  const auto inside = [](float at, int side) {
    return static_cast<int>(std::clamp(at, 0.0F, static_cast<float>(side)));
  };
  return {inside(std::floor(around.x1), frame.width), inside(std::floor(around.y1), frame.height),
          inside(std::ceil(around.x2) + 1, frame.width),
          inside(std::ceil(around.y2) + 1, frame.height)};
}

// Adds the colour between four pixels to `sums`. `at` counts from the middle of the first pixel.
void AddPlace(const RgbImage& image, Point at, std::array<float, 3>& sums) {
  const auto width = static_cast<float>(image.width);
  const auto height = static_cast<float>(image.height);
  if (!(at.x > -1 && at.y > -1 && at.x < width && at.y < height)) return;
  const float left = std::floor(at.x);
  const float top = std::floor(at.y);
  for (int dy = 0; dy < 2; ++dy) {
    for (int dx = 0; dx < 2; ++dx) {
      const int x = static_cast<int>(left) + dx;
      const int y = static_cast<int>(top) + dy;
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
      const float share_x = dx == 0 ? 1 - (at.x - left) : at.x - left;
      const float share_y = dy == 0 ? 1 - (at.y - top) : at.y - top;
      const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      for (std::size_t i = 0; i < 3; ++i) sums[i] += share_x * share_y * pixel[i];
    }
  }
}

}  // namespace

float SimilarityTransform::Scale() const { return std::hypot(along, across); }

std::optional<SimilarityTransform> FitSimilarity(const Landmarks& from, const Landmarks& to) {
  const Point from_mean = MeanOf(from);
  const Point to_mean = MeanOf(to);
  float spread = 0;
  float along = 0;
  float across = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Point a{from[i].x - from_mean.x, from[i].y - from_mean.y};
    const Point b{to[i].x - to_mean.x, to[i].y - to_mean.y};
    spread += a.x * a.x + a.y * a.y;
    along += a.x * b.x + a.y * b.y;
    across += a.x * b.y - a.y * b.x;
  }
  SimilarityTransform fitted{.along = along / spread, .across = across / spread};
  fitted.shift_x = to_mean.x - fitted.along * from_mean.x + fitted.across * from_mean.y;
  fitted.shift_y = to_mean.y - fitted.across * from_mean.x - fitted.along * from_mean.y;
  const bool finite = std::isfinite(fitted.Scale()) && std::isfinite(fitted.shift_x) &&
                      std::isfinite(fitted.shift_y);
  if (!finite || !(fitted.Scale() > 0)) return std::nullopt;
  return fitted;
}

RgbImage AlignFace(const Frame& frame, const Detection& detection) {
  constexpr auto kSide = static_cast<std::size_t>(kFivePointSidePx);
  RgbImage crop{kFivePointSidePx, kFivePointSidePx, std::vector<std::uint8_t>(kSide * kSide * 3)};
  const SimilarityTransform to_frame = CropToFrame(frame, detection);
  const PixelRect region = RegionOf(frame, to_frame);
  if (region.Width() <= 0 || region.Height() <= 0) return crop;
  const RgbImage around = RgbOfRegion(frame, region);
  const int places = static_cast<int>(
      std::clamp(std::round(to_frame.Scale()), 1.0F, static_cast<float>(kPlacesMax)));
  const auto count = static_cast<float>(places);
  for (int row = 0; row < kFivePointSidePx; ++row) {
    std::uint8_t* out = crop.Row(row);
    for (int column = 0; column < kFivePointSidePx; ++column, out += 3) {
      std::array<float, 3> sums{};
      for (int place = 0; place < places * places; ++place) {
        const Point in_crop{
            static_cast<float>(column) + (static_cast<float>(place % places) + 0.5F) / count - 0.5F,
            static_cast<float>(row) + (static_cast<float>(place / places) + 0.5F) / count - 0.5F};
        const Point at = to_frame.Apply(in_crop);
        AddPlace(around,
                 {at.x - static_cast<float>(region.x1), at.y - static_cast<float>(region.y1)},
                 sums);
      }
      for (std::size_t i = 0; i < 3; ++i) {
        out[i] = static_cast<std::uint8_t>(std::min(255.0F, sums[i] / (count * count) + 0.5F));
      }
    }
  }
  return crop;
}

}  // namespace vigil::vision
