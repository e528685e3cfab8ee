// What the system concludes about one face, with everything needed to see why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/decision_trace.h"
#include "core/face_quality.h"
#include "core/gallery.h"
#include "core/geometry.h"

namespace vigil {

enum class Outcome { kMatch, kPossibleMatch, kStranger, kUnrecognisable, kSpoof };

// "match", "possible_match", "stranger", "unrecognisable", "spoof".
std::string_view OutcomeName(Outcome outcome);

// The judgement of one probe against one gallery. For kMatch and kPossibleMatch candidates.front()
// is the person.
struct Decision {
  Outcome outcome = Outcome::kStranger;
  std::optional<UnrecognisableReason> reason;  // set for kUnrecognisable
  float similarity = 0;                        // of the best candidate; 0 when nobody is enrolled
  float threshold = 0;                         // what a match needed here
  // How often a stranger would score this high in this gallery: 0.00025 is "about 1 in 4,000".
  double stranger_odds = 1;
  std::vector<Candidate> candidates;  // best first, at most 10
  GalleryInfo gallery;                // the gallery that was searched
  DecisionTrace trace{};              // how it came about
  std::uint64_t rules_revision = 0;   // of the watch-lists that were asked
};

// Whether people are told at once: of a match, and of a face that would be one if another enrolled
// person were not nearly as similar. Who it is may then be open, not that it is one of them. Where
// somebody who is not looked for there is clearly nearer, nobody is told.
inline bool CallsForAlert(const Decision& decision) {
  if (decision.outcome != Outcome::kPossibleMatch) return decision.outcome == Outcome::kMatch;
  const ThresholdTrace& trace = decision.trace.threshold;
  return trace.near_equal && trace.lead > -trace.lead_min && !trace.lone_shot && !trace.disputed;
}

// The other person it may be as well: the second candidate where it is nearly as similar as the
// best. Null where there is none, or none who is looked for there. Lives as long as `decision`.
inline const Candidate* NearEqual(const Decision& decision) {
  const ThresholdTrace& trace = decision.trace.threshold;
  if (!trace.near_equal || decision.candidates.size() < 2) return nullptr;
  const Candidate& other = decision.candidates[1];
  return decision.similarity - other.similarity < trace.lead_min ? &other : nullptr;
}

}  // namespace vigil
