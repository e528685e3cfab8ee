// See visit_rules.h.
#include "database/visit_rules.h"

#include <algorithm>

#include "base/uuid.h"

namespace vigil::database {
namespace {

constexpr std::chrono::milliseconds kClockSetBack = std::chrono::minutes{10};

bool Extends(const OpenVisit& visit, WallTime seen_at, std::chrono::milliseconds visit_gap) {
  // Sightings come a little out of order. Long before the last one they are seen by a clock that
  // was set back, and must not stay unsaid until it has caught up.
  return seen_at <= visit.last_seen + visit_gap &&
         seen_at >= visit.last_seen - std::max(visit_gap, kClockSetBack);
}

AlertMessage MessageOf(const NewSighting& sighting, const std::string& incident_id,
                       const std::string& channel, std::int64_t suppressed_before) {
  const Sighting& seen = sighting.sighting;
  return {
      .id = AlertId(seen.id, channel),
      .incident_id = incident_id,
      .person_id = sighting.person.id,
      .person_name = sighting.person.name,
      .reason = sighting.person.reason,
      .near_equal = seen.decision.trace.threshold.near_equal,
      .or_person_id = sighting.near_equal ? sighting.near_equal->id : "",
      .or_person_name = sighting.near_equal ? sighting.near_equal->name : "",
      .severity = sighting.person.severity,
      .camera_id = seen.camera_id,
      .camera_name = seen.camera_name,
      .event_time = seen.seen_at,
      .face_count = seen.face_count,
      .similarity = seen.decision.similarity,
      .threshold = seen.decision.threshold,
      .stranger_odds = seen.decision.stranger_odds,
      // The face itself is what a person on the phone can judge.
      .snapshot_media_id = seen.crop_media_id.empty() ? seen.frame_media_id : seen.crop_media_id,
      .suppressed_before = suppressed_before};
}

ChannelAnswer Ask(const AlertRoute& route, const CooldownState& state, const NewSighting& sighting,
                  const std::string& incident_id) {
  const Sighting& seen = sighting.sighting;
  const CooldownVerdict verdict =
      route.cooldown(state, {seen.seen_at, sighting.person.severity, seen.decision.similarity});
  ChannelAnswer answer{.channel = route.channel, .cooldown = verdict.next, .alert = std::nullopt};
  if (verdict.send) {
    answer.alert = MessageOf(sighting, incident_id, route.channel, state.suppressed);
  }
  return answer;
}

}  // namespace

std::string AlertId(const std::string& sighting_id, const std::string& channel) {
  return DeriveUuid(sighting_id, "alert/" + channel);
}

VisitStep DecideStep(const VisitMemory& memory, const NewSighting& sighting,
                     std::chrono::milliseconds visit_gap, std::span<const AlertRoute> routes) {
  const Sighting& seen = sighting.sighting;
  VisitStep step;
  const OpenVisit* visit =
      memory.visit && Extends(*memory.visit, seen.seen_at, visit_gap) ? &*memory.visit : nullptr;
  if (visit == nullptr) {
    step.created = step.shows_best = true;
    step.incident_id = DeriveUuid(seen.id, "incident");
  } else {
    step.incident_id = visit->incident_id;
    step.upgraded =
        seen.decision.outcome == Outcome::kMatch && visit->outcome == Outcome::kPossibleMatch;
    step.shows_best = step.upgraded || seen.decision.similarity > visit->best_similarity;
  }
  if (!CallsForAlert(seen.decision)) return step;
  const bool is_more_severe = visit != nullptr && visit->alert_severity.has_value() &&
                              sighting.person.severity > *visit->alert_severity;
  for (const AlertRoute& route : routes) {
    // A channel that this visit has told hears of it again when it is more severe. The others ask
    // with each sighting: the visit may have begun inside their cooldown, or where no list of
    // theirs applied.
    if (visit != nullptr && !is_more_severe && visit->told.contains(route.channel)) continue;
    const auto state = memory.cooldowns.find(route.channel);
    step.answers.push_back(Ask(route,
                               state == memory.cooldowns.end() ? CooldownState{} : state->second,
                               sighting, step.incident_id));
  }
  return step;
}

void Advance(VisitMemory& memory, const NewSighting& sighting, const VisitStep& step) {
  const Sighting& seen = sighting.sighting;
  if (step.created || !memory.visit) {
    memory.visit = OpenVisit{.incident_id = step.incident_id,
                             .outcome = seen.decision.outcome,
                             .severity = sighting.person.severity,
                             .alert_severity = std::nullopt,
                             .last_seen = seen.seen_at,
                             .best_similarity = seen.decision.similarity,
                             .told = {}};
  }
  OpenVisit& visit = *memory.visit;
  visit.severity = std::max(visit.severity, sighting.person.severity);
  visit.last_seen = std::max(visit.last_seen, seen.seen_at);
  if (step.upgraded) visit.outcome = Outcome::kMatch;
  if (step.shows_best) visit.best_similarity = seen.decision.similarity;
  for (const ChannelAnswer& answer : step.answers) {
    memory.cooldowns[answer.channel] = answer.cooldown;
    if (!answer.alert) continue;
    visit.told.insert(answer.channel);
    visit.alert_severity = sighting.person.severity;
  }
}

}  // namespace vigil::database
