// /cameras and /camera-groups: what is watched. A camera's URL goes in and never comes out whole.
#include "api/body_fields.h"
#include "api/resources.h"
#include "api/stored_change.h"
#include "base/format.h"
#include "base/time_text.h"
#include "database/camera_repository.h"

namespace vigil::api {
namespace {

using database::CameraGroupRepository;
using database::CameraRepository;

// Polygons of corners [x, y].
Schema AreasSchema() {
  return ListOf(ListOf(ListOf(Number(0, 1), 2, 2), 3, kPolygonCornersMax), 0, kPolygonsMax);
}

Schema CameraSchema() {
  return Object(
      "Camera",
      {{"id", Id(), kRequired},
       {"name", Text(), kRequired},
       {"url", Described(Text(), "with its password masked"), kRequired},
       {"group_id", Nullable(Id()), kRequired},
       {"enabled", Flag(), kRequired},
       {"from_file", Described(Flag(), "kept in the configuration file: changed there"), kRequired},
       {"detect_interval_ms", Nullable(Count()), kRequired},
       {"min_face_px", Nullable(Count()), kRequired},
       {"areas", AreasSchema(), kRequired},
       {"excluded_areas", AreasSchema(), kRequired},
       {"face_score_min", Number(), kRequired},
       {"keyframes_when_idle", Flag(), kRequired},
       {"created_at", Time(), kRequired},
       {"updated_at", Time(), kRequired},
       {"state", Described(Nullable(CameraStateSchema()), "null while nothing is known"),
        kRequired}});
}

Schema CameraBody() {
  return Object(
      "CameraCreate",
      {{"name", Text(1, 100), kRequired},
       {"url",
        Described(Text(1, 2000),
                  "rtsp:// or rtsps://, user and password in it; never told "
                  "again"),
        kRequired},
       {"group_id", Nullable(Text(0, 100))},
       {"enabled", Flag()},
       {"detect_interval_ms",
        Described(Nullable(Integer(20, 60'000)), "null: as configured for all cameras")},
       {"min_face_px", Described(Nullable(Integer(12, 1000)), "null: as configured for all")},
       {"areas",
        Described(AreasSchema(),
                  "polygons of corners [x, y], shares of width and height: faces are looked for in "
                  "them alone; none: everywhere")},
       {"excluded_areas", Described(AreasSchema(), "faces and motion in them are left out")},
       {"face_score_min",
        Described(Number(0, 1), "less sure faces are left out; 0: the detector's own limit")},
       {"keyframes_when_idle", Described(Flag(), "decode keyframes alone while nothing moves")}});
}

json::array AreasJson(const std::vector<Polygon>& areas) {
  json::array polygons;
  for (const Polygon& area : areas) {
    json::array& corners = polygons.emplace_back(json::array()).get_array();
    for (const Point& corner : area) {
      corners.push_back({ShortDecimal(corner.x), ShortDecimal(corner.y)});
    }
  }
  return polygons;
}

// Nothing when `given` is no list of corners.
std::optional<Polygon> PolygonOf(const json::value& given) {
  const auto* corners = given.if_array();
  if (corners == nullptr) return std::nullopt;
  Polygon polygon;
  for (const json::value& corner : *corners) {
    const auto* pair = corner.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number())
      return std::nullopt;
    polygon.push_back(
        {RoundedShare((*pair)[0].to_number<float>()), RoundedShare((*pair)[1].to_number<float>())});
  }
  return polygon;
}

void ReadAreas(BodyFields& fields, std::string_view field, std::vector<Polygon>& target) {
  const json::value* given = fields.Find(field);
  if (given == nullptr) return;
  const auto* areas = given->if_array();
  if (areas == nullptr || areas->size() > kPolygonsMax) {
    return fields.Wrong(field, format("must be a list of at most {} areas", kPolygonsMax));
  }
  std::vector<Polygon> polygons;
  for (const json::value& area : *areas) {
    auto polygon = PolygonOf(area);
    if (!polygon) return fields.Wrong(field, "must be lists of corners [x, y]");
    if (const Status checked = CheckPolygon(*polygon); !checked) {
      return fields.Wrong(field,
                          format("area {}: {}", polygons.size() + 1, checked.error().message));
    }
    polygons.push_back(*std::move(polygon));
  }
  target = std::move(polygons);
}

json::object CameraJson(const Camera& camera, const CameraState* state) {
  json::object object{{"id", camera.id},
                      {"name", camera.name},
                      {"url", MaskUrl(camera.url.Reveal())},
                      {"group_id", nullptr},
                      {"enabled", camera.enabled},
                      {"from_file", camera.from_file},
                      {"detect_interval_ms", nullptr},
                      {"min_face_px", nullptr},
                      {"areas", AreasJson(camera.watched.areas)},
                      {"excluded_areas", AreasJson(camera.watched.excluded)},
                      {"face_score_min", ShortDecimal(camera.face_score_min)},
                      {"keyframes_when_idle", camera.keyframes_when_idle},
                      {"created_at", FormatTime(camera.created_at)},
                      {"updated_at", FormatTime(camera.updated_at)},
                      {"state", state == nullptr ? json::value(nullptr) : CameraStateJson(*state)}};
  if (!camera.group_id.empty()) object["group_id"] = camera.group_id;
  if (camera.detect_interval_ms) object["detect_interval_ms"] = *camera.detect_interval_ms;
  if (camera.min_face_px) object["min_face_px"] = *camera.min_face_px;
  return object;
}

const CameraState* StateOf(const SystemInfo& info, const std::string& camera_id) {
  for (const CameraState& state : info.cameras) {
    if (state.id == camera_id) return &state;
  }
  return nullptr;
}

void ReadCamera(BodyFields& fields, Camera& camera) {
  fields.Text("name", camera.name);
  std::string url;
  fields.Text("url", url);
  if (!url.empty()) {
    // Only live streams: a path would let an administrator of the API read files of the machine.
    if (!camera.url.Empty() && url == MaskUrl(camera.url.Reveal())) {
      // A client that sends back what it read means no change.
    } else if (url.starts_with("rtsp://") || url.starts_with("rtsps://")) {
      camera.url = Secret(url);
    } else {
      fields.Wrong("url", "must begin with rtsp:// or rtsps://");
    }
  }
  fields.Text("group_id", camera.group_id);
  fields.Flag("enabled", camera.enabled);
  fields.Integer("detect_interval_ms", camera.detect_interval_ms);
  fields.Integer("min_face_px", camera.min_face_px);
  ReadAreas(fields, "areas", camera.watched.areas);
  ReadAreas(fields, "excluded_areas", camera.watched.excluded);
  std::optional<double> score;
  fields.Number("face_score_min", score);
  if (score) camera.face_score_min = static_cast<float>(*score);
  fields.Flag("keyframes_when_idle", camera.keyframes_when_idle);
}

Answer List(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Camera> cameras,
                         CameraRepository(context.database).List());
  const SystemInfo info = context.system_info();
  json::array items;
  for (const Camera& camera : cameras) {
    items.push_back(CameraJson(camera, StateOf(info, camera.id)));
  }
  return ListResponse(std::move(items), "");
}

Answer Create(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  Camera camera;
  ReadCamera(fields, camera);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  VIGIL_ASSIGN_OR_RETURN(camera, CameraRepository(context.database).Create(camera));
  context.cameras_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "camera.create", camera.id, {{"name", camera.name}}));
  return JsonResponse(CameraJson(camera, nullptr), 201);
}

Answer Get(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Camera camera,
                         CameraRepository(context.database).Get(call.Parameter("id")));
  const SystemInfo info = context.system_info();
  return JsonResponse(CameraJson(camera, StateOf(info, camera.id)));
}

// The file would undo the change at the next start.
Status RefuseFromFile(const ApiContext& context, const Camera& camera) {
  if (!camera.from_file) return {};
  return Fail(ErrorCode::kConflict,
              format("camera {} is kept in {}: change it there and restart vigil", camera.name,
                     context.cameras_kept_in));
}

Answer Change(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  const auto edit = [&](Camera& stored) -> std::optional<Problem> {
    if (Status kept = RefuseFromFile(context, stored); !kept)
      return Problem(std::move(kept).error());
    ReadCamera(fields, stored);
    return fields.Finish();
  };
  VIGIL_ASSIGN_OR_RETURN(
      const Camera camera,
      ChangeStored<Camera>(CameraRepository(context.database), call.Parameter("id"), edit));
  context.cameras_changed();
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "camera.change", camera.id, {{"name", camera.name}}));
  return JsonResponse(CameraJson(camera, nullptr));
}

