// The port behind which liveness detectors can be swapped.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/detection.h"
#include "core/frame.h"
#include "core/image.h"

namespace vigil {

struct LivenessInfo {
  std::string id;         // "minifasnet"
  std::string hash;       // SHA-256 of the source weights, hex
  std::string precision;  // "f32", "bf16", "i8"
};

// A face with its surroundings as one detector wants them: the rim of a photo or a screen tells as
// much as the face. One picture for each network that looks.
struct LivenessView {
  std::vector<RgbImage> pictures;
};

// Tells a living face from a picture of one that is held before the camera. Used by one thread at a
// time; each recognition worker owns one. Nothing here blocks on the outside. Errors:
// kInvalidArgument for views that are not of this detector, kInternal when inference fails.
class LivenessDetector {
 public:
  virtual ~LivenessDetector() = default;
  // Cuts the views from the full-resolution frame.
  virtual LivenessView View(const Frame& frame, const Detection& face) const = 0;
  // How likely each face is a living one, 0..1, in the order of `views`. Any number of views.
  virtual Result<std::vector<float>> Judge(std::span<const LivenessView> views) = 0;
  virtual const LivenessInfo& Info() const = 0;
};

}  // namespace vigil
