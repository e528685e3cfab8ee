// See backoff.h.
#include "pipeline/backoff.h"

#include <algorithm>
#include <cmath>

namespace vigil::pipeline {

std::chrono::milliseconds Backoff::After(StreamFault fault, std::chrono::milliseconds lasted) {
  if (lasted >= options_.stable_after) failures_ = 0;
  if (lasted.count() > 0) unauthorised_ = 0;
  if (fault == StreamFault::kUnauthorised) {
    if (++unauthorised_ >= options_.unauthorised_tries_max) return options_.unauthorised_wait;
  } else {
    unauthorised_ = 0;
  }
  constexpr double kShortest = 0.75;
  constexpr int kDoublingsMax = 30;
  const auto lowest = static_cast<double>(options_.wait_min.count());
  const auto highest = static_cast<double>(options_.wait_max.count());
  const double full =
      std::min(highest, lowest / kShortest * std::exp2(std::min(failures_, kDoublingsMax)));
  ++failures_;
  const double share = std::uniform_real_distribution<double>(kShortest, 1.0)(random_);
  return std::chrono::milliseconds{std::llround(std::max(lowest, full * share))};
}

}  // namespace vigil::pipeline