Answer Delete(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  CameraRepository cameras(context.database);
  // One whose sealed URL was altered cannot be read, but must be deletable.
  const Result<Camera> camera = cameras.Get(id);
  if (camera.has_value()) VIGIL_RETURN_IF_ERROR(RefuseFromFile(context, *camera));
  VIGIL_RETURN_IF_ERROR(cameras.Delete(id));
  context.cameras_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "camera.delete", id));
  return NoContent();
}

Schema GroupSchema() {
  return Object(
      "CameraGroup",
      {{"id", Id(), kRequired}, {"name", Text(), kRequired}, {"created_at", Time(), kRequired}});
}

Schema GroupBody() { return Object("CameraGroupCreate", {{"name", Text(1, 100), kRequired}}); }

json::object GroupJson(const CameraGroup& group) {
  return {{"id", group.id}, {"name", group.name}, {"created_at", FormatTime(group.created_at)}};
}

Answer ListGroups(const ApiContext& context) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<CameraGroup> groups,
                         CameraGroupRepository(context.database).List());
  json::array items;
  for (const CameraGroup& group : groups) items.push_back(GroupJson(group));
  return ListResponse(std::move(items), "");
}

Answer SaveGroup(const ApiContext& context, const Call& call, CameraGroup group) {
  const bool is_new = group.id.empty();
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  fields.Text("name", group.name);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  CameraGroupRepository groups(context.database);
  VIGIL_ASSIGN_OR_RETURN(group, is_new ? groups.Create(group) : groups.Update(group));
  context.cameras_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who,
                                    is_new ? "camera_group.create" : "camera_group.change",
                                    group.id, {{"name", group.name}}));
  return JsonResponse(GroupJson(group), is_new ? 201 : 200);
}

