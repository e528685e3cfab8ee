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
  bool lone_shot = false;       // a match made a possible match: it rests on one poor look
  bool operator==(const ThresholdTrace&) const = default;
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

// One watch-list that was asked about the best candidate.
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
  std::vector<WatchlistTrace> watchlists{};  // empty: the person stands in none
  // In the best shot's frame: faces that were left out because they lie outside the watched area.
  int faces_outside = 0;
  StageTimes times{};
  bool operator==(const DecisionTrace&) const = default;
};

}  // namespace vigil
