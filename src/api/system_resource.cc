// /system, and what monitors ask on a port of their own.
#include "api/body_fields.h"
#include "api/resources.h"
#include "base/time_text.h"

namespace vigil::api {
namespace {

Schema EmbedderSchema() {
  return Object("Embedder", {{"id", Text(), kRequired},
                             {"hash", Text(), kRequired},
                             {"preprocessing", Text(), kRequired},
                             {"dimension", Count(), kRequired},
                             {"precision", Text(), kRequired}});
}

Schema SystemSchema() {
  const Schema detector = Object(
      "Detector",
      {{"id", Text(), kRequired}, {"hash", Text(), kRequired}, {"precision", Text(), kRequired}});
  const Schema decision = Object("DecisionPolicy", {{"named_strangers_max", Number(), kRequired},
                                                    {"floor", Number(), kRequired},
                                                    {"threshold", Number(), kRequired},
                                                    {"calibrated", Flag(), kRequired}});
  const Schema disk =
      Object("Disk", {{"free_bytes", Count(), kRequired}, {"capacity_bytes", Count(), kRequired}});
  const Schema queue = Object(
      "Queue",
      {{"name", Text(), kRequired}, {"depth", Count(), kRequired}, {"drops", Count(), kRequired}});
  const Schema channel = Object("ChannelHealth", {{"name", Text(), kRequired},
                                                  {"failing_since", Nullable(Time()), kRequired},
                                                  {"last_error", Text(), kRequired},
                                                  {"last_sent_at", Nullable(Time()), kRequired}});
  const Schema index = Object(
      "GalleryIndex",
      {{"kind",
        Described(Text(),
                  "exact: every face is compared; approximate: those of the nearest "
                  "clusters"),
        kRequired},
       {"learning", Described(Flag(), "clusters are made in the background"), kRequired},
       {"lists", Count(), kRequired},
       {"lists_read", Described(Count(), "by a search"), kRequired},
       {"searches_sampled", Described(Count(), "repeated exactly to watch recall"), kRequired},
       {"recall_at_1", Nullable(Number(0, 1)), kRequired},
       {"recall_at_10", Nullable(Number(0, 1)), kRequired},
       {"last_error", Text(), kRequired}});
  return Object("System", {{"version", Text(), kRequired},
                           {"started_at", Time(), kRequired},
                           {"time", Time(), kRequired},
                           {"cpu", Text(), kRequired},
                           {"detector", detector, kRequired},
                           {"embedder", EmbedderSchema(), kRequired},
                           {"photo_embedder", EmbedderSchema(), kRequired},
                           {"gallery", GallerySchema(), kRequired},
                           {"gallery_index", index, kRequired},
                           {"decision", decision, kRequired},
                           {"cameras", ListOf(CameraStateSchema()), kRequired},
                           {"queues", ListOf(queue), kRequired},
                           {"channels", ListOf(channel), kRequired},
                           {"disk", Described(disk, "of the data directory"), kRequired}});
}

json::object EmbedderJson(const EmbedderInfo& embedder) {
  return {{"id", embedder.space.model_id},
          {"hash", embedder.space.model_hash},
          {"preprocessing", embedder.space.preprocessing},
          {"dimension", embedder.space.dimension},
          {"precision", embedder.precision}};
}

json::value RecallJson(const std::optional<double>& recall) {
  return recall ? json::value(*recall) : json::value(nullptr);
}

json::object IndexJson(const gallery::FaissIndexState& index) {
  return {{"kind", index.uses_lists ? "approximate" : "exact"},
          {"learning", index.training},
          {"lists", index.lists},
          {"lists_read", index.lists_probed},
          {"searches_sampled", index.searches_sampled},
          {"recall_at_1", RecallJson(index.recall_at_1)},
          {"recall_at_10", RecallJson(index.recall_at_10)},
          {"last_error", index.last_error}};
}

Answer System(const ApiContext& context) {
  const auto turn = context.EnterTurn();
  const SystemInfo info = context.system_info();
  const GalleryInfo gallery = context.gallery.Info();
  json::array cameras;
  for (const CameraState& state : info.cameras) cameras.push_back(CameraStateJson(state));
  json::array queues;
  for (const QueueState& queue : info.queues) {
    queues.push_back({{"name", queue.name}, {"depth", queue.depth}, {"drops", queue.drops}});
  }
  json::object disk{{"free_bytes", info.disk.free_bytes},
                    {"capacity_bytes", info.disk.capacity_bytes}};
  json::array channels;
  for (const alerts::ChannelState& channel : info.channels) {
    channels.push_back({{"name", channel.name},
                        {"failing_since", TimeJson(channel.failing_since)},
                        {"last_error", channel.last_error},
                        {"last_sent_at", TimeJson(channel.last_sent_at)}});
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
                       {"gallery", GalleryJson(gallery)},
                       {"gallery_index", IndexJson(info.gallery_index)},
                       {"decision",
                        {{"named_strangers_max", context.policy.named_strangers_max},
                         {"floor", Rounded(context.policy.floor)},
                         {"threshold", Rounded(pipeline::MatchThreshold(context.policy, gallery))},
                         {"calibrated", context.policy.Calibrated()}}},
                       {"cameras", std::move(cameras)},
                       {"queues", std::move(queues)},
                       {"channels", std::move(channels)},
                       {"disk", std::move(disk)}});
}

Answer Ready(const ApiContext& context) {
  if (context.ready()) return BodyResponse(200, "text/plain; charset=utf-8", "ready\n");
  return BodyResponse(503, "text/plain; charset=utf-8", "not ready\n");
}

}  // namespace

std::vector<Route> SystemRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/system", Role::kOperator, Lane::kStore, kNoBody,
       Description("getSystem", "system", "Versions, models, cameras, queues and the gallery.",
                   Gives(SystemSchema())),
       [&](const Call&) { return System(context); }},
  };
}

std::vector<Route> MonitoringRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/livez", Role::kPublic, Lane::kQuick, kNoBody,
       Description("live", "monitoring", "Whether the process answers.",
                   GivesMedia({"text/plain"})),
       [](const Call&) -> Answer {
         return BodyResponse(200, "text/plain; charset=utf-8", "alive\n");
       }},
      {Method::kGet, "/readyz", Role::kPublic, Lane::kStore, kNoBody,
       Description("ready", "monitoring", "Whether it can do its work.", GivesMedia({"text/plain"}))
           .Also(GivesMedia({"text/plain"}, 503)),
       [&](const Call&) { return Ready(context); }},
      {Method::kGet, "/metrics", Role::kPublic, Lane::kStore, kNoBody,
       Description("metrics", "monitoring", "Metrics for Prometheus.", GivesMedia({"text/plain"})),
       [&](const Call&) -> Answer {
         return BodyResponse(200, "text/plain; version=0.0.4; charset=utf-8",
                             context.metrics.Text());
       }},
  };
}

}  // namespace vigil::api
