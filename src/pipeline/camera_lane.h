// What recognition remembers of one camera between two of its frames.
#pragma once

#include <atomic>
#include <utility>
#include <vector>

#include "core/camera.h"
#include "pipeline/tracker.h"

namespace vigil::pipeline {

// Belongs to one worker at a time (the scheduler sees to it); only `face_tracked` is read by
// another thread, the ingest thread of the camera, whose gate stays open while a face is followed.
class CameraLane {
 public:
  // Faces whose shorter side is below `smallest_face_px` are ignored on this camera.
  CameraLane(Camera owner, int smallest_face_px, const TrackerOptions& options)
      : camera(std::move(owner)), min_face_px(smallest_face_px), tracker(options) {}

  const Camera camera;
  const int min_face_px;
  Tracker tracker;
  // Tracks that ended while inference failed: the next frame's work tries once more.
  std::vector<Track> unsettled;
  std::atomic<bool> face_tracked = false;
};

}  // namespace vigil::pipeline
