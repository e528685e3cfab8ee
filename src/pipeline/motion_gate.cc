// See motion_gate.h.
#include "pipeline/motion_gate.h"

#include <algorithm>
#include <utility>

#include "pipeline/luma_grid.h"

namespace vigil::pipeline {
MotionGate::MotionGate(const MotionGateOptions& options)
    : options_(options), watched_cells_(WatchedCells(options.watched)) {}

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
  const bool active = first || !options_.enabled || face_tracked || Moved(grid);
  if (active || frame.pts < active_at_) active_at_ = frame.pts;
  if (!active && !heartbeat) return GateVerdict::kStill;
  passed_at_ = frame.pts;
  passed_grid_ = std::move(grid);
  return GateVerdict::kPass;
}

FrameDemand MotionGate::Demand() const {
  if (!looked_at_) return {};
  return {.from = *looked_at_ + options_.detect_interval,
          .keyframes_only =
              options_.keyframes_when_idle && *looked_at_ - active_at_ >= options_.idle_after};
}

bool MotionGate::Moved(const std::vector<std::uint8_t>& grid) const {
  if (grid.size() != passed_grid_.size()) return true;
  const auto cells =
      watched_cells_.empty() ? std::ssize(grid) : std::ranges::count(watched_cells_, true);
  const double one_cell = 1.0 / static_cast<double>(std::max<std::ptrdiff_t>(1, cells));
  return ChangedShare(grid, passed_grid_, options_.luma_difference, watched_cells_) >=
         std::max(one_cell, options_.area_min);
}

}  // namespace vigil::pipeline