Answer ChangeGroup(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(CameraGroup group,
                         CameraGroupRepository(context.database).Get(call.Parameter("id")));
  return SaveGroup(context, call, std::move(group));
}

Answer DeleteGroup(const ApiContext& context, const Call& call) {
  const std::string& id = call.Parameter("id");
  VIGIL_RETURN_IF_ERROR(CameraGroupRepository(context.database).Delete(id));
  context.cameras_changed();
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "camera_group.delete", id));
  return NoContent();
}

}  // namespace

std::vector<Route> CameraRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/cameras", Role::kOperator, Lane::kStore, kNoBody,
       Description("listCameras", "cameras", "All cameras with their state.",
                   Gives(PageSchema(CameraSchema()))),
       [&](const Call&) { return List(context); }},
      {Method::kPost, "/api/v1/cameras", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createCamera", "cameras", "Adds a camera.", Gives(CameraSchema(), 201))
           .Takes(CameraBody())
           .Fails({409}),
       [&](const Call& call) { return Create(context, call); }},
      {Method::kGet, "/api/v1/cameras/{id}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getCamera", "cameras", "One camera with its state.", Gives(CameraSchema())),
       [&](const Call& call) { return Get(context, call); }},
      {Method::kPatch, "/api/v1/cameras/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changeCamera", "cameras", "Changes a camera.", Gives(CameraSchema()))
           .Notes("The URL as it was read, with its mask, means no change.")
           .Takes(Change("CameraChange", CameraBody()))
           .Fails({409}),
       [&](const Call& call) { return Change(context, call); }},
      {Method::kDelete, "/api/v1/cameras/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteCamera", "cameras", "Removes a camera; its incidents stay.",
                   GivesNothing())
           .Fails({409}),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

std::vector<Route> CameraGroupRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/camera-groups", Role::kOperator, Lane::kStore, kNoBody,
       Description("listCameraGroups", "camera-groups", "All groups of cameras.",
                   Gives(PageSchema(GroupSchema()))),
       [&](const Call&) { return ListGroups(context); }},
      {Method::kPost, "/api/v1/camera-groups", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("createCameraGroup", "camera-groups", "Adds a group.", Gives(GroupSchema(), 201))
           .Takes(GroupBody())
           .Fails({409}),
       [&](const Call& call) { return SaveGroup(context, call, {}); }},
      {Method::kPatch, "/api/v1/camera-groups/{id}", Role::kAdmin, Lane::kStore, kJsonBodyBytesMax,
       Description("changeCameraGroup", "camera-groups", "Renames a group.", Gives(GroupSchema()))
           .Takes(Change("CameraGroupChange", GroupBody()))
           .Fails({409}),
       [&](const Call& call) { return ChangeGroup(context, call); }},
      {Method::kDelete, "/api/v1/camera-groups/{id}", Role::kAdmin, Lane::kStore, kNoBody,
       Description("deleteCameraGroup", "camera-groups", "Removes a group; its cameras stay.",
                   GivesNothing())
           .Fails({409}),
       [&](const Call& call) { return DeleteGroup(context, call); }},
  };
}

}  // namespace vigil::api
