// /system and /audit, and what monitors ask on a port of their own.
#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"
#include "database/audit_repository.h"

namespace vigil::api {
namespace {

json::object EmbedderJson(const EmbedderInfo& embedder) {
  return {{"id", embedder.space.model_id},
          {"hash", embedder.space.model_hash},
          {"preprocessing", embedder.space.preprocessing},
          {"dimension", embedder.space.dimension},
          {"precision", embedder.precision}};
}

Answer System(const ApiContext& context) {
  const SystemInfo info = context.system_info();
  const GalleryInfo gallery = context.gallery.Info();
  json::array cameras;
  for (const CameraState& state : info.cameras) cameras.push_back(CameraStateJson(state));
  json::array queues;
  for (const QueueState& queue : info.queues) {
    queues.push_back({{"name", queue.name}, {"depth", queue.depth}, {"drops", queue.drops}});
  }
  return JsonResponse({{"version", info.version},
                       {"started_at", FormatTime(info.started_at)},
                       {"time", FormatTime(context.clock.WallNow())},
                       {"cpu", info.cpu},
                       {"detector",
                        {{"id", info.detector.id},
                         {"hash", info.detector.hash},
                         {"precision", info.detector.precision}}},
                       {"embedder", EmbedderJson(info.embedder)},
                       {"photo_embedder", EmbedderJson(context.photos.EmbedderFacts())},
                       {"gallery",
                        {{"sequence", gallery.sequence},
                         {"references", gallery.references},
                         {"persons", gallery.persons}}},
                       {"decision",
                        {{"named_strangers_max", context.policy.named_strangers_max},
                         {"floor", Rounded(context.policy.floor)},
                         {"threshold", Rounded(pipeline::MatchThreshold(context.policy, gallery))},
                         {"calibrated", context.policy.Calibrated()}}},
                       {"cameras", std::move(cameras)},
                       {"queues", std::move(queues)}});
}

Answer Audit(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(
      const database::Page<AuditEntry> entries,
      database::AuditRepository(context.database).List({page.limit, page.after}));
  json::array items;
  for (const AuditEntry& entry : entries.items) {
    const Result<json::value> detail = ParseJson(entry.detail);
    items.push_back({{"id", entry.id},
                     {"at", FormatTime(entry.at)},
                     {"user_id", entry.user_id},
                     {"user_name", entry.user_name},
                     {"action", entry.action},
                     {"object_id", entry.object_id},
                     {"detail", detail ? *detail : json::value(nullptr)}});
  }
  return ListResponse(std::move(items), entries.next);
}

Answer Ready(const ApiContext& context) {
  if (context.ready()) return BodyResponse(200, "text/plain; charset=utf-8", "ready\n");
  return BodyResponse(503, "text/plain; charset=utf-8", "not ready\n");
}

}  // namespace

std::vector<Route> SystemRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/system", Role::kOperator, Lane::kStore, kNoBody,
       [&](const Call&) { return System(context); }},
      {Method::kGet, "/api/v1/audit", Role::kAdmin, Lane::kStore, kNoBody,
       [&](const Call& call) { return Audit(context, call); }},
  };
}

std::vector<Route> MonitoringRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/livez", Role::kPublic, Lane::kQuick, kNoBody,
       [](const Call&) -> Answer {
         return BodyResponse(200, "text/plain; charset=utf-8", "alive\n");
       }},
      {Method::kGet, "/readyz", Role::kPublic, Lane::kStore, kNoBody,
       [&](const Call&) { return Ready(context); }},
      {Method::kGet, "/metrics", Role::kPublic, Lane::kStore, kNoBody,
       [&](const Call&) -> Answer {
         return BodyResponse(200, "text/plain; version=0.0.4; charset=utf-8",
                             context.metrics.Text());
       }},
  };
}

}  // namespace vigil::api
