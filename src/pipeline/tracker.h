// One face over time: ties the detections of successive frames together, so that a face is embedded
// a few times, not 25 times a second, and spoken of once, not once a frame.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "core/frame.h"
#include "core/geometry.h"
#include "pipeline/box_motion.h"
#include "pipeline/track_outcome.h"

namespace vigil::pipeline {

// What was concluded about a track so far (kept here for track_judge.h; the tracker only carries
// it).
struct Conclusion {
  std::optional<Decision> decision;  // the best-founded one so far
  std::string person_name;
  int judgements = 0;                      // made so far
  std::chrono::milliseconds judged_at{0};  // pts of the last one
  float judged_quality = 0;                // best shot's quality then
  std::size_t judged_shots = 0;            // recognisable shots then
  std::chrono::milliseconds told_at{0};    // pts when the track last spoke
};

struct Track {
  std::int64_t id = 0;
  Box box;           // where the face was last seen
  BoxMotion motion;  // where it should be next
  std::chrono::milliseconds first_pts{0};
  std::chrono::milliseconds last_pts{0};
  WallTime first_seen{};
  WallTime last_seen{};
  int detections = 0;       // frames it was found in
  std::vector<Shot> shots;  // best first, at most shots_max; never empty
  // The newest recognisable shot, when it is not among the best: the proof whether the track still
  // follows the same face.
  std::optional<Shot> newest;
  bool doubtful = false;  // since the last proof it made a step that may have led to another face
  std::chrono::milliseconds proven_at{0};  // pts when all shots were last compared with each other
  Conclusion conclusion;
  int failed_settlements = 0;  // how often it could not be embedded when it was over
};

struct TrackerOptions {
  std::chrono::milliseconds lost_after{1000};  // a face not found for this long has left
  int shots_max = 3;
  // Another scene: at least this share of the picture changed its luma by more than this at once.
  double scene_change_area = 0.5;
  int scene_change_luma = 25;
  int tracks_max =
      100;  // faces beyond it are ignored, so that a picture full of patterns cannot eat the memory
};

// Better first: a recognisable shot before one that is not, then by quality.
bool BetterShot(const Shot& a, const Shot& b);

// One per camera; used by one thread at a time. Times are the stream's own (Frame::pts), so that
// the speed of processing does not matter. Ids rise and are never reused, across streams too.
class Tracker {
 public:
  explicit Tracker(const TrackerOptions& options) : options_(options) {}

  // Takes the faces of the next frame and returns the tracks that ended: those not found for too
  // long, and all of them when the resolution changed, time ran backwards or another scene is shown
  // (a camera that turned to its next position: old boxes mean nothing then). Shots whose box is
  // not finite or has no area are ignored.
  std::vector<Track> Update(const Frame& frame, std::vector<Shot> shots);

  // The stream is over.
  std::vector<Track> EndAll();

  // The shots of `track` from `since` on turned out to be another face: they leave it and come back
  // as a track of their own that goes on where `track` was, which ends at its last remaining shot.
  // Both sides must have a shot. `track` may be a living one or one that ended.
  Track Split(Track& track, std::chrono::milliseconds since);

  std::span<Track> Tracks() { return tracks_; }

 private:
  std::vector<Track> EndLost(std::chrono::milliseconds now);
  void Start(const Frame& frame, Shot shot);
  void Follow(Track& track, const Frame& frame, Shot shot) const;

  const TrackerOptions options_;
  std::vector<Track> tracks_;
  std::int64_t next_id_ = 1;
  int width_ = 0;
  int height_ = 0;
  std::chrono::milliseconds pts_{0};
  std::vector<std::uint8_t> grid_;  // of the last frame, see LumaGrid
};

}  // namespace vigil::pipeline
