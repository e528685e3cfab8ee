// Label sets are kept here too, since prometheus-cpp can only remove one by its pointer.
#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "core/frame_source.h"

namespace vigil::metrics {
namespace {

using prometheus::Labels;

const prometheus::Histogram::BucketBoundaries kSecondsBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

constexpr const char* kCameraLabel = "camera";
constexpr const char* kChannelLabel = "channel";
constexpr std::array kStages = {Stage::kDecode,      Stage::kDetect, Stage::kEmbed,
                                Stage::kSearch,      Stage::kStore,  Stage::kDeliver,
                                Stage::kFrameToAlert};
constexpr std::array kFrameResults = {FrameResult::kDecoded, FrameResult::kStill,
                                      FrameResult::kSkipped, FrameResult::kDropped,
                                      FrameResult::kDetected};
constexpr std::array kAlertResults = {AlertResult::kSent, AlertResult::kSuppressed,
                                      AlertResult::kFailed, AlertResult::kDead};
constexpr std::array kFaults = {StreamFault::kRefused,     StreamFault::kUnauthorised,
                                StreamFault::kNoRoute,     StreamFault::kNotFound,
                                StreamFault::kNoVideo,     StreamFault::kStalled,
                                StreamFault::kUndecodable, StreamFault::kEnded,
                                StreamFault::kFrozen,      StreamFault::kOther};
static_assert(kFaults.size() == static_cast<std::size_t>(StreamFault::kOther),
              "every fault but kNone has its series");
constexpr std::array kOutcomes = {Outcome::kMatch, Outcome::kPossibleMatch, Outcome::kStranger,
                                  Outcome::kUnrecognisable, Outcome::kSpoof};

// One metric name with all its label sets. The mutex makes removal safe against a count under way.
template <class Metric>
class Series {
 public:
  explicit Series(prometheus::Family<Metric>& family) : family_(family) {}

  template <class Change, class... Arguments>
  void Apply(const Labels& labels, Change change, const Arguments&... arguments) {
    const std::lock_guard lock(mutex_);
    auto found = metrics_.find(labels);
    if (found == metrics_.end()) {
      if (IsGone(labels)) return;
      found = metrics_.emplace(labels, &family_.Add(labels, arguments...)).first;
    }
    change(*found->second);
  }

  void Remove(const std::string& label, std::string_view value) {
    const std::lock_guard lock(mutex_);
    std::erase_if(metrics_, [&](const auto& entry) {
      const auto found = entry.first.find(label);
      const bool matches = found != entry.first.end() && found->second == value;
      if (matches) family_.Remove(entry.second);
      return matches;
    });
    gone_.emplace(label, value);
  }

  // Takes back Remove for what is counted from now on.
  void Admit(const std::string& label, std::string_view value) {
    const std::lock_guard lock(mutex_);
    gone_.erase({label, std::string(value)});
  }

  void RemoveAll() {
    const std::lock_guard lock(mutex_);
    for (const auto& [labels, metric] : metrics_) family_.Remove(metric);
    metrics_.clear();
  }

 private:
  bool IsGone(const Labels& labels) const {
    return std::ranges::any_of(labels, [&](const auto& label) { return gone_.contains(label); });
  }

