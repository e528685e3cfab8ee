// When a track is judged, on what evidence, and when a new judgement is worth saying.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/embedding.h"
#include "core/outcome.h"
#include "pipeline/decision.h"
#include "pipeline/tracker.h"

namespace vigil::pipeline {

struct JudgeOptions {
  // A track is judged when it has been seen for this long, or when it ends. The wait before each
  // further judgement doubles, so that a face that stays costs less and less and a stranger does
  // not get endless chances.
  std::chrono::milliseconds evidence_window{600};
  std::chrono::milliseconds judgement_interval_max{10'000};
  // A further judgement needs a best shot this much better, or more shots than the last one had.
  float better_quality = 1.1F;
  // A lone shot below this quality names nobody: the match becomes a possible match.
  float lone_shot_quality_min = 0.6F;
  // Fewer looks make nobody a picture of a face; a match on them becomes a possible match.
  int spoof_looks_min = 2;
  // Before this a track is called a stranger or unrecognisable only if the qualities of its
  // recognisable shots add up to `stranger_evidence_min`: a face may yet turn round.
  std::chrono::milliseconds patience{2'000};
  float stranger_evidence_min = 1.2F;
  // A name that was given goes over to another person only if the former one is at least this much
  // less similar by now.
  float rename_margin = 0.1F;
  // Two shots less alike than this are not of one face.
  float same_face_similarity_min = 0.35F;
  // A judged track is checked this often whether it still follows the same face; at once after a
  // doubtful step.
  std::chrono::milliseconds proof_interval{2'000};
};

// Whether the track should be judged now. `ended`: it will get no more shots. `gallery_sequence`:
// people enrolled or deleted meanwhile concern faces in view as well, and so do changed watch-lists
// (`rules_revision`), once an evidence window.
bool IsDue(const Track& track, std::chrono::milliseconds now, bool ended,
           std::uint64_t gallery_sequence, const JudgeOptions& options,
           std::uint64_t rules_revision = 0);

// Whether a judged track has shots that were never compared with the others, and it is time to do
// so.
bool NeedsProof(const Track& track, std::chrono::milliseconds now, bool ended,
                const JudgeOptions& options);

// The time of the first embedded shot, the newest included, that does not resemble the earlier
// ones or names somebody else than they do: another face took the track over there.
std::optional<std::chrono::milliseconds> FindTakeover(const Track& track,
                                                      const JudgeOptions& options);

// The track's face as one unit-length embedding: the mean of its embedded shots, weighted by
// quality. Empty without any.
Embedding FuseShots(const Track& track);

// Decides on what the gallery search for FuseShots found. A poor lone shot is not enough for a
// match, nor are shots one of which is sure of somebody else. A covered face that resembles nobody
// is unrecognisable, not a stranger. What looks like the picture of a face is a spoof, whomever it
// shows.
Decision JudgeTrack(const Track& track, GallerySearch search, const DecisionPolicy& policy,
                    const JudgeOptions& options, const WatchedPlace& place = {});

// Whether `decision` may be the first that is said of the track: that somebody is a stranger or
// cannot be recognised needs more than a first look. `ended`: nothing more will come.
bool HasEnoughEvidence(const Track& track, const Decision& decision, std::chrono::milliseconds now,
                       bool ended, const JudgeOptions& options);

// Remembers that the track was judged without a conclusion.
void Postpone(Track& track, std::chrono::milliseconds now);

// Takes a judgement into the track's conclusion. The better-founded one wins (a match is not lost
// by a later, poorer angle, nor changed to another person who is not clearly more similar) unless
// gallery or watch-lists have changed, in which case the newer knows better. True when the outcome,
// the person or the lists that name the person changed.
bool Conclude(Track& track, Decision decision, std::chrono::milliseconds now,
              const JudgeOptions& options = {});

}  // namespace vigil::pipeline
