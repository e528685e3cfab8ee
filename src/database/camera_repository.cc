// SQL of cameras and camera groups.
#include "database/camera_repository.h"

#include <algorithm>

#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/uuid.h"
#include "database/rows.h"
#include "database/watchlist_repository.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelectCamera =
    "SELECT id, name, url, group_id, enabled, from_file, detect_interval_ms, min_face_px, "
    "areas, excluded_areas, face_score_min, keyframes_when_idle, created_at, updated_at "
    "FROM cameras ";

std::string UrlContext(const std::string& id) { return SealContext("cameras", id, "url"); }

Value GroupOf(const Camera& camera) {
  return camera.group_id.empty() ? Value() : Value(camera.group_id);
}

std::string LinesOf(const std::vector<Polygon>& polygons) {
  std::string lines;
  for (const Polygon& polygon : polygons) lines += PolygonText(polygon) + "\n";
  return lines;
}

// A line that somebody damaged is left out: better too much is watched than too little.
std::vector<Polygon> PolygonsOf(std::string_view lines) {
  std::vector<Polygon> polygons;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    if (auto polygon = ParsePolygon(lines.substr(0, end))) polygons.push_back(*std::move(polygon));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return polygons;
}

// Everything but the URL.
Camera CameraOf(const Row& row) {
  return {.id = row.Text("id"),
          .name = row.Text("name"),
          .url = {},
          .group_id = row.Text("group_id"),
          .enabled = row.Flag("enabled"),
          .from_file = row.Flag("from_file"),
          .detect_interval_ms = row.OptionalInt("detect_interval_ms"),
          .min_face_px = row.OptionalInt("min_face_px"),
          .watched = {.areas = PolygonsOf(row.Text("areas")),
                      .excluded = PolygonsOf(row.Text("excluded_areas"))},
          .face_score_min = static_cast<float>(row.Real("face_score_min")),
          .keyframes_when_idle = row.Flag("keyframes_when_idle"),
          .created_at = row.Time("created_at"),
          .updated_at = row.Time("updated_at")};
}

Status OpenUrl(Camera& camera, const Row& row, const Sealer& sealer) {
  Result<std::string> url = sealer.OpenText(row.Blob("url"), UrlContext(camera.id));
  if (!url.has_value()) return Annotate(url.error(), format("URL of camera {}", camera.name));
  camera.url = Secret(*std::move(url));
  return {};
}

Status CheckNames(Connection& connection, const Camera& camera) {
  VIGIL_ASSIGN_OR_RETURN(const Answer same_name,
                         connection.Execute("SELECT id FROM cameras WHERE name = $1 AND id <> $2",
                                            {camera.name, camera.id}));
  if (!same_name.rows.empty()) {
    return Fail(ErrorCode::kConflict,
                format("a camera named {} exists already: choose another name", camera.name));
  }
  if (camera.group_id.empty()) return {};
  VIGIL_ASSIGN_OR_RETURN(
      const Answer group,
      connection.Execute("SELECT id FROM camera_groups WHERE id = $1", {camera.group_id}));
  if (group.rows.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                format("there is no camera group {}", camera.group_id));
  }
  return {};
}

Result<Camera> FindCamera(Connection& connection, const Sealer& sealer, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelectCamera) + "WHERE id = $1", {id}));
  if (answer.rows.empty()) return Fail(ErrorCode::kNotFound, format("there is no camera {}", id));
  Camera camera = CameraOf(answer.rows.front());
  VIGIL_RETURN_IF_ERROR(OpenUrl(camera, answer.rows.front(), sealer));
  return camera;
}

CameraGroup GroupFromRow(const Row& row) {
  return {row.Text("id"), row.Text("name"), row.Time("created_at")};
}

std::unexpected<Error> NoSuchGroup(const std::string& id) {
  return Fail(ErrorCode::kNotFound, format("there is no camera group {}", id));
}

Status CheckGroupName(Connection& connection, const CameraGroup& group) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer same_name,
      connection.Execute("SELECT id FROM camera_groups WHERE name = $1 AND id <> $2",
                         {group.name, group.id}));
  if (same_name.rows.empty()) return {};
  return Fail(ErrorCode::kConflict,
              format("a camera group named {} exists already: choose another name", group.name));
}

Result<CameraGroup> FindGroup(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT id, name, created_at FROM camera_groups WHERE id = $1", {id}));
  if (answer.rows.empty()) return NoSuchGroup(id);
  return GroupFromRow(answer.rows.front());
}

Result<Camera> Save(Connection& connection, const Database& database, Camera camera) {
  const Sealer& sealer = database.GetSealer();
  camera.updated_at = database.GetClock().WallNow();
  VIGIL_RETURN_IF_ERROR(CheckNames(connection, camera));
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "UPDATE cameras SET name = $2, url = $3, group_id = $4, enabled = $5, "
      "detect_interval_ms = $6, min_face_px = $7, updated_at = $8, from_file = $9, areas = $10, "
      "excluded_areas = $11, face_score_min = $12, keyframes_when_idle = $13 WHERE id = $1",
      {camera.id, camera.name, sealer.SealText(camera.url.Reveal(), UrlContext(camera.id)),
       GroupOf(camera), camera.enabled, camera.detect_interval_ms, camera.min_face_px,
       camera.updated_at, camera.from_file, LinesOf(camera.watched.areas),
       LinesOf(camera.watched.excluded), ShortDecimal(camera.face_score_min),
       camera.keyframes_when_idle}));
  return FindCamera(connection, sealer, camera.id);
}

}  // namespace

