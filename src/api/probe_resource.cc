// /cameras/{id}/probe: a short look at a camera beside recognition: what it sends, or why it sends
// nothing.
#include "api/body_fields.h"
#include "api/resources.h"
#include "database/camera_repository.h"
#include "media/probe_json.h"

namespace vigil::api {
namespace {

Schema ProbeSchema() {
  return Object(
      "Probe",
      {{"camera_id", Id(), kRequired},
       {"reachable", Described(Flag(), "false: cause, mend and message follow, else the rest"),
        kRequired},
       {"codec", Described(Text(), "as FFmpeg names it: h264, hevc")},
       {"width", Count()},
       {"height", Count()},
       {"frames_per_second", Described(Nullable(Number()), "measured")},
       {"announced_frames_per_second", Nullable(Number())},
       {"keyframe_interval_s",
        Described(Nullable(Number()), "measured; null: fewer than two key frames came")},
       {"packets", Count()},
       {"keyframes", Count()},
       {"first_packet_after_ms", Count()},
       {"cause", Text()},
       {"mend", Described(Text(), "what to check")},
       {"message", Text()}});
}

Answer Probe(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Camera camera,
                         database::CameraRepository(context.database).Get(call.Parameter("id")));
  const auto facts = media::ProbeStream(camera.url, {}, context.stopping);
  // A stop of the program says nothing about the camera.
  if (!facts && facts.error().error.code == ErrorCode::kCancelled) {
    return std::unexpected(facts.error().error);
  }
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "camera.probe", camera.id,
                                    {{"reachable", facts.has_value()}}));
  json::object object{{"camera_id", camera.id}};
  for (const auto& entry : media::ProbeJson(facts)) object.insert(entry);
  return JsonResponse(object);
}

}  // namespace

std::vector<Route> ProbeRoutes(const ApiContext& context) {
  return {
      {Method::kPost, "/api/v1/cameras/{id}/probe", Role::kAdmin, Lane::kRemote, kNoBody,
       Description("probeCamera", "cameras",
                   "Connects and tells what the camera sends, or why it sends nothing.",
                   Gives(ProbeSchema()))
           .Notes("Takes up to eleven seconds. A camera that fails is an answer, no error."),
       [&](const Call& call) { return Probe(context, call); }},
  };
}

}  // namespace vigil::api
