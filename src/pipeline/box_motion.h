// Where a face that was seen a few times a second should be next, and how sure that is.
#pragma once

#include <array>
#include <chrono>

#include "core/geometry.h"

namespace vigil::pipeline {

// A Kalman filter of constant velocity for each of a box's centre (in pixels) and the logarithm of
// its side. All uncertainties are in units of the box's side, because near faces move and jitter by
// more pixels than far ones. A value; used by one thread at a time.
class BoxMotion {
 public:
  BoxMotion() = default;
  // `box` must be finite and have an area.
  BoxMotion(const Box& box, std::chrono::milliseconds pts);

  // Where the box should be at `pts`, not before the last one seen.
  Box Predicted(std::chrono::milliseconds pts) const;

  // How unlikely `seen` at `pts` is as the same face: the squared distance from what was predicted,
  // in standard deviations, over the centre and the size. 0 is perfect; about 3 is usual.
  float Surprise(const Box& seen, std::chrono::milliseconds pts) const;

  // The face was seen again.
  void See(const Box& seen, std::chrono::milliseconds pts);

 private:
  struct Axis {
    float at = 0;
    float speed = 0;  // a second
    // Covariance of `at` and `speed`.
    float place_variance = 0;
    float shared_variance = 0;
    float speed_variance = 0;

    Axis After(float seconds, float acceleration) const;
    void Correct(float seen, float noise);
  };
  using Axes = std::array<Axis, 3>;  // x and y of the centre, logarithm of the side

  Axes After(std::chrono::milliseconds pts) const;
  static std::array<float, 3> Measured(const Box& box);

  Axes axes_{};
  float half_width_per_side_ = 0.5F;
  float half_height_per_side_ = 0.5F;
  std::chrono::milliseconds pts_{0};
};

}  // namespace vigil::pipeline
