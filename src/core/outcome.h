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

}  // namespace vigil
