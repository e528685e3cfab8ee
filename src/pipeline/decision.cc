// See decision.h.
#include "pipeline/decision.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace vigil::pipeline {
namespace {

constexpr std::size_t kCandidatesKept = 10;

// The line through two measured points, in log10(rate) over similarity.
struct TailLine {
  double similarity = 0;
  double log_rate = 0;
  double slope = 0;  // below 0

  double LogRateAt(double at) const { return log_rate + (at - similarity) * slope; }
  double SimilarityAt(double at_log_rate) const {
    return similarity + (at_log_rate - log_rate) / slope;
  }
};

TailLine LineThrough(const ImpostorTail::Point& a, const ImpostorTail::Point& b) {
  const double log_a = std::log10(a.false_match_rate);
  const double log_b = std::log10(b.false_match_rate);
  return {a.similarity, log_a, (log_b - log_a) / (b.similarity - a.similarity)};
}

// The line that covers a place, where `before_end(point)` tells that the place comes before the
// point. The first and the last line go on beyond the measured ends.
template <class BeforeEnd>
TailLine CoveringLine(const ImpostorTail& tail, BeforeEnd before_end) {
  std::size_t end = 1;
  while (end + 1 < tail.points.size() && !before_end(tail.points[end])) ++end;
  return LineThrough(tail.points[end - 1], tail.points[end]);
}

// The inverse of FalseMatchRate.
double SimilarityAtRate(const ImpostorTail& tail, double rate) {
  const TailLine line = CoveringLine(
      tail, [rate](const ImpostorTail::Point& point) { return rate >= point.false_match_rate; });
  return line.SimilarityAt(std::log10(rate));
}

// What the rule that names a candidate demands.
struct Demand {
  float threshold = 0;
  double permitted_rate = 0;
  std::vector<WatchlistTrace> asked;
};

Demand DemandFor(const Candidate& best, const DecisionPolicy& policy, const GalleryInfo& gallery,
                 double crowding, const WatchedPlace& place) {
  Demand demand{.threshold = MatchThreshold(policy, gallery, crowding),
                .permitted_rate = policy.named_strangers_max,
                .asked = {}};
  if (place.rules == nullptr) return demand;
  const auto lists = place.rules->At(best.person_id, place.camera_id, place.group_id);
  if (!lists.has_value() || lists->empty()) return demand;
  demand.threshold = 2;  // above any cosine: the lowest of the lists' follows
  for (const Watchlist* list : *lists) {
    const float threshold = ListThreshold(policy, *list, gallery, crowding);
    demand.asked.push_back({.id = list->id,
                            .name = list->name,
                            .threshold = threshold,
                            .passed = best.similarity >= threshold});
    if (threshold >= demand.threshold) continue;
    demand.threshold = threshold;
    demand.permitted_rate = list->named_strangers_max.value_or(policy.named_strangers_max);
  }
  return demand;
}

void KeepThoseLookedFor(std::vector<Candidate>& candidates, const WatchedPlace& place) {
  if (place.rules == nullptr) return;
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return !place.rules->At(candidate.person_id, place.camera_id, place.group_id).has_value();
  });
}

// Similarity of the nearest person but the named one. `everybody`: best first.
std::optional<float> RivalOf(const std::string& named, const std::vector<Candidate>& everybody) {
  const auto rival = std::ranges::find_if(
      everybody, [&](const Candidate& candidate) { return candidate.person_id != named; });
  return rival == everybody.end() ? std::nullopt : std::optional(rival->similarity);
}

}  // namespace

DecisionPolicy PolicyFor(const EmbedderInfo& embedder, double named_strangers_max,
                         float configured_floor) {
  return {.impostor_tail = embedder.impostor_tail,
          .floor = std::max(embedder.threshold_floor, configured_floor),
          .named_strangers_max = named_strangers_max};
}

double FalseMatchRate(const ImpostorTail& tail, float similarity) {
  if (tail.points.size() < 2) return 1;
  const TailLine line = CoveringLine(tail, [similarity](const ImpostorTail::Point& point) {
    return similarity <= point.similarity;
  });
  return std::min(1.0, std::pow(10.0, line.LogRateAt(similarity)));
}

double EffectiveComparisons(const GalleryInfo& gallery) {
  const auto persons = static_cast<double>(gallery.persons);
  const auto references = static_cast<double>(gallery.references);
  return persons + kExtraReferenceWeight * std::max(0.0, references - persons);
}

double Crowding(const DecisionPolicy& policy, const GallerySearch& search) {
  if (!policy.Calibrated() || search.candidates.size() < 2) return 1;
  const double expected = EffectiveComparisons(search.gallery) *
                          FalseMatchRate(policy.impostor_tail, search.candidates[1].similarity);
  return std::clamp(kCrowdingChance / expected, 1.0, kCrowdingMax);
}

