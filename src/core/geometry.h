// Points and boxes in pixel coordinates of the picture they belong to.
#pragma once

#include <algorithm>

namespace vigil {

struct Point {
  float x = 0;
  float y = 0;
  bool operator==(const Point&) const = default;
};

// Corners, x to the right and y down; x2 and y2 are exclusive. May reach outside the picture.
struct Box {
  float x1 = 0;
  float y1 = 0;
  float x2 = 0;
  float y2 = 0;

  float Width() const { return x2 - x1; }
  float Height() const { return y2 - y1; }
  float Area() const { return std::max(0.0F, Width()) * std::max(0.0F, Height()); }
  Point Center() const { return {(x1 + x2) / 2, (y1 + y2) / 2}; }
  bool operator==(const Box&) const = default;
};

// The area of the part of `box` that lies inside a picture of this size: a face half outside is as
// small as what is seen.
inline float VisibleArea(const Box& box, int width, int height) {
  const Box inside{std::max(box.x1, 0.0F), std::max(box.y1, 0.0F),
                   std::min(box.x2, static_cast<float>(width)),
                   std::min(box.y2, static_cast<float>(height))};
  return inside.Width() > 0 && inside.Height() > 0 ? inside.Area() : 0;
}

// Intersection over union, 0 for boxes that do not meet or have no area.
inline float IntersectionOverUnion(const Box& a, const Box& b) {
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const float shared = width * height;
  const float joined = a.Area() + b.Area() - shared;
  return joined > 0 ? shared / joined : 0;
}

}  // namespace vigil
