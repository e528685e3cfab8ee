// See recogniser.h. Read Process and LookAt first: they are the way of a frame, in order.
#include "pipeline/recogniser.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/format.h"

namespace vigil::pipeline {
namespace {

using metrics::FrameResult;
using metrics::Stage;

template <class Duration>
std::chrono::microseconds Microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

// Times one stage for the metrics and for the trace, from construction to destruction.
class StageTimer {
 public:
  StageTimer(metrics::Metrics& metrics, const Clock& clock, Stage stage,
             std::chrono::microseconds* taken)
      : metrics_(metrics), clock_(clock), stage_(stage), taken_(taken), start_(clock.Now()) {}
  ~StageTimer() {
    const auto taken = clock_.Now() - start_;
    metrics_.ObserveStage(stage_, taken);
    *taken_ = Microseconds(taken);
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  metrics::Metrics& metrics_;
  const Clock& clock_;
  const Stage stage_;
  std::chrono::microseconds* const taken_;
  const SteadyTime start_;
};

// Where faces may lie whose centre is watched, with room for those on its edge.
Box SearchedPart(const CameraLane& lane, const Frame& frame) {
  const Box bounds = lane.camera.watched.Bounds();
  const auto width = static_cast<float>(frame.width);
  const auto height = static_cast<float>(frame.height);
  // A face that stands near is as large as a quarter of the picture, however small the area.
  const float least =
      std::max(2 * static_cast<float>(lane.min_face_px), std::min(width, height) / 4);
  const float across = std::max(least, bounds.Width() * width / 4);
  const float down = std::max(least, bounds.Height() * height / 4);
  return {std::max(0.0F, bounds.x1 * width - across), std::max(0.0F, bounds.y1 * height - down),
          std::min(width, bounds.x2 * width + across), std::min(height, bounds.y2 * height + down)};
}

// The detector sees the part around the watched areas alone, when that is much less than all.
Result<std::vector<Detection>> DetectWatched(Detector& detector, const CameraLane& lane,
                                             const Frame& frame) {
  constexpr float kWorthwhile = 0.8F;
  const Box part = SearchedPart(lane, frame);
  const bool cut = part.Area() <
                   kWorthwhile * static_cast<float>(frame.width) * static_cast<float>(frame.height);
  const int left = cut ? static_cast<int>(part.x1) & ~1 : 0;  // where CutOut begins
  const int top = cut ? static_cast<int>(part.y1) & ~1 : 0;
  const Frame searched = cut ? CutOut(frame, left, top, static_cast<int>(part.x2) - left,
                                      static_cast<int>(part.y2) - top)
                             : frame;
  VIGIL_ASSIGN_OR_RETURN(auto found, detector.Detect({&searched, 1}, lane.min_face_px));
  for (Detection& face : found.front()) {
    const auto x = static_cast<float>(left);
    const auto y = static_cast<float>(top);
    face.box = {face.box.x1 + x, face.box.y1 + y, face.box.x2 + x, face.box.y2 + y};
    for (Point& point : face.landmarks) point = {point.x + x, point.y + y};
  }
  return std::move(found.front());
}

}  // namespace

std::string DescribeEmbedder(const EmbedderInfo& embedder) {
  return format("{}:{}", embedder.space.Key(), embedder.precision);
}

struct Recogniser::Round {
  CameraLane& lane;
  std::chrono::milliseconds now;  // on the stream's timeline
  std::uint64_t gallery_sequence = 0;
  std::vector<Track> ended;
  WatchedPlace place{};

