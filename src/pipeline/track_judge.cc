// See track_judge.h.
#include "pipeline/track_judge.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

// How much an outcome says: a later judgement replaces an earlier one only when it says more.
int Rank(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUnrecognisable:
      return 0;
    case Outcome::kStranger:
      return 1;
    case Outcome::kPossibleMatch:
      return 2;
    case Outcome::kMatch:
      return 3;
    case Outcome::kSpoof:
      return 4;
  }
  return 0;
}

std::string PersonOf(const Decision& decision) {
  const bool named =
      decision.outcome == Outcome::kMatch || decision.outcome == Outcome::kPossibleMatch;
  return named && !decision.candidates.empty() ? decision.candidates.front().person_id : "";
}

std::size_t RecognisableShots(const Track& track) {
  return static_cast<std::size_t>(std::ranges::count_if(track.shots, &Shot::Recognisable));
}

milliseconds WaitBefore(int judgements, const JudgeOptions& options) {
  milliseconds wait = options.evidence_window;
  for (int i = 1; i < judgements && wait < options.judgement_interval_max; ++i) wait *= 2;
  return std::min(wait, options.judgement_interval_max);
}

// Whether `decision` names another person than `past` without clear evidence. A possible match
// gives way to any match.
bool RenamesWithoutReason(const Decision& past, const Decision& decision, float margin) {
  const std::string former = PersonOf(past);
  const std::string latter = PersonOf(decision);
  if (former.empty() || latter.empty() || former == latter) return false;
  if (past.outcome != Outcome::kMatch && decision.outcome == Outcome::kMatch) return false;
  const auto found = std::ranges::find(decision.candidates, former, &Candidate::person_id);
  return found != decision.candidates.end() && decision.similarity - found->similarity < margin;
}

bool LooksNameAnother(const Track& track, const std::string& person_id) {
  return std::ranges::any_of(track.shots, [&](const Shot& shot) {
    return !shot.embedding.empty() && !shot.names.empty() && shot.names != person_id;
  });
}

std::vector<std::string> PassedLists(const Decision& decision) {
  std::vector<std::string> ids;
  for (const auto* asked : {&decision.trace.watchlists, &decision.trace.near_equal_watchlists}) {
    for (const WatchlistTrace& list : *asked) {
      if (list.passed) ids.push_back(list.id);
    }
  }
  return ids;
}

// A shot of quality 0 still counts a little: it may be the only one.
float WeightOf(const Shot& shot) { return std::max(shot.quality.score, 0.01F); }

void AddWeighted(Embedding& sum, const Shot& shot) {
  if (sum.empty()) sum.resize(shot.embedding.size());
  const float weight = WeightOf(shot);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * shot.embedding[i];
}

// The mean of what the shots say, by their weights; nothing where none says anything.
std::optional<float> MeanOf(const Track& track, std::optional<float> FaceQuality::* said) {
  float sum = 0;
  float weights = 0;
  for (const Shot& shot : track.shots) {
    if (!(shot.quality.*said)) continue;
    sum += WeightOf(shot) * *(shot.quality.*said);
    weights += WeightOf(shot);
  }
  return weights > 0 ? std::optional(sum / weights) : std::nullopt;
}

// What the probe was made of, for whoever asks why.
void TraceEvidence(const Track& track, DecisionTrace& trace) {
  const Embedding probe = FuseShots(track);
  float weights = 0;
  for (const Shot& shot : track.shots) {
    if (!shot.embedding.empty()) weights += WeightOf(shot);
  }
  for (const Shot& shot : track.shots) {
    ShotTrace& look = trace.shots.emplace_back();
    look.captured_at = shot.frame.captured_at;
    look.pts = shot.frame.pts;
    look.box = shot.detection.box;
    look.score = shot.detection.score;
    look.quality = shot.quality;
    look.embedded = !shot.embedding.empty();
    if (!look.embedded) continue;
    look.weight = WeightOf(shot) / weights;
    look.similarity = Similarity(probe, shot.embedding);
    trace.probe.agreement += look.weight * look.similarity;
    ++trace.probe.shots;
  }
  trace.state = {.covered = MeanOf(track, &FaceQuality::covered),
                 .live = MeanOf(track, &FaceQuality::live)};
  trace.probe.dimension = static_cast<int>(probe.size());
  trace.times = track.shots.front().times;
  trace.faces_outside = track.shots.front().frame_faces_outside;
}

