// Draws the scene: photos that sway over a textured wall, under the noise of a cheap sensor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "camera/photo.h"
#include "camera/scene.h"

namespace vigil::camera {

// Composes frames of one scene. The same scene, photos and seed give the same bytes at the same
// time. One thread at a time may compose into one buffer; the object itself never changes.
class SceneComposer {
 public:
  // `photos` holds one photo for each visit, in their order, with softened edges.
  SceneComposer(Scene scene, std::vector<Photo> photos, std::uint64_t seed);

  const Scene& scene() const { return scene_; }
  std::size_t frame_bytes() const { return wall_.size(); }

  // Writes an I420 picture (BT.601, rows without padding) of frame_bytes(). `time` may lie beyond
  // the scene's duration: it then turns again.
  void Compose(std::chrono::nanoseconds time, std::span<std::uint8_t> frame) const;

 private:
  const Scene scene_;
  const std::vector<Photo> photos_;
  std::vector<std::uint8_t> wall_;  // an empty picture
  std::vector<std::int8_t> noise_;  // longer than a luma plane, read from a changing offset
};

}  // namespace vigil::camera