  prometheus::Family<Metric>& family_;
  std::mutex mutex_;
  std::set<std::pair<std::string, std::string>> gone_;  // labels whose late counts are dropped
  std::map<Labels, Metric*> metrics_;
};

using Counters = Series<prometheus::Counter>;
using Gauges = Series<prometheus::Gauge>;
using Histograms = Series<prometheus::Histogram>;

prometheus::Family<prometheus::Counter>& CounterFamily(prometheus::Registry& registry,
                                                       const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& GaugeFamily(prometheus::Registry& registry, const char* name,
                                                   const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(prometheus::Registry& registry,
                                                           const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

const char* Name(FrameResult result) {
  switch (result) {
    case FrameResult::kDecoded:
      return "decoded";
    case FrameResult::kStill:
      return "still";
    case FrameResult::kSkipped:
      return "skipped";
    case FrameResult::kDropped:
      return "dropped";
    case FrameResult::kDetected:
      return "detected";
  }
  return "";
}

const char* Name(AlertResult result) {
  switch (result) {
    case AlertResult::kSent:
      return "sent";
    case AlertResult::kSuppressed:
      return "suppressed";
    case AlertResult::kFailed:
      return "failed";
    case AlertResult::kDead:
      return "dead";
  }
  return "";
}

const char* Name(Stage stage) {
  switch (stage) {
    case Stage::kDecode:
      return "decode";
    case Stage::kDetect:
      return "detect";
    case Stage::kEmbed:
      return "embed";
    case Stage::kSearch:
      return "search";
    case Stage::kStore:
      return "store";
    case Stage::kDeliver:
      return "deliver";
    case Stage::kFrameToAlert:
      return "frame_to_alert";
  }
  return "";
}

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void Count(Counters& counters, const Labels& labels, std::int64_t count) {
  counters.Apply(
      labels, [&](prometheus::Counter& counter) { counter.Increment(static_cast<double>(count)); });
}

void Set(Gauges& gauges, const Labels& labels, double value) {
  gauges.Apply(labels, [&](prometheus::Gauge& gauge) { gauge.Set(value); });
}

void Observe(Histograms& histograms, const Labels& labels, std::chrono::nanoseconds duration) {
  histograms.Apply(
      labels, [&](prometheus::Histogram& histogram) { histogram.Observe(Seconds(duration)); },
      kSecondsBuckets);
}

Labels Camera(std::string_view camera) { return {{"camera", std::string(camera)}}; }

}  // namespace

struct Metrics::Implementation {
  prometheus::Registry registry;
  Gauges build_info{GaugeFamily(registry, "vigil_build_info", "The running version; always 1.")};
  Gauges camera_up{
      GaugeFamily(registry, "vigil_camera_up", "1 while the camera delivers pictures, else 0.")};
  Counters reconnects{CounterFamily(registry, "vigil_camera_reconnects_total",
                                    "Attempts to connect again, by cause of the loss.")};
  Counters frames{CounterFamily(registry, "vigil_frames_total", "Frames, by what became of them.")};
  Counters faces{CounterFamily(registry, "vigil_faces_total", "Faces found in frames.")};
  Counters faces_outside{CounterFamily(registry, "vigil_faces_outside_total",
                                       "Faces left out: outside the camera's watched area.")};
  Counters tracks{CounterFamily(registry, "vigil_tracks_total", "Faces followed over time.")};
  Counters embeddings{CounterFamily(registry, "vigil_embeddings_total", "Embeddings computed.")};
  Counters outcomes{CounterFamily(registry, "vigil_outcomes_total", "Judged tracks, by outcome.")};
  Counters incidents{CounterFamily(registry, "vigil_incidents_total", "Incidents opened.")};
  Counters alerts{CounterFamily(registry, "vigil_alerts_total",
                                "Alerts, by channel and what became of the attempt.")};
  Histograms stages{
      HistogramFamily(registry, "vigil_stage_seconds", "Time that one stage took, in seconds.")};
  Gauges queue_depth{GaugeFamily(registry, "vigil_queue_depth", "Items waiting in a queue.")};
  Counters queue_drops{
      CounterFamily(registry, "vigil_queue_drops_total", "Items a full queue let go.")};
  Gauges gallery_references{
      GaugeFamily(registry, "vigil_gallery_references", "Enrolled embeddings being searched.")};
  Gauges gallery_sequence{GaugeFamily(registry, "vigil_gallery_sequence",
                                      "Number of the last gallery change applied.")};
  Gauges gallery_age{GaugeFamily(registry, "vigil_gallery_age_seconds",
                                 "Time since the searched gallery last equalled the database.")};
  Gauges gallery_recall{
      GaugeFamily(registry, "vigil_gallery_recall",
                  "Share of sampled searches whose best 1 or 10 persons were found.")};
  Gauges gallery_saved{GaugeFamily(registry, "vigil_gallery_saved_sequence",
                                   "Number of the last gallery change saved for the next start.")};
  Counters gallery_rebuilds{
      CounterFamily(registry, "vigil_gallery_rebuilds_total",
                    "Times the searched gallery differed from the database and was rebuilt.")};
  Gauges data_free{GaugeFamily(registry, "vigil_data_free_bytes",
                               "Free space on the disk of the data directory.")};
  Counters requests{CounterFamily(registry, "vigil_http_requests_total",
                                  "HTTP requests answered, by route, method and status.")};
  Histograms request_seconds{
      HistogramFamily(registry, "vigil_http_seconds", "Time to answer a request, in seconds.")};

  // Every counter that has the label `camera`.
  std::vector<Counters*> OfCameras() {
    return {&reconnects, &frames,     &faces,    &faces_outside,
            &tracks,     &embeddings, &outcomes, &incidents};
  }
};

Metrics::Metrics() : implementation_(std::make_unique<Implementation>()) {
  for (const Stage stage : kStages) {
    implementation_->stages.Apply(
        {{"stage", Name(stage)}}, [](prometheus::Histogram&) {}, kSecondsBuckets);
  }
  for (const std::string_view queue : kQueues) {
    SetQueueDepth(queue, 0);
    CountQueueDrops(queue, 0);
  }
  SetGallery(0, 0);
  SetGalleryAge({});
  SetGallerySaved(0, 0);
}
Metrics::~Metrics() = default;

void Metrics::SetBuildInfo(std::string_view version, std::string_view model,
                           std::string_view precision) {
  implementation_->build_info.RemoveAll();
  Set(implementation_->build_info,
      {{"version", std::string(version)},
       {"model", std::string(model)},
       {"precision", std::string(precision)}},
      1);
}

void Metrics::SetCameraUp(std::string_view camera, bool up) {
  Set(implementation_->camera_up, Camera(camera), up ? 1 : 0);
}

void Metrics::CountReconnect(std::string_view camera, std::string_view cause) {
  Count(implementation_->reconnects,
        {{"camera", std::string(camera)}, {"cause", std::string(cause)}}, 1);
}

void Metrics::CountFrames(std::string_view camera, FrameResult result, std::int64_t count) {
  Count(implementation_->frames, {{"camera", std::string(camera)}, {"result", Name(result)}},
        count);
}

void Metrics::CountFaces(std::string_view camera, std::int64_t count) {
  Count(implementation_->faces, Camera(camera), count);
}

void Metrics::CountFacesOutside(std::string_view camera, std::int64_t count) {
  Count(implementation_->faces_outside, Camera(camera), count);
}

void Metrics::CountTracks(std::string_view camera, std::int64_t count) {
  Count(implementation_->tracks, Camera(camera), count);
}

void Metrics::CountEmbeddings(std::string_view camera, std::int64_t count) {
  Count(implementation_->embeddings, Camera(camera), count);
}

void Metrics::CountOutcome(std::string_view camera, Outcome outcome) {
  Count(implementation_->outcomes,
        {{"camera", std::string(camera)}, {"outcome", std::string(OutcomeName(outcome))}}, 1);
}

void Metrics::CountIncident(std::string_view camera) {
  Count(implementation_->incidents, Camera(camera), 1);
}

void Metrics::AddCamera(std::string_view camera) {
  implementation_->camera_up.Admit(kCameraLabel, camera);
  for (Counters* counters : implementation_->OfCameras()) counters->Admit(kCameraLabel, camera);
  implementation_->camera_up.Apply(Camera(camera), [](prometheus::Gauge&) {});
  for (const StreamFault fault : kFaults) {
    Count(implementation_->reconnects,
          {{"camera", std::string(camera)}, {"cause", std::string(StreamFaultName(fault))}}, 0);
  }
  for (const FrameResult result : kFrameResults) CountFrames(camera, result, 0);
  for (const Outcome outcome : kOutcomes) {
    Count(implementation_->outcomes,
          {{"camera", std::string(camera)}, {"outcome", std::string(OutcomeName(outcome))}}, 0);
  }
  CountFaces(camera, 0);
  CountFacesOutside(camera, 0);
  CountTracks(camera, 0);
  CountEmbeddings(camera, 0);
  Count(implementation_->incidents, Camera(camera), 0);
}

void Metrics::RemoveCamera(std::string_view camera) {
  implementation_->camera_up.Remove(kCameraLabel, camera);
  for (Counters* counters : implementation_->OfCameras()) counters->Remove(kCameraLabel, camera);
}

void Metrics::AddChannel(std::string_view channel) {
  implementation_->alerts.Admit(kChannelLabel, channel);
  for (const AlertResult result : kAlertResults) CountAlerts(channel, result, 0);
}

void Metrics::RemoveChannel(std::string_view channel) {
  implementation_->alerts.Remove(kChannelLabel, channel);
}

void Metrics::CountAlerts(std::string_view channel, AlertResult result, std::int64_t count) {
  Count(implementation_->alerts, {{"channel", std::string(channel)}, {"result", Name(result)}},
        count);
}

void Metrics::ObserveStage(Stage stage, std::chrono::nanoseconds duration) {
  Observe(implementation_->stages, {{"stage", Name(stage)}}, duration);
}

void Metrics::SetQueueDepth(std::string_view queue, std::size_t depth) {
  Set(implementation_->queue_depth, {{"queue", std::string(queue)}}, static_cast<double>(depth));
}

void Metrics::CountQueueDrops(std::string_view queue, std::int64_t count) {
  Count(implementation_->queue_drops, {{"queue", std::string(queue)}}, count);
}

void Metrics::RaiseQueueDrops(std::string_view queue, std::int64_t total) {
  implementation_->queue_drops.Apply(
      {{"queue", std::string(queue)}}, [&](prometheus::Counter& counter) {
        const double missing = static_cast<double>(total) - counter.Value();
        if (missing > 0) counter.Increment(missing);
      });
}

void Metrics::SetGallery(std::size_t references, std::uint64_t sequence) {
  Set(implementation_->gallery_references, {}, static_cast<double>(references));
  Set(implementation_->gallery_sequence, {}, static_cast<double>(sequence));
}

void Metrics::SetGalleryAge(std::chrono::nanoseconds age) {
  Set(implementation_->gallery_age, {}, Seconds(age));
}

void Metrics::SetGalleryRecall(std::optional<double> at_1, std::optional<double> at_10) {
  Gauges& recall = implementation_->gallery_recall;
  if (!at_1 || !at_10) return recall.RemoveAll();
  Set(recall, {{"at", "1"}}, *at_1);
  Set(recall, {{"at", "10"}}, *at_10);
}

void Metrics::SetGallerySaved(std::uint64_t sequence, std::int64_t rebuilds) {
  Set(implementation_->gallery_saved, {}, static_cast<double>(sequence));
  implementation_->gallery_rebuilds.Apply({}, [&](prometheus::Counter& counter) {
    const double missing = static_cast<double>(rebuilds) - counter.Value();
    if (missing > 0) counter.Increment(missing);
  });
}

void Metrics::SetDataFree(std::uint64_t bytes) {
  Set(implementation_->data_free, {}, static_cast<double>(bytes));
}

void Metrics::ObserveRequest(std::string_view route, std::string_view method, int status,
                             std::chrono::nanoseconds duration) {
  Count(implementation_->requests,
        {{"route", std::string(route)},
         {"method", std::string(method)},
         {"status", std::to_string(status)}},
        1);
  Observe(implementation_->request_seconds, {{"route", std::string(route)}}, duration);
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(implementation_->registry.Collect());
}

}  // namespace vigil::metrics