EvidenceTrace EvidenceOf(const Track& track, const JudgeOptions& options) {
  EvidenceTrace evidence{.judgements = track.conclusion.judgements + 1,
                         .seen = track.last_pts - track.first_pts,
                         .quality_min = options.stranger_evidence_min,
                         .patience = options.patience};
  for (const Shot& shot : track.shots) {
    if (shot.Recognisable()) evidence.quality += shot.quality.score;
  }
  return evidence;
}

// A match that rests on too little becomes a possible match; all reasons are told, not only one.
void DoubtEvidence(const Track& track, const JudgeOptions& options, Decision& decision) {
  ThresholdTrace& trace = decision.trace.threshold;
  if (decision.outcome != Outcome::kMatch && !trace.near_equal) return;
  trace.lone_shot = RecognisableShots(track) < 2 &&
                    track.shots.front().quality.score < options.lone_shot_quality_min;
  trace.disputed = LooksNameAnother(track, decision.candidates.front().person_id);
  if (trace.lone_shot || trace.disputed) decision.outcome = Outcome::kPossibleMatch;
}

// What the state of the face makes of a decision that was taken on its embedding alone.
void WeighState(const Track& track, const JudgeOptions& options, Decision& decision) {
  const FaceStateTrace& state = decision.trace.state;
  // Whoever is recognised in spite of a mask is recognised: against uncovered references covered
  // faces match strangers no oftener than others. But many more of them are missed, so that nobody
  // can be called a stranger.
  if (decision.outcome == Outcome::kStranger && state.covered.value_or(0) >= kCoveredFrom) {
    decision.outcome = Outcome::kUnrecognisable;
    decision.reason = UnrecognisableReason::kOccluded;
  }
  if (state.live.value_or(1) >= kLiveFrom) return;
  const auto looks = std::ranges::count_if(
      track.shots, [](const Shot& shot) { return shot.quality.live.has_value(); });
  if (looks >= options.spoof_looks_min) {
    decision.outcome = Outcome::kSpoof;
    decision.reason.reset();
  } else if (CallsForAlert(decision)) {
    decision.outcome = Outcome::kPossibleMatch;
    decision.trace.threshold.lone_shot = true;
  }
}

}  // namespace

bool IsDue(const Track& track, milliseconds now, bool ended, std::uint64_t gallery_sequence,
           const JudgeOptions& options, std::uint64_t rules_revision) {
  const Conclusion& past = track.conclusion;
  if (past.judgements == 0) return ended || now - track.first_pts >= options.evidence_window;
  if (!past.decision && (ended || now - track.first_pts >= options.patience)) return true;
  const std::size_t shots = RecognisableShots(track);
  if (shots == 0) return false;
  if (past.decision && (past.decision->gallery.sequence != gallery_sequence ||
                        past.decision->rules_revision != rules_revision)) {
    // One judgement an evidence window: while many people are enrolled gallery and lists change
    // with each frame.
    return ended || now - past.judged_at >= options.evidence_window;
  }
  if (!ended && now - past.judged_at < WaitBefore(past.judgements, options)) return false;
  return shots > past.judged_shots ||
         track.shots.front().quality.score >= past.judged_quality * options.better_quality;
}

bool NeedsProof(const Track& track, milliseconds now, bool ended, const JudgeOptions& options) {
  if (track.conclusion.judgements == 0) return false;
  const auto unproven = [](const Shot& shot) {
    return shot.Recognisable() && shot.embedding.empty();
  };
  if (!std::ranges::any_of(track.shots, unproven) && !(track.newest && unproven(*track.newest))) {
    return false;
  }
  return ended || track.doubtful || now - track.proven_at >= options.proof_interval;
}

