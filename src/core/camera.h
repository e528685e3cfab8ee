// Configured cameras and the groups they stand in.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "core/area.h"

namespace vigil {

// Cameras of one place: a person seen by several of them within the visit gap is one visit.
struct CameraGroup {
  std::string id;
  std::string name;
  WallTime created_at{};
  bool operator==(const CameraGroup&) const = default;
};

struct Camera {
  std::string id;
  std::string name;
  Secret url;            // rtsp:// or a file path; holds credentials, write-only towards users
  std::string group_id;  // empty: a group of its own
  bool enabled = true;
  bool from_file = false;  // kept in the configuration file, which alone may change it
  std::optional<int> detect_interval_ms;  // absent: the configuration's
  std::optional<int> min_face_px;
  WatchedArea watched{};     // faces whose centre lies outside are left out
  float face_score_min = 0;  // 0..1: less sure faces are left out; 0: the detector's own limit
  // While nothing moves only keyframes are decoded: cheap, but who appears between two keyframes
  // is seen at the next one.
  bool keyframes_when_idle = false;
  WallTime created_at{};
  WallTime updated_at{};

  // Where visits and cooldowns are counted.
  const std::string& VisitGroup() const { return group_id.empty() ? id : group_id; }
  bool operator==(const Camera&) const = default;
};

}  // namespace vigil
