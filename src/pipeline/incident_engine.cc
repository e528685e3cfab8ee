// See incident_engine.h.
#include "pipeline/incident_engine.h"

#include <exception>
#include <memory>

#include "base/format.h"
#include "base/uuid.h"
#include "media/photo.h"

namespace vigil::pipeline {
namespace {

// A face that left this long after its last sighting was recorded makes the visit longer; less is
// not worth a row.
constexpr std::chrono::seconds kLastSeenStep{10};

bool NamesSomebody(const Decision& decision) {
  return decision.outcome == Outcome::kMatch || decision.outcome == Outcome::kPossibleMatch;
}

// Waiting may help: the disk is full or the database busy. Anything else fails again.
bool MayPass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

}  // namespace

IncidentEngine::IncidentEngine(const IncidentEngineOptions& options, IncidentEnginePorts ports)
    : options_(options),
      ports_(std::move(ports)),
      routes_(ports_.routes),
      queue_(options.queue_depth_max),
      failures_(ports_.clock),
      gaps_(ports_.clock, std::chrono::minutes{1}) {
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

IncidentEngine::~IncidentEngine() {
  queue_.Close();
  // From here on a store that does not answer gets no further tries, so that stopping stays within
  // its time.
  thread_.request_stop();
  thread_.join();
  SumUpStop();
}

void IncidentEngine::SumUpStop() const {
  if (outcomes_lost_ == 0 && detections_lost_ == 0) return;
  LogError("incidents",
           "since the start {} sightings and {} detections could not be stored; the messages above "
           "say why",
           outcomes_lost_.load(), detections_lost_.load());
}

void IncidentEngine::Take(const TrackOutcome& outcome) {
  TrackOutcome item = outcome;
  if (!NamesSomebody(item.decision) || queue_.Depth() >= options_.frames_queued_max) {
    // Only incidents keep the whole picture; strangers must not hold memory in the queue, nor many
    // pictures of anybody while the database is away.
    item.best.frame.planes = {};
    item.best.frame.buffer.reset();
  }
  const bool taken = queue_.PushWait(std::move(item), options_.queue_timeout);
  ports_.metrics.SetQueueDepth("incidents", queue_.Depth());
  if (!taken) {
    Lost(outcome, {ErrorCode::kTimeout,
                   "the queue of incidents stayed full; is the disk or the database stuck?"});
  }
}

void IncidentEngine::Run(std::stop_token stop) {
  while (true) {
    // The queue is not given `stop`: what was taken is stored before the thread ends.
    std::optional<TrackOutcome> outcome =
        detections_.empty() ? queue_.Pop() : queue_.PopUntil(flush_at_);
    ports_.metrics.SetQueueDepth("incidents", queue_.Depth());
    if (outcome.has_value()) {
      try {
        Handle(*outcome, stop);
      } catch (const std::exception& exception) {
        Lost(*outcome, {ErrorCode::kInternal, exception.what()});
      }
    }
    const bool due = !detections_.empty() && std::chrono::steady_clock::now() >= flush_at_;
    if (due || detections_.size() >= options_.detections_batch_max || !outcome) FlushDetections();
    if (!outcome.has_value() && stop.stop_requested() && queue_.Depth() == 0) return;
  }
}

void IncidentEngine::Handle(const TrackOutcome& outcome, const std::stop_token& stop) {
  const TrackKey key{outcome.camera_id, outcome.track_id};
  const auto earlier = recorded_.find(key);
  // What could not be recorded before gets its last chance when the track ends.
  const bool unrecorded = earlier == recorded_.end();
  const bool lasted = !unrecorded && outcome.last_seen - earlier->second.last_seen >= kLastSeenStep;

  if (NamesSomebody(outcome.decision) &&
      (outcome.occasion != Occasion::kEnded || unrecorded || lasted)) {
    const std::string sighting_id = MakeUuid(ports_.clock);
    const Status stored = Try([&] { return Record(outcome, sighting_id); }, stop);
    if (!stored.has_value()) Lost(outcome, stored.error());
  }

  if (outcome.occasion != Occasion::kEnded) return;
  std::string crop_media_id;
  if (const auto found = recorded_.find(key); found != recorded_.end()) {
    crop_media_id = found->second.pictured.crop_media_id;
    recorded_.erase(found);
  } else if (options_.keep_unmatched_crops) {
    Result<std::string> crop = StoreCrop(outcome.best);
    if (crop.has_value()) {
      crop_media_id = *std::move(crop);
    } else {
      failures_.Write(LogLevel::kError, "incidents",
                      "crop of an unmatched face: " + crop.error().message);
    }
  }
  NoteDetection(outcome, crop_media_id);
}

void IncidentEngine::SetRoutes(std::vector<AlertRoute> routes) {
  const std::lock_guard lock(routes_mutex_);
  routes_ = std::move(routes);
}

std::vector<AlertRoute> IncidentEngine::Routes() {
  const std::lock_guard lock(routes_mutex_);
  return routes_;
}

Status IncidentEngine::Record(const TrackOutcome& outcome, const std::string& sighting_id) {
  const SteadyTime start = ports_.clock.Now();
  const std::string& person_id = outcome.decision.candidates.front().person_id;
  Result<Person> person = ports_.find_person(person_id);
  if (!person.has_value()) {
    // Deleted since the search: nobody may be alerted about a person who is no longer enrolled.
    if (person.error().code == ErrorCode::kNotFound) return {};
    return Annotate(person.error(), "read the person");
  }

  const TrackKey key{outcome.camera_id, outcome.track_id};
  auto recorded = recorded_.find(key);
  // A changed conclusion is shown by the shot it rests on; while it holds, its pictures are kept.
  const bool another_shot = recorded != recorded_.end() && outcome.occasion == Occasion::kChanged &&
                            recorded->second.pictured.seen_at != outcome.best.frame.captured_at;
  if (recorded == recorded_.end() || another_shot) {
    VIGIL_ASSIGN_OR_RETURN(Sighting pictured, StorePictures(outcome));
    recorded = recorded_.try_emplace(key).first;
    recorded->second.pictured = std::move(pictured);
    recorded->second.store_time =
        std::chrono::duration_cast<std::chrono::microseconds>(ports_.clock.Now() - start);
  }

  VIGIL_ASSIGN_OR_RETURN(std::optional<Person> near_equal, ReadNearEqual(outcome.decision));
  NewSighting sighting{.person = *std::move(person),
                       .camera_group_id = outcome.visit_group,
                       .sighting = recorded->second.pictured,
                       .near_equal = std::move(near_equal)};
  sighting.sighting.id = sighting_id;
  sighting.sighting.camera_id = outcome.camera_id;
  sighting.sighting.camera_name = outcome.camera_name;
  // Not the shot's time: a face may be in view for long before somebody enrolled is seen in it.
  sighting.sighting.seen_at = outcome.last_seen;
  sighting.sighting.track_id = outcome.track_id;
  sighting.sighting.decision = outcome.decision;
  sighting.sighting.decision.trace.times.store = recorded->second.store_time;
  sighting.sighting.detector = options_.detector;
  sighting.sighting.embedder = outcome.embedder;
  const AlertPlan plan = PlanFor(sighting, outcome);
  sighting.person.severity = plan.severity;
  if (!plan.gap.empty()) {
    gaps_.Write(LogLevel::kWarning, "incidents",
                format("somebody is not told of a match: {}", plan.gap));
  }
  VIGIL_ASSIGN_OR_RETURN(const database::SightingResult result,
                         ports_.store.RecordSighting(sighting, options_.visit_gap, plan.routes));
  recorded->second.last_seen = outcome.last_seen;

  ports_.metrics.ObserveStage(metrics::Stage::kStore, ports_.clock.Now() - start);
  if (result.created) ports_.metrics.CountIncident(outcome.camera_id);
  for (const std::string& channel : result.alerts_suppressed) {
    ports_.metrics.CountAlerts(channel, metrics::AlertResult::kSuppressed);
  }
  if (ports_.on_recorded) ports_.on_recorded(result);
  return {};
}

// Who is told, of both where it may be either.
AlertPlan IncidentEngine::PlanFor(const NewSighting& sighting, const TrackOutcome& outcome) {
  const auto rules =
      ports_.watch_rules ? ports_.watch_rules() : std::make_shared<const WatchRules>();
  const std::vector<AlertRoute> routes = Routes();
  const DecisionTrace& trace = outcome.decision.trace;
  const auto plan = [&](const std::vector<WatchlistTrace>& asked, Severity severity) {
    return PlanAlerts(*rules, asked, severity, routes, outcome.last_seen, trace.state.covered);
  };
  AlertPlan whole = plan(trace.watchlists, sighting.person.severity);
  if (!sighting.near_equal || !CallsForAlert(outcome.decision)) return whole;
  return EitherPlan(std::move(whole),
                    plan(trace.near_equal_watchlists, sighting.near_equal->severity));
}

// Nothing when there is nobody else it may be, or nobody any more.
Result<std::optional<Person>> IncidentEngine::ReadNearEqual(const Decision& decision) {
  const Candidate* other = NearEqual(decision);
  if (other == nullptr) return std::nullopt;
  Result<Person> person = ports_.find_person(other->person_id);
  if (person.has_value()) return std::optional(*std::move(person));
  if (person.error().code == ErrorCode::kNotFound) return std::nullopt;
  return Annotate(person.error(), "read the other person");
}

Result<Sighting> IncidentEngine::StorePictures(const TrackOutcome& outcome) {
  const Shot& shot = outcome.best;
  Sighting pictured;
  pictured.seen_at = shot.frame.captured_at;
  pictured.face_count = shot.frame_faces;
  pictured.box = shot.detection.box;
  pictured.frame_width = shot.frame.width;
  pictured.frame_height = shot.frame.height;
  pictured.quality = shot.quality.score;
  VIGIL_ASSIGN_OR_RETURN(pictured.crop_media_id, StoreCrop(shot));
  // A shot whose frame had to be let go keeps only its crop.
  if (shot.frame.planes[0].data == nullptr) return pictured;
  VIGIL_ASSIGN_OR_RETURN(const Bytes jpeg, media::EncodeJpeg(shot.frame, options_.jpeg_quality));
  VIGIL_ASSIGN_OR_RETURN(pictured.frame_media_id, ports_.media.Put(MediaKind::kFrame, jpeg));
  return pictured;
}

Result<std::string> IncidentEngine::StoreCrop(const Shot& shot) {
  VIGIL_ASSIGN_OR_RETURN(const Bytes jpeg,
                         media::EncodeJpeg(shot.crop.image, options_.jpeg_quality));
  return ports_.media.Put(MediaKind::kCrop, jpeg);
}

void IncidentEngine::NoteDetection(const TrackOutcome& outcome, const std::string& crop_media_id) {
  if (detections_.empty()) {
    flush_at_ = std::chrono::steady_clock::now() + options_.detections_wait_max;
  }
  const Decision& decision = outcome.decision;
  DetectionRecord record;
  record.id = MakeUuid(ports_.clock);
  record.camera_id = outcome.camera_id;
  record.seen_at = outcome.best.frame.captured_at;
  record.track_id = outcome.track_id;
  record.box = outcome.best.detection.box;
  record.score = outcome.best.detection.score;
  record.quality = outcome.best.quality.score;
  record.outcome = decision.outcome;
  record.reason = decision.reason;
  if (!decision.candidates.empty()) record.best_person_id = decision.candidates.front().person_id;
  record.similarity = decision.similarity;
  record.threshold = decision.threshold;
  record.crop_media_id = crop_media_id;
  detections_.push_back(std::move(record));
  ports_.metrics.SetQueueDepth("detections", detections_.size());
}

void IncidentEngine::FlushDetections() {
  if (detections_.empty()) return;
  const Status written = ports_.store.WriteDetections(detections_);
  if (!written.has_value()) {
    ports_.metrics.CountQueueDrops("detections", std::ssize(detections_));
    detections_lost_ += std::ssize(detections_);
    failures_.Write(
        LogLevel::kError, "incidents",
        format("{} detections were not stored: {}", detections_.size(), written.error().message));
  }
  detections_.clear();
  ports_.metrics.SetQueueDepth("detections", 0);
}

Status IncidentEngine::Try(const std::function<Status()>& work, const std::stop_token& stop) {
  Status status = work();
  while (!status.has_value() && MayPass(status.error())) {
    failures_.Write(LogLevel::kWarning, "incidents", status.error().message + "; trying again");
    if (!ports_.clock.SleepUntil(ports_.clock.Now() + options_.retry_wait, stop)) break;
    status = work();
  }
  return status;
}

void IncidentEngine::Lost(const TrackOutcome& outcome, const Error& error) {
  ++drops_;
  ports_.metrics.CountQueueDrops("incidents");
  ++outcomes_lost_;
  failures_.Write(
      LogLevel::kError, "incidents",
      format("track {} of camera {} ({}) was not stored: {}", outcome.track_id, outcome.camera_name,
             OutcomeName(outcome.decision.outcome), error.message));
}

}  // namespace vigil::pipeline
