// From similarities to a conclusion: never a bare nearest name, always "how sure, and how would a
// stranger fare here".
#pragma once

#include <vector>

#include "core/face_quality.h"
#include "core/gallery.h"
#include "core/model_info.h"
#include "core/outcome.h"
#include "pipeline/watch_rules.h"

namespace vigil::pipeline {

// What people set, and what is known about the model.
struct DecisionPolicy {
  ImpostorTail impostor_tail;  // empty: the model was not calibrated; only the floor holds then
  float floor = 0.42F;         // never match below this similarity, however small the gallery
  double named_strangers_max = 0.01;  // permitted share of strangers who get somebody's name
  // A match must be this much more similar than anybody else in the gallery: of twins, or of one
  // person who is enrolled twice, nobody can tell which it is.
  float lead_min = 0.05F;

  bool Calibrated() const { return impostor_tail.points.size() >= 2; }
};

// The policy of a loaded embedder. `floor` is the greater of the model's and `configured_floor`.
DecisionPolicy PolicyFor(const EmbedderInfo& embedder, double named_strangers_max,
                         float configured_floor);

// How often one comparison of two different people scores at least `similarity`. Straight lines in
// log(rate) over similarity between the measured points; beyond either end the nearest line goes
// on, so that rates stay above 0. In 0..1.
double FalseMatchRate(const ImpostorTail& tail, float similarity);

// How many independent chances a stranger gets in this gallery. Each person counts 1; each further
// reference of a person counts kExtraReferenceWeight, because photos of one person resemble the
// same strangers.
double EffectiveComparisons(const GalleryInfo& gallery);
inline constexpr double kExtraReferenceWeight = 0.5;

// How much more often than the measured tail says a face like this probe meets somebody by chance:
// 1 to kCrowdingMax. The tail is an average over all kinds of people, but people of one region or
// age look more alike to the model than that, and a gallery holds what its place holds. The
// runner-up, who cannot be the same person as the best candidate, tells: had a runner-up as similar
// as this one less than a kCrowdingChance chance by the tail, then the tail understates this
// probe's chances by the same factor. 1 without a runner-up.
double Crowding(const DecisionPolicy& policy, const GallerySearch& search);
inline constexpr double kCrowdingMax = 20;
inline constexpr double kCrowdingChance = 0.25;

// The share of strangers whose best similarity in this gallery reaches `similarity`: 1 - (1 -
// crowding * FMR)^N. Treating comparisons as independent overstates it a little (measured: the
// threshold comes out up to 0.03 higher than needed at 500 people), which errs on the side of the
// stranger. 1 ("not known") for a model without a tail; 0 for an empty gallery.
double StrangerOdds(const DecisionPolicy& policy, const GalleryInfo& gallery, float similarity,
                    double crowding = 1);

// The similarity a match needs in this gallery: where StrangerOdds falls to the permitted rate,
// never below the floor.
float MatchThreshold(const DecisionPolicy& policy, const GalleryInfo& gallery, double crowding = 1);

// What one watch-list demands in this gallery.
float ListThreshold(const DecisionPolicy& policy, const Watchlist& list, const GalleryInfo& gallery,
                    double crowding);

// The conclusion for one probe at one place. People who are not looked for there do not count as
// candidates; of the others, only the best can be named. In watch-lists, that person's threshold is
// the lowest of those lists'. An unrecognisable face is never compared with anybody: it keeps its
// reason. Otherwise kMatch from the threshold up, unless another person is nearly as similar;
// kPossibleMatch then and between floor and threshold, kStranger below. `search.candidates` are
// best first; at most 10 are kept.
Decision Decide(GallerySearch search, const FaceQuality& quality, const DecisionPolicy& policy,
                const WatchedPlace& place = {});

}  // namespace vigil::pipeline
