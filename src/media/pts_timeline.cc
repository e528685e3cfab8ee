// See the header: only time's arithmetic.
#include "media/pts_timeline.h"

#include <algorithm>

namespace vigil::media {
namespace {
constexpr std::chrono::microseconds kLeastStep{1000};
}

std::chrono::microseconds PtsTimeline::Expected(
    std::optional<std::chrono::microseconds> arrival) const {
  if (arrival && last_arrival_) return std::max(*arrival - *last_arrival_, kLeastStep);
  return options_.nominal_step;
}

std::chrono::milliseconds PtsTimeline::Place(std::optional<std::chrono::microseconds> stamp,
                                             std::optional<std::chrono::microseconds> arrival) {
  const std::chrono::microseconds expected = Expected(arrival);
  std::chrono::microseconds local = started_ ? local_ + expected : std::chrono::microseconds{0};
  // A stamp this far out is a fault of the sender and would overflow below.
  constexpr std::chrono::microseconds kStampMax = std::chrono::hours{24 * 365 * 100};
  if (stamp && (*stamp > kStampMax || *stamp < -kStampMax)) stamp.reset();
  if (stamp && anchored_) {
    const std::chrono::microseconds step = *stamp + offset_ - local_;
    const bool forward =
        step > std::chrono::microseconds{0} && step <= expected + options_.jump_max;
    const bool held = step <= std::chrono::microseconds{0} && step >= -options_.back_tolerance;
    if (forward) {
      local = local_ + step;
    } else if (held) {
      local = local_;
    } else {
      ++jumps_;
      anchored_ = false;
    }
  }
  if (started_) local = std::max(local, local_ + kLeastStep);
  if (stamp && !anchored_) {
    offset_ = local - *stamp;
    anchored_ = true;
  }
  started_ = true;
  local_ = local;
  if (arrival) last_arrival_ = arrival;
  return std::chrono::floor<std::chrono::milliseconds>(local);
}

}  // namespace vigil::media
