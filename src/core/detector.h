// The port behind which face detectors can be swapped.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "core/detection.h"
#include "core/frame.h"
#include "core/model_info.h"

namespace vigil {

// Finds faces and their five landmarks. Used by one thread at a time; each recognition worker owns
// one. Frames are only read. Detect does not block on anything outside and needs no stop.
// Detections are sorted by falling score; coordinates are pixels of the frame. Errors:
// kInvalidArgument for a frame without pixels, kInternal when inference fails.
class Detector {
 public:
  virtual ~Detector() = default;
  // One list of detections a frame, in the order of `frames`. Faces smaller than `min_face_px` are
  // not looked for, which costs less; below the detector's own limit it changes nothing.
  virtual Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames,
                                                             int min_face_px) = 0;
  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames) {
    return Detect(frames, 0);
  }
  virtual const DetectorInfo& Info() const = 0;
};

}  // namespace vigil
