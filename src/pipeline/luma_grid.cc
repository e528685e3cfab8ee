// See luma_grid.h.
#include "pipeline/luma_grid.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace vigil::pipeline {
namespace {

constexpr int kGridWidth = 64;
constexpr int kGridHeight = 36;
constexpr int kSamplesPerSide =
    4;  // a cell is the mean of 4x4 pixels, which calms the noise of a dark picture

int LumaAt(const Frame& frame, int x, int y) {
  const Plane& plane = frame.planes[0];
  const std::uint8_t* row = plane.data + static_cast<std::ptrdiff_t>(y) * plane.stride_bytes;
  if (frame.format != PixelFormat::kRgb24) return row[x];
  const std::uint8_t* pixel = row + static_cast<std::ptrdiff_t>(x) * 3;
  return (pixel[0] + 2 * pixel[1] + pixel[2]) / 4;
}

// Looks at a fine raster of points; a corner of an area counts wherever it falls between them.
bool Touches(const std::vector<Polygon>& areas, int cell_x, int cell_y) {
  constexpr int kPoints = 8;
  if (areas.empty()) return true;  // the whole picture
  const WatchedArea area{.areas = areas, .excluded = {}};
  for (int i = 0; i < kPoints * kPoints; ++i) {
    const float x = static_cast<float>(cell_x) + (static_cast<float>(i % kPoints) + 0.5F) / kPoints;
    const float y = static_cast<float>(cell_y) + (static_cast<float>(i / kPoints) + 0.5F) / kPoints;
    if (area.Contains({x / kGridWidth, y / kGridHeight})) return true;
  }
  return std::ranges::any_of(areas, [&](const Polygon& polygon) {
    return std::ranges::any_of(polygon, [&](const Point& corner) {
      return static_cast<int>(corner.x * kGridWidth) == cell_x &&
             static_cast<int>(corner.y * kGridHeight) == cell_y;
    });
  });
}

// By its middle: what is left out must not open the gate by the cells on its edge.
bool IsExcluded(const std::vector<Polygon>& excluded, int cell_x, int cell_y) {
  const WatchedArea area{.areas = {}, .excluded = excluded};
  return !area.Contains({(static_cast<float>(cell_x) + 0.5F) / kGridWidth,
                         (static_cast<float>(cell_y) + 0.5F) / kGridHeight});
}

}  // namespace

std::vector<std::uint8_t> LumaGrid(const Frame& frame) {
  std::vector<std::uint8_t> grid;
  if (frame.planes[0].data == nullptr || frame.width <= 0 || frame.height <= 0) return grid;
  grid.reserve(static_cast<std::size_t>(kGridWidth) * kGridHeight);
  constexpr int kSamplesAcross = kGridWidth * kSamplesPerSide;
  constexpr int kSamplesDown = kGridHeight * kSamplesPerSide;
  for (int cell_y = 0; cell_y < kGridHeight; ++cell_y) {
    for (int cell_x = 0; cell_x < kGridWidth; ++cell_x) {
      int sum = 0;
      for (int i = 0; i < kSamplesPerSide * kSamplesPerSide; ++i) {
        const int sample_x = cell_x * kSamplesPerSide + i % kSamplesPerSide;
        const int sample_y = cell_y * kSamplesPerSide + i / kSamplesPerSide;
        sum += LumaAt(frame, sample_x * frame.width / kSamplesAcross,
                      sample_y * frame.height / kSamplesDown);
      }
      grid.push_back(static_cast<std::uint8_t>(sum / (kSamplesPerSide * kSamplesPerSide)));
    }
  }
  return grid;
}

std::vector<bool> WatchedCells(const WatchedArea& area) {
  std::vector<bool> watched;
  if (area.IsWhole()) return watched;
  for (int y = 0; y < kGridHeight; ++y) {
    for (int x = 0; x < kGridWidth; ++x) {
      watched.push_back(Touches(area.areas, x, y) && !IsExcluded(area.excluded, x, y));
    }
  }
  return watched;
}

double ChangedShare(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                    int luma_difference, const std::vector<bool>& watched) {
  if (a.empty() || a.size() != b.size()) return 0;
  std::size_t changed = 0;
  std::size_t cells = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!watched.empty() && !watched[i]) continue;
    ++cells;
    if (std::abs(a[i] - b[i]) > luma_difference) ++changed;
  }
  return cells == 0 ? 0 : static_cast<double>(changed) / static_cast<double>(cells);
}

}  // namespace vigil::pipeline
