// The parts of a camera's picture where faces are looked for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/geometry.h"

namespace vigil {

// Corners in order, as shares of the picture's width and height (0 to 1, y down); the last is
// joined to the first.
using Polygon = std::vector<Point>;

inline constexpr std::size_t kPolygonCornersMax = 64;
inline constexpr std::size_t kPolygonsMax = 16;

// Four decimals, as areas are stored: what is read back is what was written.
float RoundedShare(float share);

// kInvalidArgument: fewer than 3 or more than 64 corners, a corner outside the picture, or no area.
Status CheckPolygon(const Polygon& polygon);

// "x y; x y; x y", each 0 to 1, rounded. Errors: what cannot be read, and those of CheckPolygon.
Result<Polygon> ParsePolygon(std::string_view text);
// What ParsePolygon reads.
std::string PolygonText(const Polygon& polygon);

// `areas`: empty means the whole picture. `excluded` wins where both say something. A plain value.
struct WatchedArea {
  std::vector<Polygon> areas;
  std::vector<Polygon> excluded;

  bool IsWhole() const { return areas.empty() && excluded.empty(); }
  // `point` in shares of the picture. One outside the picture counts as the nearest inside.
  bool Contains(Point point) const;
  // Around everything watched, in shares; the whole picture (0, 0, 1, 1) when nothing limits it.
  Box Bounds() const;
  bool operator==(const WatchedArea&) const = default;
};

}  // namespace vigil
