// What recognition remembers of one camera between two of its frames.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "pipeline/tracker.h"

namespace vigil::pipeline {

// Belongs to one worker at a time (the scheduler sees to it); only `face_tracked` is read by another thread, the ingest
// thread of the camera, whose gate stays open while a face is followed.
class CameraLane {
 public:
  CameraLane(std::string camera_id, int min_face_px, const TrackerOptions& options)
      : camera_id(std::move(camera_id)), min_face_px(min_face_px), tracker(options) {}

  const std::string camera_id;
  const int min_face_px;  // smaller faces of this camera are ignored
  Tracker tracker;
  std::atomic<bool> face_tracked = false;
};

}  // namespace vigil::pipeline
