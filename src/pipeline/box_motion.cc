// See box_motion.h.
#include "pipeline/box_motion.h"

#include <algorithm>
#include <cmath>

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

// In box sides. Heads of walking people move up to 7 sides a second across the picture, and
// detectors place the same face a few hundredths apart.
constexpr float kPlaceNoise = 0.06F;
constexpr float kFirstSpeed = 3.0F;    // a second, before a second look tells
constexpr float kAcceleration = 8.0F;  // a second, squared
// In logarithms of the side.
constexpr float kSizeNoise = 0.10F;
constexpr float kFirstGrowth = 0.4F;
constexpr float kGrowthChange = 0.4F;
constexpr milliseconds kAheadMax{1500};

float Side(const Box& box) { return std::sqrt(box.Area()); }

}  // namespace

BoxMotion::Axis BoxMotion::Axis::After(float seconds, float acceleration) const {
  const float noise = acceleration * acceleration;
  const float square = seconds * seconds;
  Axis next = *this;
  next.at += speed * seconds;
  next.place_variance +=
      2 * seconds * shared_variance + square * speed_variance + noise * square * square / 4;
  next.shared_variance += seconds * speed_variance + noise * square * seconds / 2;
  next.speed_variance += noise * square;
  return next;
}

void BoxMotion::Axis::Correct(float seen, float noise) {
  const float error = seen - at;
  const float total = place_variance + noise * noise;
  const float place_gain = place_variance / total;
  const float speed_gain = shared_variance / total;
  at += place_gain * error;
  speed += speed_gain * error;
  speed_variance -= speed_gain * shared_variance;
  shared_variance -= place_gain * shared_variance;
  place_variance -= place_gain * place_variance;
}

std::array<float, 3> BoxMotion::Measured(const Box& box) {
  const Point center = box.Center();
  return {center.x, center.y, std::log(Side(box))};
}

BoxMotion::BoxMotion(const Box& box, milliseconds pts)
    : half_width_per_side_(box.Width() / Side(box) / 2),
      half_height_per_side_(box.Height() / Side(box) / 2),
      pts_(pts) {
  const std::array<float, 3> measured = Measured(box);
  const float side = Side(box);
  const std::array<float, 3> noise{kPlaceNoise * side, kPlaceNoise * side, kSizeNoise};
  const std::array<float, 3> speed{kFirstSpeed * side, kFirstSpeed * side, kFirstGrowth};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    axes_[i] = {.at = measured[i],
                .speed = 0,
                .place_variance = noise[i] * noise[i],
                .shared_variance = 0,
                .speed_variance = speed[i] * speed[i]};
  }
}

BoxMotion::Axes BoxMotion::After(milliseconds pts) const {
  const milliseconds ahead = std::clamp(pts - pts_, milliseconds{0}, kAheadMax);
  const float seconds = static_cast<float>(ahead.count()) / 1000;
  const float side = std::exp(axes_[2].at);
  return {axes_[0].After(seconds, kAcceleration * side),
          axes_[1].After(seconds, kAcceleration * side), axes_[2].After(seconds, kGrowthChange)};
}

Box BoxMotion::Predicted(milliseconds pts) const {
  const Axes axes = After(pts);
  const float side = std::exp(axes[2].at);
  const float half_width = half_width_per_side_ * side;
  const float half_height = half_height_per_side_ * side;
  return {axes[0].at - half_width, axes[1].at - half_height, axes[0].at + half_width,
          axes[1].at + half_height};
}

float BoxMotion::Surprise(const Box& seen, milliseconds pts) const {
  const Axes axes = After(pts);
  const std::array<float, 3> measured = Measured(seen);
  const float side = Side(seen);
  const std::array<float, 3> noise{kPlaceNoise * side, kPlaceNoise * side, kSizeNoise};
  float surprise = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const float error = measured[i] - axes[i].at;
    surprise += error * error / (axes[i].place_variance + noise[i] * noise[i]);
  }
  return surprise;
}

void BoxMotion::See(const Box& seen, milliseconds pts) {
  const Axes predicted = After(pts);
  const std::array<float, 3> measured = Measured(seen);
  const float side = Side(seen);
  const std::array<float, 3> noise{kPlaceNoise * side, kPlaceNoise * side, kSizeNoise};
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    axes_[i] = predicted[i];
    axes_[i].Correct(measured[i], noise[i]);
  }
  half_width_per_side_ = seen.Width() / side / 2;
  half_height_per_side_ = seen.Height() / side / 2;
  pts_ = pts;
}

}  // namespace vigil::pipeline
