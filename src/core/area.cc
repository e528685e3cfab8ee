// See area.h.
#include "core/area.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "base/format.h"
#include "base/trimmed.h"

namespace vigil {
namespace {

constexpr double kAreaMin = 1e-4;  // a hundredth of width and height each

double AreaOf(const Polygon& polygon) {
  double doubled = 0;
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    doubled += static_cast<double>(a.x) * b.y - static_cast<double>(b.x) * a.y;
  }
  return std::abs(doubled) / 2;
}

// Counts the edges that a ray to the right crosses (Shimrat 1962): odd means inside.
bool IsInside(const Polygon& polygon, Point point) {
  bool inside = false;
  for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++) {
    const Point& a = polygon[i];
    const Point& b = polygon[j];
    if ((a.y > point.y) == (b.y > point.y)) continue;
    if (point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

bool IsInsideAny(std::span<const Polygon> polygons, Point point) {
  return std::ranges::any_of(polygons, [&](const auto& one) { return IsInside(one, point); });
}

// The half-open rule of IsInside leaves the far edges out.
float Within(float share) { return std::clamp(share, 0.0F, 0.9999F); }

std::optional<float> ParseShare(std::string_view text) {
  float share = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return share;
}

}  // namespace

float RoundedShare(float share) { return std::round(share * 1e4F) / 1e4F; }

Status CheckPolygon(const Polygon& polygon) {
  if (polygon.size() < 3 || polygon.size() > kPolygonCornersMax) {
    return Fail(ErrorCode::kInvalidArgument,
                format("has {} corners; an area has 3 to {}", polygon.size(), kPolygonCornersMax));
  }
  for (const Point& corner : polygon) {
    const bool inside = corner.x >= 0 && corner.x <= 1 && corner.y >= 0 && corner.y <= 1;
    if (inside) continue;  // a number that is none is outside too
    return Fail(ErrorCode::kInvalidArgument,
                format("has a corner at {} {}; corners are shares of width and height, 0 to 1",
                       corner.x, corner.y));
  }
  if (AreaOf(polygon) < kAreaMin) {
    return Fail(ErrorCode::kInvalidArgument, "covers nothing; its corners lie on one line");
  }
  return {};
}

Result<Polygon> ParsePolygon(std::string_view text) {
  Polygon polygon;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view corner = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t gap = corner.find(' ');
    std::optional<float> x;
    std::optional<float> y;
    if (gap != std::string_view::npos) {
      x = ParseShare(corner.substr(0, gap));
      y = ParseShare(Trimmed(corner.substr(gap)));
    }
    if (!x || !y) {
      return Fail(
          ErrorCode::kInvalidArgument,
          format("\"{}\" is no corner; write an area as \"0 0.5; 1 0.5; 1 1; 0 1\"", corner));
    }
    polygon.push_back({RoundedShare(*x), RoundedShare(*y)});
  }
  VIGIL_RETURN_IF_ERROR(CheckPolygon(polygon));
  return polygon;
}

std::string PolygonText(const Polygon& polygon) {
  std::string text;
  for (const Point& corner : polygon) {
    text +=
        format("{}{} {}", text.empty() ? "" : "; ", RoundedShare(corner.x), RoundedShare(corner.y));
  }
  return text;
}

bool WatchedArea::Contains(Point point) const {
  const Point inside{Within(point.x), Within(point.y)};
  return (areas.empty() || IsInsideAny(areas, inside)) && !IsInsideAny(excluded, inside);
}

Box WatchedArea::Bounds() const {
  if (areas.empty()) return {0, 0, 1, 1};
  Box bounds{1, 1, 0, 0};
  for (const Polygon& polygon : areas) {
    for (const Point& corner : polygon) {
      bounds = {std::min(bounds.x1, corner.x), std::min(bounds.y1, corner.y),
                std::max(bounds.x2, corner.x), std::max(bounds.y2, corner.y)};
    }
  }
  return bounds;
}

}  // namespace vigil