  std::uint64_t RulesRevision() const { return place.rules ? place.rules->Revision() : 0; }
};

Recogniser::Recogniser(const RecognitionOptions& options, const RecognitionPorts& ports,
                       std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
                       std::unique_ptr<LivenessDetector> liveness)
    : options_(options),
      ports_(ports),
      detector_(std::move(detector)),
      embedder_(std::move(embedder)),
      liveness_(std::move(liveness)),
      failures_(ports.clock) {}

void Recogniser::Run(Scheduler& scheduler, TurnGate& gate) {
  while (auto work = scheduler.Take()) {
    const auto turn = gate.Enter();
    const std::string camera_id = work->camera_id;
    Status status;
    try {
      status = Process(*std::move(work));
    } catch (const std::exception& exception) {
      // The last net: recognition must not stop for all cameras because of one picture.
      status = Fail(ErrorCode::kInternal, exception.what());
    }
    if (!status.has_value()) {
      ports_.metrics.CountFrames(camera_id, FrameResult::kDropped);
      failures_.Write(LogLevel::kError, "recognition",
                      format("camera {}: {}", camera_id, status.error().message));
    }
    scheduler.Done(camera_id);
  }
}

Status Recogniser::Process(CameraWork work) {
  CameraLane& lane = *work.lane;

  // A stream that broke off takes its tracks with it. They are judged on what was seen and closed,
  // so that the next stream starts empty: nothing seen before the break can be announced as new
  // after it.
  Status settled;
  if (work.stream_ended) {
    if (ports_.live != nullptr) ports_.live->Forget(lane.camera.id);
    settled = CloseTracks(lane);
  }

  if (work.frame.has_value()) {
    // The new stream does not pay for what failed at the end of the old one.
    if (Status looked = LookAt(lane, *work.frame); !looked.has_value()) settled = looked;
  }
  lane.face_tracked = !lane.tracker.Tracks().empty();
  return settled;
}

Status Recogniser::CloseTracks(CameraLane& lane) {
  Round round{
      lane, {}, ports_.gallery.Info().sequence, lane.tracker.EndAll(), PlaceOf(lane.camera)};
  for (const Track& track : round.ended) {
    round.now = std::max(round.now, track.last_pts);
  }
  Status settled = SettleTracks(round);
  // There may never be another frame of this camera.
  while (!lane.unsettled.empty()) settled = SettleTracks(round);
  lane.face_tracked = false;
  return settled;
}

void Recogniser::SwitchEmbedder(std::unique_ptr<Embedder> embedder, const DecisionPolicy& policy) {
  embedder_ = std::move(embedder);
  options_.policy = policy;
}

Status Recogniser::LookAt(CameraLane& lane, const Frame& frame) {
  // Detector: where are faces? Each is cut out of the full-resolution frame and rated: a shot.
  VIGIL_ASSIGN_OR_RETURN(std::vector<Shot> shots, FindFaces(lane, frame));

  // Tracker: which of them are faces we already follow? The rest start tracks of their own; faces
  // long gone end theirs.
  Round round{lane, frame.pts, ports_.gallery.Info().sequence, {}, PlaceOf(lane.camera)};
  round.ended = lane.tracker.Update(frame, std::move(shots));

  // Embedder, gallery and judgement, for the few tracks whose evidence is complete now.
  VIGIL_RETURN_IF_ERROR(SettleTracks(round));

  if (ports_.live != nullptr) ShowLive(lane, frame);
  return {};
}

Result<std::vector<Shot>> Recogniser::FindFaces(const CameraLane& lane, const Frame& frame) {
  std::vector<Detection> faces;
  StageTimes times{.decode = frame.decode_time};
  times.queue = std::max({}, Microseconds(ports_.clock.WallNow() - frame.captured_at));
  {
    const StageTimer timer(ports_.metrics, ports_.clock, Stage::kDetect, &times.detect);
    VIGIL_ASSIGN_OR_RETURN(faces, DetectWatched(*detector_, lane, frame));
  }
  ports_.metrics.CountFrames(lane.camera.id, FrameResult::kDetected);
  std::erase_if(faces, [&](const Detection& face) {
    const float side_px = std::min(face.box.Width(), face.box.Height());
    return !(side_px >= static_cast<float>(std::max(1, lane.min_face_px))) ||  // NaN as well
           face.score < lane.camera.face_score_min;
  });
  const auto outside = std::erase_if(faces, [&](const Detection& face) {
    const Point center = face.box.Center();
    return !lane.camera.watched.Contains(
        {center.x / static_cast<float>(frame.width), center.y / static_cast<float>(frame.height)});
  });
  ports_.metrics.CountFaces(lane.camera.id, std::ssize(faces));
  ports_.metrics.CountFacesOutside(lane.camera.id, static_cast<std::int64_t>(outside));

  std::vector<Shot> shots;
  for (const Detection& face : faces) {
    FaceCrop crop = embedder_->Crop(frame, face);
    FaceQuality quality = ports_.quality(frame, crop, face);
    if (!quality.unrecognisable && face.score < options_.sure_face_score) {
      quality.unrecognisable = UnrecognisableReason::kOccluded;
    }
    shots.push_back({.detection = face,
                     .quality = quality,
                     .crop = std::move(crop),
                     .embedding = {},
                     .frame = frame,
                     .frame_faces = static_cast<int>(faces.size()),
                     .frame_faces_outside = static_cast<int>(outside),
                     .names = {},
                     .times = times});
    if (liveness_ != nullptr && shots.back().Recognisable())
      shots.back().surroundings = liveness_->View(frame, face);
  }
  return shots;
}

Status Recogniser::SettleTracks(Round& round) {
  for (Track& track : round.lane.unsettled) round.ended.push_back(std::move(track));
  round.lane.unsettled.clear();
  if (Status embedded = EmbedDueShots(round); !embedded.has_value()) {
    PutOff(round);
    return embedded;
  }
  SplitTakenOver(round);

  for (Track& track : round.lane.tracker.Tracks()) {
    if (IsDue(track, round.now, false, round.gallery_sequence, options_.judge,
              round.RulesRevision())) {
      Judge(track, round, false);
    } else if (IsStillSeen(track, round.now)) {
      Tell(track, Occasion::kStillSeen, round);
    }
  }
  for (Track& track : round.ended) {
    if (IsDue(track, round.now, true, round.gallery_sequence, options_.judge,
              round.RulesRevision()))
      Judge(track, round, true);
    Tell(track, Occasion::kEnded, round);
    ports_.metrics.CountTracks(round.lane.camera.id);
  }
  return {};
}

// Inference failed. Tracks in view are judged at a later frame anyway; those that ended are kept a
// while, and in the end told of as they are, so that nobody passes without a trace.
void Recogniser::PutOff(Round& round) {
  constexpr int kTriesMax = 3;
  for (Track& track : round.ended) {
    if (++track.failed_settlements < kTriesMax) {
      round.lane.unsettled.push_back(std::move(track));
      continue;
    }
    if (!track.conclusion.decision.has_value()) {
      Decision unknown;
      unknown.outcome = Outcome::kUnrecognisable;
      track.conclusion.decision = std::move(unknown);
      ports_.metrics.CountOutcome(round.lane.camera.id, Outcome::kUnrecognisable);
      Tell(track, Occasion::kChanged, round);
    }
    Tell(track, Occasion::kEnded, round);
    ports_.metrics.CountTracks(round.lane.camera.id);
  }
  round.ended.clear();
}

// Only the best shots of tracks that are due are embedded, all of them in one batch; and now and
// then the newest one, to see whether the track still follows the same face.
Status Recogniser::EmbedDueShots(Round& round) {
  std::vector<Shot*> shots;
  std::vector<FaceCrop> crops;
  std::vector<Track*> proving;
  const auto add = [&](Shot& shot) {
    if (!shot.Recognisable() || !shot.embedding.empty()) return;
    shots.push_back(&shot);
    crops.push_back(shot.crop);
  };
  const auto gather = [&](Track& track, bool ended) {
    if (!IsDue(track, round.now, ended, round.gallery_sequence, options_.judge,
               round.RulesRevision()) &&
        !NeedsProof(track, round.now, ended, options_.judge)) {
      return;
    }
    for (Shot& shot : track.shots) add(shot);
    if (track.newest) add(*track.newest);
    proving.push_back(&track);
  };
  for (Track& track : round.lane.tracker.Tracks()) gather(track, false);
  for (Track& track : round.ended) gather(track, true);
  if (!shots.empty()) VIGIL_RETURN_IF_ERROR(Embed(shots, crops, round));
  for (Track* track : proving) {
    track->proven_at = round.now;
    track->doubtful = false;
  }
  return {};
}

Status Recogniser::Embed(std::span<Shot* const> shots, std::span<const FaceCrop> crops,
                         const Round& round) {
  std::vector<EmbeddedFace> faces;
  std::chrono::microseconds embed_time{0};
  {
    const StageTimer timer(ports_.metrics, ports_.clock, Stage::kEmbed, &embed_time);
    VIGIL_ASSIGN_OR_RETURN(faces, embedder_->Embed(crops));
  }
  // Before anything is noted: a face whose liveness could not be told is tried again, both ways.
  VIGIL_ASSIGN_OR_RETURN(const std::vector<float> live, LookForLife(shots));
  for (std::size_t i = 0; i < shots.size(); ++i) {
    shots[i]->embedding = std::move(faces[i].embedding);
    shots[i]->quality.covered = faces[i].covered;
    if (!live.empty()) shots[i]->quality.live = live[i];
    shots[i]->names = NameAlone(*shots[i], round.place);
    shots[i]->times.embed = embed_time;
    shots[i]->times.embed_batch = static_cast<int>(shots.size());
  }
  ports_.metrics.CountEmbeddings(round.lane.camera.id, std::ssize(shots));
  return {};
}

// Empty where nobody is asked.
Result<std::vector<float>> Recogniser::LookForLife(std::span<Shot* const> shots) {
  if (liveness_ == nullptr) return std::vector<float>();
  std::vector<LivenessView> views;
  for (Shot* shot : shots) views.push_back(std::exchange(shot->surroundings, {}));
  Result<std::vector<float>> live = liveness_->Judge(views);
  if (live.has_value() && live->size() != shots.size()) {
    live = Fail(ErrorCode::kInternal,
                format("the liveness model judged {} of {} faces", live->size(), shots.size()));
  }
  if (!live.has_value()) {
    for (std::size_t i = 0; i < shots.size(); ++i) shots[i]->surroundings = std::move(views[i]);
  }
  return live;
}

// The nearest of all tell how crowded it is around a face. Where people who are looked for
// elsewhere only fill the places, those who are looked for here follow behind them.
GallerySearch Recogniser::SearchAt(const WatchedPlace& place, const Embedding& probe) const {
  GallerySearch search = ports_.gallery.Search(probe, options_.candidates_max);
  std::vector<Candidate>& found = search.candidates;
  if (place.rules == nullptr || std::ssize(found) < options_.candidates_max) return search;
  const auto looked_for = [&place](const std::string& person) {
    return place.rules->At(person, place.camera_id, place.group_id).has_value();
  };
  if (std::ranges::all_of(found, looked_for, &Candidate::person_id)) return search;
  GalleryQuery query{
      .probe = probe, .candidates_max = options_.candidates_max, .admits = looked_for};
  std::vector<GallerySearch> here = ports_.gallery.SearchMany({&query, 1});
  for (Candidate& candidate : here.front().candidates) {
    if (std::ranges::find(found, candidate.person_id, &Candidate::person_id) == found.end()) {
      found.push_back(std::move(candidate));
    }
  }
  // The gallery may have changed in between.
  std::ranges::sort(found, [](const Candidate& a, const Candidate& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.person_id < b.person_id;
  });
  return search;
}

// Relatives may share the first places; only a shot that is sure of one of them counts.
std::string Recogniser::NameAlone(const Shot& shot, const WatchedPlace& place) const {
  const Decision decision =
      Decide(SearchAt(place, shot.embedding), shot.quality, options_.policy, place);
  if (decision.outcome != Outcome::kMatch) return "";
  const std::vector<Candidate>& candidates = decision.candidates;
  const bool sure = candidates.size() < 2 || candidates[0].similarity - candidates[1].similarity >=
                                                 options_.sure_name_margin;
  return sure ? candidates.front().person_id : "";
}

WatchedPlace Recogniser::PlaceOf(const Camera& camera) const {
  return {.rules = ports_.watch_rules ? ports_.watch_rules() : nullptr,
          .camera_id = camera.id,
          .group_id = camera.group_id};
}

// Two people who cross can swap tracks; their embeddings tell. Shots that do not resemble each
// other are never fused.
void Recogniser::SplitTakenOver(Round& round) {
  Tracker& tracker = round.lane.tracker;
  for (Track& track : tracker.Tracks()) {
    while (const auto since = FindTakeover(track, options_.judge)) {
      Track other = tracker.Split(track, *since);
      round.ended.push_back(std::exchange(track, std::move(other)));
    }
  }
  for (std::size_t i = 0; i < round.ended.size(); ++i) {
    while (const auto since = FindTakeover(round.ended[i], options_.judge)) {
      Track other = tracker.Split(round.ended[i], *since);
      round.ended.push_back(std::move(other));
    }
  }
}

void Recogniser::Judge(Track& track, const Round& round, bool ended) {
  GallerySearch search{.candidates = {}, .gallery = ports_.gallery.Info()};
  std::chrono::microseconds search_time{0};
  if (const Embedding probe = FuseShots(track); !probe.empty()) {
    const StageTimer timer(ports_.metrics, ports_.clock, Stage::kSearch, &search_time);
    search = SearchAt(round.place, probe);
  }
  const SteadyTime judged_from = ports_.clock.Now();
  Decision decision =
      JudgeTrack(track, std::move(search), options_.policy, options_.judge, round.place);
  decision.trace.times.search = search_time;
  decision.trace.times.decide = Microseconds(ports_.clock.Now() - judged_from);
  if (!track.conclusion.decision.has_value() &&
      !HasEnoughEvidence(track, decision, round.now, ended, options_.judge)) {
    return Postpone(track, round.now);
  }
  if (!Conclude(track, std::move(decision), round.now, options_.judge)) return;

  track.conclusion.person_name.clear();
  const std::vector<Candidate>& candidates = track.conclusion.decision->candidates;
  if (ports_.name_of && !candidates.empty()) {
    track.conclusion.person_name = ports_.name_of(candidates.front().person_id);
  }
  ports_.metrics.CountOutcome(round.lane.camera.id, track.conclusion.decision->outcome);
  Tell(track, Occasion::kChanged, round);
}

bool Recogniser::IsStillSeen(const Track& track, std::chrono::milliseconds now) const {
  const Conclusion& conclusion = track.conclusion;
  return conclusion.decision.has_value() && track.last_pts == now &&
         (conclusion.decision->outcome == Outcome::kMatch ||
          conclusion.decision->outcome == Outcome::kPossibleMatch) &&
         now - conclusion.told_at >= options_.still_seen_interval;
}

void Recogniser::Tell(Track& track, Occasion occasion, const Round& round) {
  track.conclusion.told_at = round.now;
  ports_.on_outcome({.camera_id = round.lane.camera.id,
                     .camera_name = round.lane.camera.name,
                     .visit_group = round.lane.camera.VisitGroup(),
                     .track_id = track.id,
                     .occasion = occasion,
                     .decision = *track.conclusion.decision,
                     .person_name = track.conclusion.person_name,
                     .best = track.shots.front(),
                     .first_seen = track.first_seen,
                     .last_seen = track.last_seen,
                     .first_pts = track.first_pts,
                     .last_pts = track.last_pts,
                     .embedder = DescribeEmbedder(embedder_->Info())});
}

void Recogniser::ShowLive(CameraLane& lane, const Frame& frame) {
  std::vector<LiveFace> faces;
  for (const Track& track : lane.tracker.Tracks()) {
    if (track.last_pts != frame.pts) continue;
    LiveFace face;
    face.box = track.box;
    face.track_id = track.id;
    if (const auto& decision = track.conclusion.decision) {
      face.outcome = decision->outcome;
      face.similarity = decision->similarity;
      face.threshold = decision->threshold;
      const bool named =
          decision->outcome == Outcome::kMatch || decision->outcome == Outcome::kPossibleMatch;
      if (named) {
        face.person_id = decision->candidates.front().person_id;
        face.person_name = track.conclusion.person_name;
      }
    }
    faces.push_back(std::move(face));
  }
  ports_.live->Publish(frame, std::move(faces));
}

}  // namespace vigil::pipeline
