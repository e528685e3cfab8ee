// Drawing the scene: a room, photos laid into it, noise over all.
#pragma once

#include <random>

#include "core/image.h"

namespace vigil::camera {

inline constexpr int kSceneWidth = 1280;
inline constexpr int kSceneHeight = 720;

// Where a photo stands: centre and height in pixels, tilt clockwise.
struct Placement {
  double x = 0;
  double y = 0;
  double height = 0;
  double tilt_rad = 0;
};

RgbImage MakeRoom();
// Lays the photo into the picture with soft edges.
void Paste(const RgbImage& photo, const Placement& at, RgbImage& picture);
// A large photo sampled at a small size would flicker: half its size, averaged.
RgbImage Halve(const RgbImage& image);
void AddNoise(std::minstd_rand& random, RgbImage& picture);

}  // namespace vigil::camera
