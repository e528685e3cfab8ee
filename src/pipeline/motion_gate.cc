// See motion_gate.h.
#include "pipeline/motion_gate.h"

#include <algorithm>
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

}  // namespace

MotionGate::MotionGate(const MotionGateOptions& options) : options_(options) {}

GateVerdict MotionGate::Look(const Frame& frame, bool face_tracked) {
  if (looked_at_.has_value() && frame.pts < *looked_at_ + options_.detect_interval &&
      frame.pts >= *looked_at_) {
    return GateVerdict::kSkipped;
  }
  const bool first = !looked_at_.has_value();
  looked_at_ = frame.pts;

  const bool heartbeat =
      first || frame.pts < passed_at_ || frame.pts >= passed_at_ + options_.heartbeat;
  std::vector<std::uint8_t> grid;
  if (options_.enabled) grid = LumaGrid(frame);
  if (options_.enabled && !face_tracked && !heartbeat && !Moved(grid)) return GateVerdict::kStill;
  passed_at_ = frame.pts;
  passed_grid_ = std::move(grid);
  return GateVerdict::kPass;
}

bool MotionGate::Moved(const std::vector<std::uint8_t>& grid) const {
  if (grid.size() != passed_grid_.size()) return true;
  std::size_t moved = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (std::abs(grid[i] - passed_grid_[i]) > options_.luma_difference) ++moved;
  }
  const double needed = std::max(1.0, options_.area_min * static_cast<double>(grid.size()));
  return static_cast<double>(moved) >= needed;
}

}  // namespace vigil::pipeline
