// See configured_cameras.h.
#include "app/configured_cameras.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"

namespace vigil::app {
namespace {

bool IsConfigured(const config::Config& config, const std::string& name) {
  return std::ranges::any_of(config.cameras, [&](const auto& one) { return one.name == name; });
}

Result<std::string> GroupId(const std::string& name, std::vector<CameraGroup>& known,
                            database::CameraGroupRepository& groups) {
  if (name.empty()) return std::string();
  auto group = std::ranges::find(known, name, &CameraGroup::name);
  if (group == known.end()) {
    VIGIL_ASSIGN_OR_RETURN(CameraGroup made, groups.Create({.id = {}, .name = name}));
    group = known.insert(known.end(), std::move(made));
  }
  return group->id;
}

// The configuration has been validated.
std::vector<Polygon> PolygonsOf(const std::vector<std::string>& texts) {
  std::vector<Polygon> polygons;
  for (const std::string& text : texts) {
    if (auto polygon = ParsePolygon(text)) polygons.push_back(*std::move(polygon));
  }
  return polygons;
}

// Takes the camera that `wanted` was until now out of `known`; a new one when there was none.
Camera TakeEarlier(const config::CameraConfig& wanted, const config::Config& config,
                   std::vector<Camera>& known) {
  auto earlier = std::ranges::find(known, wanted.name, &Camera::name);
  if (earlier == known.end()) {
    earlier = std::ranges::find_if(known, [&](const Camera& camera) {
      return camera.from_file && camera.url == wanted.url && !IsConfigured(config, camera.name);
    });
    if (earlier != known.end()) {
      LogInfo("cameras", "camera {} is now called {} in {}", earlier->name, wanted.name,
              CamerasKeptIn(config));
    }
  } else if (!earlier->from_file) {
    LogInfo("cameras", "camera {} is kept in {} from now on", wanted.name, CamerasKeptIn(config));
  }
  if (earlier == known.end()) return {};
  Camera camera = std::move(*earlier);
  known.erase(earlier);
  return camera;
}

}  // namespace

Status SyncConfiguredCameras(const config::Config& config, database::CameraRepository& cameras,
                             database::CameraGroupRepository& groups) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<CameraGroup> known_groups, groups.List());
  VIGIL_ASSIGN_OR_RETURN(std::vector<Camera> known, cameras.List());
  for (const auto& wanted : config.cameras) {
    const Camera earlier = TakeEarlier(wanted, config, known);
    Camera camera = earlier;
    camera.name = wanted.name;
    camera.url = wanted.url;
    camera.enabled = wanted.enabled;
    camera.from_file = true;
    camera.detect_interval_ms = wanted.detect_interval_ms;
    camera.min_face_px = wanted.min_face_px;
    camera.watched = {.areas = PolygonsOf(wanted.areas),
                      .excluded = PolygonsOf(wanted.excluded_areas)};
    camera.face_score_min = static_cast<float>(wanted.face_score_min);
    camera.keyframes_when_idle = wanted.keyframes_when_idle;
    VIGIL_ASSIGN_OR_RETURN(camera.group_id, GroupId(wanted.group, known_groups, groups));
    if (camera == earlier) continue;
    const auto stored = camera.id.empty() ? cameras.Create(camera) : cameras.Update(camera);
    if (!stored) return Annotate(stored.error(), "storing the configured camera " + wanted.name);
  }
  for (const Camera& left : known) {
    if (!left.from_file) continue;
    const Status deleted = cameras.Delete(left.id);
    if (!deleted && deleted.error().code == ErrorCode::kConflict) {
      Camera kept = left;
      kept.enabled = false;
      kept.from_file = false;
      VIGIL_RETURN_IF_ERROR(cameras.Update(kept));
      LogWarning("cameras", "{}; it is switched off instead", deleted.error().message);
      continue;
    }
    VIGIL_RETURN_IF_ERROR(deleted);
    LogWarning("cameras", "camera {} is no longer watched: it is not in {} any more", left.name,
               CamerasKeptIn(config));
  }
  return {};
}

std::string CamerasKeptIn(const config::Config& config) {
  if (config.file.empty()) return "the configuration";
  return format("the configuration file {}", config.file.string());
}

}  // namespace vigil::app
