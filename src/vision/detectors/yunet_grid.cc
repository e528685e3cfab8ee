// See yunet_grid.h.
#include "vision/detectors/yunet_grid.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace vigil::vision {
namespace {

constexpr int kLevelFactor = 4;

int RoundUp(int side) { return (side + kYunetStrideMax - 1) / kYunetStrideMax * kYunetStrideMax; }

}  // namespace

int SmallestYunetFacePx(int width, int height, int min_face_px, double level_pixels_max) {
  if (level_pixels_max <= 0) return min_face_px;
  const double pixels = static_cast<double>(width) * static_cast<double>(height);
  // A strip is padded to a whole cell across, which can be many times its own pixels.
  const double strip = static_cast<double>(std::max(width, height)) * kYunetStrideMax;
  const double shrink = std::max(std::sqrt(pixels / level_pixels_max), strip / level_pixels_max);
  const double needed = std::ceil(kYunetFacePx * shrink);
  return std::max(min_face_px, static_cast<int>(needed));
}

std::vector<YunetLevel> MakeYunetLevels(int width, int height, int min_face_px) {
  VIGIL_CHECK(width > 0 && height > 0 && min_face_px > 0);
  double scale = std::min(1.0, static_cast<double>(kYunetFacePx) / min_face_px);
  std::vector<YunetLevel> levels;
  do {
    YunetLevel level;
    level.width = std::max(1, static_cast<int>(std::lround(width * scale)));
    level.height = std::max(1, static_cast<int>(std::lround(height * scale)));
    level.padded_width = RoundUp(level.width);
    level.padded_height = RoundUp(level.height);
    levels.push_back(level);
    scale /= kLevelFactor;
  } while (std::min(levels.back().width, levels.back().height) > kYunetSideMax);
  return levels;
}

void DecodeYunet(const YunetGrid& grid, float threshold, float scale_x, float scale_y,
                 std::vector<Proposal>& proposals) {
  const auto cells = static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows);
  VIGIL_CHECK(grid.faces.size() == cells && grid.objects.size() == cells &&
              grid.boxes.size() == 4 * cells && grid.landmarks.size() == 10 * cells);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const float score = std::sqrt(std::clamp(grid.faces[cell], 0.0F, 1.0F) *
                                  std::clamp(grid.objects[cell], 0.0F, 1.0F));
    if (!(score >= threshold)) continue;
    const auto column = static_cast<float>(cell % static_cast<std::size_t>(grid.columns));
    const auto row = static_cast<float>(cell / static_cast<std::size_t>(grid.columns));
    const float step_x = static_cast<float>(grid.stride) * scale_x;
    const float step_y = static_cast<float>(grid.stride) * scale_y;
    const auto box = [&](std::size_t plane) { return grid.boxes[plane * cells + cell]; };
    const float middle_x = (column + box(0)) * step_x;
    const float middle_y = (row + box(1)) * step_y;
    const float half_width = std::exp(box(2)) * step_x / 2;
    const float half_height = std::exp(box(3)) * step_y / 2;
    Proposal proposal;
    proposal.score = score;
    proposal.box = {middle_x - half_width, middle_y - half_height, middle_x + half_width,
                    middle_y + half_height};
    bool finite = IsSound(proposal.box);
    for (std::size_t i = 0; i < proposal.landmarks.size(); ++i) {
      Point& point = proposal.landmarks[i];
      point = {(column + grid.landmarks[2 * i * cells + cell]) * step_x,
               (row + grid.landmarks[(2 * i + 1) * cells + cell]) * step_y};
      finite = finite && std::isfinite(point.x) && std::isfinite(point.y);
    }
    if (finite) proposals.push_back(proposal);
  }
}

}  // namespace vigil::vision
