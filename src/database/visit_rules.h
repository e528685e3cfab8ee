// The rules of visits and alerts, apart from where they are kept: the database follows them inside
// its transaction, and so does whoever records while the database is away.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/alert.h"
#include "core/incident.h"

namespace vigil::database {

// A visit that the next sighting may extend.
struct OpenVisit {
  std::string incident_id;
  Outcome outcome = Outcome::kPossibleMatch;
  Severity severity = Severity::kLow;
  std::optional<Severity> alert_severity;  // of the last alert; nothing: nobody was told
  WallTime last_seen{};
  float best_similarity = 0;
  std::set<std::string> told;  // channels
};

// What is remembered of one person at one place (camera group) when a sighting comes.
struct VisitMemory {
  std::optional<OpenVisit> visit;
  std::map<std::string, CooldownState> cooldowns;  // by channel
};

// What the cooldown of one channel answered.
struct ChannelAnswer {
  std::string channel;
  CooldownState cooldown;             // from now on
  std::optional<AlertMessage> alert;  // nothing: held back
};

// What one sighting does.
struct VisitStep {
  std::string incident_id;
  bool created = false;     // a new visit begins; an open one of the same place ends
  bool upgraded = false;    // a possible match becomes a match
  bool shows_best = false;  // the sighting is from now on what shows the visit
  std::vector<ChannelAnswer> answers;
};

// The alert that a sighting sends to a channel.
std::string AlertId(const std::string& sighting_id, const std::string& channel);

// The sighting extends the visit when it was seen at most `visit_gap` after the visit's last one,
// and not so long before that a clock must have been set back. What CallsForAlert asks the cooldown
// of each route that the visit has not told yet, and of all when the severity rises. Ids are
// derived from the sighting's, which must be set: whoever asks again gets the same ones.
VisitStep DecideStep(const VisitMemory& memory, const NewSighting& sighting,
                     std::chrono::milliseconds visit_gap, std::span<const AlertRoute> routes);

// What is remembered after it.
void Advance(VisitMemory& memory, const NewSighting& sighting, const VisitStep& step);

}  // namespace vigil::database
