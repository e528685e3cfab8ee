// How a decision came about, step by step: what somebody needs who checks it later.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/face_quality.h"
#include "core/geometry.h"

namespace vigil {

// One look at the face that was considered.
struct ShotTrace {
  WallTime captured_at{};
  std::chrono::milliseconds pts{0};  // on the stream's own timeline
  Box box{};                         // pixels of its frame
  float score = 0;                   // the detector's
  FaceQuality quality{};
  bool embedded = false;  // part of the probe; poor looks are not
  float weight = 0;       // its share of the probe, 0..1; all of them sum up to 1
  float similarity = 0;   // with the probe
  bool operator==(const ShotTrace&) const = default;
};

// The embedding that was searched for. Its numbers are not kept.
struct ProbeTrace {
  int dimension = 0;  // 0: nothing could be embedded
  int shots = 0;      // embedded and fused
  // Length of the weighted mean before it was scaled to 1: 1 when all shots gave the same
  // embedding, less the more they differ.
  float agreement = 0;
  bool operator==(const ProbeTrace&) const = default;
};

// Where the threshold and the odds come from.
struct ThresholdTrace {
  bool calibrated = false;      // the model's impostor tail is known
  float floor = 0;              // no match below, whatever the gallery
  double permitted_rate = 0;    // share of strangers who may be named
  double comparisons = 0;       // independent chances that a stranger gets in the gallery searched
  float runner_up = 0;          // similarity of the second candidate; 0 without one
  double crowding = 1;          // how much the runner-up raises the chance of each comparison
  double false_match_rate = 1;  // of one comparison at the similarity reached, before crowding
  // By how much the best candidate is more similar than anybody else in the gallery, wherever
  // looked for; than 0 without anybody else. Below 0: somebody who is not looked for here is
  // nearer.
  float lead = 0;
  float lead_min = 0;  // what a match needs of it
  // Why a match was made a possible match:
  bool lone_shot = false;   // it rests on one poor look
  bool near_equal = false;  // somebody else is nearly as similar
  bool disputed = false;    // a look is sure of somebody else
  bool operator==(const ThresholdTrace&) const = default;
};

// How much was known of the track when it was judged. All zero: not recorded.
struct EvidenceTrace {
  int judgements = 0;                     // of this track so far, this one included
  std::chrono::milliseconds seen{0};      // from its first look to its last one then
  float quality = 0;                      // of its recognisable looks, added up
  float quality_min = 0;                  // what it takes to be called a stranger early
  std::chrono::milliseconds patience{0};  // when it is called a stranger or unrecognisable anyway
  // Later judgements that would have named another person who was not clearly more similar.
  int renames_refused = 0;
  bool operator==(const EvidenceTrace&) const = default;
};

// What the looks say together of the face, whoever it is: means by their weights. Absent: no look
// says anything.
struct FaceStateTrace {
  std::optional<float> covered{};  // as in FaceQuality
  std::optional<float> live{};
  bool operator==(const FaceStateTrace&) const = default;
};

// What each stage took. Those of the picture are of the best shot's frame. Zero: not measured.
struct StageTimes {
  std::chrono::microseconds decode{0};  // processor time
  std::chrono::microseconds queue{0};   // from the packet's arrival until a worker took the frame
  std::chrono::microseconds detect{0};
  std::chrono::microseconds embed{0};  // the whole batch of `embed_batch` crops
  std::chrono::microseconds search{0};
  std::chrono::microseconds decide{0};
  std::chrono::microseconds store{0};  // pictures compressed, sealed and synced
  int embed_batch = 0;
  bool operator==(const StageTimes&) const = default;
};

// One watch-list that was asked about a candidate.
struct WatchlistTrace {
  std::string id;
  std::string name;     // as it was at the time
  float threshold = 0;  // what it demanded
  bool passed = false;
  bool operator==(const WatchlistTrace&) const = default;
};

// Empty (no shots) where nobody recorded one.
struct DecisionTrace {
  std::vector<ShotTrace> shots;  // best first
  ProbeTrace probe{};
  ThresholdTrace threshold{};
  FaceStateTrace state{};
  EvidenceTrace evidence{};
  std::vector<WatchlistTrace> watchlists{};  // empty: the person stands in none
  // The same of the second candidate where it is nearly as similar: it may be either.
  std::vector<WatchlistTrace> near_equal_watchlists{};
  // In the best shot's frame: faces that were left out because they lie outside the watched area.
  int faces_outside = 0;
  StageTimes times{};
  bool operator==(const DecisionTrace&) const = default;
};

}  // namespace vigil
