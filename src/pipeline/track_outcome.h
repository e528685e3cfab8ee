// The values that travel down the pipeline: one look at a face, and what was concluded about a face
// over time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "core/detection.h"
#include "core/embedding.h"
#include "core/face_crop.h"
#include "core/face_quality.h"
#include "core/frame.h"
#include "core/liveness.h"
#include "core/model_info.h"
#include "core/outcome.h"

namespace vigil::pipeline {

// Rates one face for recognition. A pure function, called from any worker.
using QualityRule =
    std::function<FaceQuality(const Frame& frame, const FaceCrop& crop, const Detection& face)>;

// One look at one face: what a detection becomes once it is cut out and rated.
struct Shot {
  Detection detection;
  FaceQuality quality;
  FaceCrop crop;
  LivenessView surroundings{};  // until it was looked at; empty where nobody looks
  Embedding embedding;          // empty until the shot was worth embedding
  Frame frame;  // where it was seen; its pixels are let go when a better shot of the track exists
  int frame_faces = 0;          // faces in that frame
  int frame_faces_outside = 0;  // and those left out because they lie outside the watched area
  std::string
      names;  // the person whom this shot alone would name when it was embedded; empty: nobody
  StageTimes times{};  // queue and detect of its frame, embed once it was embedded

  bool Recognisable() const { return !quality.unrecognisable.has_value(); }
};

// Space and precision of an embedder in one text, kept with each sighting.
std::string DescribeEmbedder(const EmbedderInfo& embedder);

// Why a track speaks.
enum class Occasion {
  kChanged,    // its outcome or its person changed; the first conclusion too
  kStillSeen,  // a matched face is still in view; said every `still_seen_interval`, so that a visit
               // does not end meanwhile
  kEnded,      // it is over: the last word, always preceded by kChanged
};

// What is concluded about one track at one moment.
struct TrackOutcome {
  std::string camera_id;
  std::string camera_name;
  std::string visit_group;    // Camera::VisitGroup
  std::int64_t track_id = 0;  // rises per camera, never reused while the camera runs
  Occasion occasion = Occasion::kChanged;
  Decision decision;
  std::string person_name;  // of decision.candidates.front(), where names are known; else empty
  Shot best;                // the best shot so far: the picture of the incident
  WallTime first_seen{};
  WallTime last_seen{};
  std::chrono::milliseconds first_pts{0};  // first_seen and last_seen on the stream's own timeline
  std::chrono::milliseconds last_pts{0};
  std::string embedder{};  // that decided: DescribeEmbedder
};

// Called by recognition workers, several at once for different cameras; must not block for long.
using OutcomeCallback = std::function<void(const TrackOutcome& outcome)>;

}  // namespace vigil::pipeline