std::optional<milliseconds> FindTakeover(const Track& track, const JudgeOptions& options) {
  std::vector<const Shot*> shots;
  for (const Shot& shot : track.shots) {
    if (!shot.embedding.empty()) shots.push_back(&shot);
  }
  if (track.newest && !track.newest->embedding.empty()) shots.push_back(&*track.newest);
  std::ranges::sort(shots, {}, [](const Shot* shot) { return shot->frame.pts; });
  Embedding earlier;
  std::string_view named;
  for (const Shot* shot : shots) {
    if (!earlier.empty()) {
      Embedding mean = earlier;
      Normalise(mean);
      const bool unlike = Similarity(mean, shot->embedding) < options.same_face_similarity_min;
      // Relatives resemble each other; a shot that is sure of another name than the ones before is
      // somebody else all the same.
      const bool renamed = !named.empty() && !shot->names.empty() && shot->names != named;
      if (unlike || renamed) return shot->frame.pts;
    }
    if (!shot->names.empty()) named = shot->names;
    AddWeighted(earlier, *shot);
  }
  return std::nullopt;
}

Embedding FuseShots(const Track& track) {
  Embedding sum;
  for (const Shot& shot : track.shots) {
    if (!shot.embedding.empty()) AddWeighted(sum, shot);
  }
  Normalise(sum);
  return sum;
}

Decision JudgeTrack(const Track& track, GallerySearch search, const DecisionPolicy& policy,
                    const JudgeOptions& options, const WatchedPlace& place) {
  const Shot& best = track.shots.front();
  Decision decision = Decide(std::move(search), best.quality, policy, place);
  TraceEvidence(track, decision.trace);
  decision.trace.evidence = EvidenceOf(track, options);
  DoubtEvidence(track, options, decision);
  WeighState(track, options, decision);
  return decision;
}

bool HasEnoughEvidence(const Track& track, const Decision& decision, milliseconds now, bool ended,
                       const JudgeOptions& options) {
  if (ended || now - track.first_pts >= options.patience) return true;
  if (decision.outcome != Outcome::kStranger && decision.outcome != Outcome::kUnrecognisable) {
    return true;
  }
  return decision.trace.evidence.quality >= options.stranger_evidence_min;
}

void Postpone(Track& track, milliseconds now) {
  Conclusion& conclusion = track.conclusion;
  ++conclusion.judgements;
  conclusion.judged_at = now;
  conclusion.judged_quality = track.shots.front().quality.score;
  conclusion.judged_shots = RecognisableShots(track);
}

bool Conclude(Track& track, Decision decision, milliseconds now, const JudgeOptions& options) {
  Conclusion& conclusion = track.conclusion;
  Postpone(track, now);
  if (conclusion.decision.has_value()) {
    const Decision& past = *conclusion.decision;
    const auto weight = [](const Decision& judged) {
      return std::tuple(Rank(judged.outcome), CallsForAlert(judged), judged.similarity);
    };
    const bool says_more = weight(decision) > weight(past);
    const bool same_knowledge = past.gallery.sequence == decision.gallery.sequence &&
                                past.rules_revision == decision.rules_revision;
    if (same_knowledge) {
      if (!says_more) return false;
      if (RenamesWithoutReason(past, decision, options.rename_margin)) {
        ++conclusion.decision->trace.evidence.renames_refused;
        return false;
      }
    }
  }
  const bool changed = !conclusion.decision.has_value() ||
                       conclusion.decision->outcome != decision.outcome ||
                       PersonOf(*conclusion.decision) != PersonOf(decision) ||
                       CallsForAlert(*conclusion.decision) != CallsForAlert(decision) ||
                       PassedLists(*conclusion.decision) != PassedLists(decision);
  conclusion.decision = std::move(decision);
  return changed;
}

}  // namespace vigil::pipeline
