// Most pictures of most cameras show nothing new, and need no detector.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/area.h"
#include "core/frame.h"
#include "core/frame_source.h"

namespace vigil::pipeline {

struct MotionGateOptions {
  bool enabled = true;  // false: every frame at the interval passes
  std::chrono::milliseconds detect_interval{200};
  // A still picture passes this often, so that a still face is not missed; where only keyframes are
  // in demand, with the first keyframe after.
  std::chrono::milliseconds heartbeat{2000};
  int luma_difference = 12;  // a grid cell has moved when its mean luma changed by more (0..255)
  double area_min = 0.002;   // share of the grid that must have moved, at least one cell
  WatchedArea watched{};     // what moves elsewhere does not count
  // Only keyframes are in demand when nothing has moved, and no face was followed, for so long.
  bool keyframes_when_idle = false;
  std::chrono::milliseconds idle_after{5000};
};

enum class GateVerdict {
  kPass,     // look at this frame
  kSkipped,  // the interval since the last look has not passed
  kStill,    // nothing moved since the last frame that passed
};

// One per stream, used by its ingest thread. Compares the mean luma of a coarse grid with that of
// the last frame that passed (not the last frame seen, so that slow movement adds up until it
// shows).
class MotionGate {
 public:
  explicit MotionGate(const MotionGateOptions& options);

  // `face_tracked`: a track lives on this camera; the gate then stays open, or the tracker would
  // lose a face that stands.
  GateVerdict Look(const Frame& frame, bool face_tracked);

  // What the source is to decode next, after the last Look.
  FrameDemand Demand() const;

 private:
  bool Moved(const std::vector<std::uint8_t>& grid) const;

  const MotionGateOptions options_;
  const std::vector<bool> watched_cells_;
  std::optional<std::chrono::milliseconds>
      looked_at_;                           // pts of the last frame that was not skipped
  std::chrono::milliseconds passed_at_{0};  // pts of the last frame that passed
  std::chrono::milliseconds active_at_{0};  // pts of the last frame with motion or a face
  std::vector<std::uint8_t> passed_grid_;
};

}  // namespace vigil::pipeline