double StrangerOdds(const DecisionPolicy& policy, const GalleryInfo& gallery, float similarity,
                    double crowding) {
  if (gallery.persons == 0) return 0;
  if (!policy.Calibrated()) return 1;
  const double rate = crowding * FalseMatchRate(policy.impostor_tail, similarity);
  if (rate >= 1) return 1;
  // expm1 and log1p keep the digits where the rate is tiny.
  return -std::expm1(EffectiveComparisons(gallery) * std::log1p(-rate));
}

float MatchThreshold(const DecisionPolicy& policy, const GalleryInfo& gallery, double crowding) {
  if (!policy.Calibrated() || gallery.persons == 0) return policy.floor;
  const double permitted = std::clamp(policy.named_strangers_max, 1e-9, 1.0 - 1e-9);
  const double rate =
      -std::expm1(std::log1p(-permitted) / EffectiveComparisons(gallery)) / crowding;
  const auto similarity = static_cast<float>(SimilarityAtRate(policy.impostor_tail, rate));
  return std::max(policy.floor, similarity);
}

float ListThreshold(const DecisionPolicy& policy, const Watchlist& list, const GalleryInfo& gallery,
                    double crowding) {
  if (list.threshold) return std::max(policy.floor, static_cast<float>(*list.threshold));
  if (!list.named_strangers_max) return MatchThreshold(policy, gallery, crowding);
  DecisionPolicy own = policy;
  own.named_strangers_max = *list.named_strangers_max;
  return MatchThreshold(own, gallery, crowding);
}

Decision Decide(GallerySearch search, const FaceQuality& quality, const DecisionPolicy& policy,
                const WatchedPlace& place) {
  Decision decision;
  decision.gallery = search.gallery;
  if (place.rules != nullptr) decision.rules_revision = place.rules->Revision();
  decision.threshold = MatchThreshold(policy, search.gallery);
  ThresholdTrace& trace = decision.trace.threshold;
  trace.calibrated = policy.Calibrated();
  trace.floor = policy.floor;
  trace.permitted_rate = policy.named_strangers_max;
  trace.comparisons = EffectiveComparisons(search.gallery);
  if (quality.unrecognisable.has_value()) {
    decision.outcome = Outcome::kUnrecognisable;
    decision.reason = quality.unrecognisable;
    return decision;
  }
  // The neighbourhood in the whole gallery tells how crowded it is, wherever people are looked for.
  const double crowding = Crowding(policy, search);
  trace.crowding = crowding;
  if (search.candidates.size() > 1) trace.runner_up = search.candidates[1].similarity;
  const std::vector<Candidate> everybody = search.candidates;
  KeepThoseLookedFor(search.candidates, place);
  if (search.candidates.empty()) {
    decision.outcome = Outcome::kStranger;
    decision.stranger_odds = search.gallery.persons == 0 ? 0 : 1;
    return decision;
  }
  Demand demand = DemandFor(search.candidates.front(), policy, search.gallery, crowding, place);
  decision.threshold = demand.threshold;
  decision.trace.watchlists = std::move(demand.asked);
  trace.permitted_rate = demand.permitted_rate;
  decision.candidates = std::move(search.candidates);
  if (decision.candidates.size() > kCandidatesKept) decision.candidates.resize(kCandidatesKept);
  decision.similarity = decision.candidates.front().similarity;
  const std::optional<float> rival = RivalOf(decision.candidates.front().person_id, everybody);
  trace.lead = decision.similarity - rival.value_or(0);
  trace.lead_min = policy.lead_min;
  decision.stranger_odds = StrangerOdds(policy, decision.gallery, decision.similarity, crowding);
  trace.false_match_rate = FalseMatchRate(policy.impostor_tail, decision.similarity);
  const bool passes = decision.similarity >= decision.threshold;
  trace.near_equal = rival.has_value() && trace.lead < policy.lead_min;
  bool other_passes = false;
  if (const Candidate* other = NearEqual(decision)) {
    Demand of_other = DemandFor(*other, policy, decision.gallery, crowding, place);
    other_passes = other->similarity >= of_other.threshold;
    decision.trace.near_equal_watchlists = std::move(of_other.asked);
    // The first one's lists may demand more than the second one's.
    if (!passes && other_passes) decision.threshold = of_other.threshold;
  }
  if (!passes && !other_passes) {
    trace.near_equal = false;
    decision.trace.near_equal_watchlists.clear();
  }
  if (passes && !trace.near_equal) {
    decision.outcome = Outcome::kMatch;
  } else if (passes || other_passes || decision.similarity >= policy.floor) {
    decision.outcome = Outcome::kPossibleMatch;
  }
  return decision;
}

}  // namespace vigil::pipeline