Result<Camera> CameraRepository::Create(Camera camera) {
  const Clock& clock = database_.GetClock();
  if (camera.id.empty()) camera.id = MakeUuid(clock);
  camera.created_at = camera.updated_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<Camera> {
    VIGIL_RETURN_IF_ERROR(CheckNames(connection, camera));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO cameras (id, name, url, group_id, enabled, detect_interval_ms, min_face_px, "
        "created_at, updated_at, from_file, areas, excluded_areas, face_score_min, "
        "keyframes_when_idle) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13)",
        {camera.id, camera.name,
         database_.GetSealer().SealText(camera.url.Reveal(), UrlContext(camera.id)),
         GroupOf(camera), camera.enabled, camera.detect_interval_ms, camera.min_face_px,
         camera.created_at, camera.from_file, LinesOf(camera.watched.areas),
         LinesOf(camera.watched.excluded), ShortDecimal(camera.face_score_min),
         camera.keyframes_when_idle}));
    return camera;
  });
}

Result<Camera> CameraRepository::Get(const std::string& id) {
  return database_.Read(
      [&](Connection& connection) { return FindCamera(connection, database_.GetSealer(), id); });
}

Result<std::vector<Camera>> CameraRepository::List() {
  return database_.Read([&](Connection& connection) -> Result<std::vector<Camera>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(std::string(kSelectCamera) + "ORDER BY name, id", {}));
    std::vector<Camera> cameras;
    for (const Row& row : answer.rows) {
      Camera camera = CameraOf(row);
      // One damaged camera must not take the others down: it shows up without a URL.
      if (const Status opened = OpenUrl(camera, row, database_.GetSealer()); !opened.has_value()) {
        LogError("database", "{}; set the URL of this camera again", opened.error().message);
      }
      cameras.push_back(std::move(camera));
    }
    return cameras;
  });
}

Result<Camera> CameraRepository::Update(Camera camera) {
  return database_.Write(
      [&](Connection& connection) { return Save(connection, database_, camera); });
}

Result<Camera> CameraRepository::Change(const std::string& id,
                                        const std::function<Status(Camera&)>& edit) {
  return database_.Write([&](Connection& connection) -> Result<Camera> {
    VIGIL_ASSIGN_OR_RETURN(Camera camera, FindCamera(connection, database_.GetSealer(), id));
    VIGIL_RETURN_IF_ERROR(edit(camera));
    return Save(connection, database_, std::move(camera));
  });
}

Status CameraRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(RefuseWhileListed(connection, id));
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("DELETE FROM cameras WHERE id = $1", {id}));
    if (answer.changed == 0) return Fail(ErrorCode::kNotFound, format("there is no camera {}", id));
    return {};
  });
}

Result<CameraGroup> CameraGroupRepository::Create(CameraGroup group) {
  const Clock& clock = database_.GetClock();
  if (group.id.empty()) group.id = MakeUuid(clock);
  group.created_at = clock.WallNow();
  return database_.Write([&](Connection& connection) -> Result<CameraGroup> {
    VIGIL_RETURN_IF_ERROR(CheckGroupName(connection, group));
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("INSERT INTO camera_groups (id, name, created_at) VALUES ($1, $2, $3)",
                           {group.id, group.name, group.created_at}));
    return group;
  });
}

Result<CameraGroup> CameraGroupRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return FindGroup(connection, id); });
}

Result<std::vector<CameraGroup>> CameraGroupRepository::List() {
  return database_.Read([&](Connection& connection) -> Result<std::vector<CameraGroup>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT id, name, created_at FROM camera_groups ORDER BY name", {}));
    std::vector<CameraGroup> groups;
    groups.reserve(answer.rows.size());
    for (const Row& row : answer.rows) groups.push_back(GroupFromRow(row));
    return groups;
  });
}

Result<CameraGroup> CameraGroupRepository::Update(CameraGroup group) {
  return database_.Write([&](Connection& connection) -> Result<CameraGroup> {
    VIGIL_RETURN_IF_ERROR(CheckGroupName(connection, group));
    VIGIL_RETURN_IF_ERROR(connection.Execute("UPDATE camera_groups SET name = $2 WHERE id = $1",
                                             {group.id, group.name}));
    return FindGroup(connection, group.id);
  });
}

Status CameraGroupRepository::Delete(const std::string& id) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(RefuseWhileListed(connection, id));
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("DELETE FROM camera_groups WHERE id = $1", {id}));
    if (answer.changed == 0) return NoSuchGroup(id);
    return {};
  });
}

}  // namespace vigil::database
