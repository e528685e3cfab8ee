// See tracker.h.
#include "pipeline/tracker.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

#include "pipeline/luma_grid.h"

#include "base/check.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr float kSizeRatioMax = 2.0F;  // between two looks a face does not double its size
// A detection continues a track whose prediction it misses by less than this (see
// BoxMotion::Surprise), chosen by tracker_crossings_test.cc.
constexpr float kSurpriseMax = 50;
// The longer a track was not seen, the more fits it: one that was seen just now goes first.
constexpr float kSurpriseASecondUnseen = 10;
// A detection that two tracks, or a track that two detections, would fit nearly as well.
constexpr float kAmbiguousSurprise = 9;
constexpr float kSureStepOverlap = 0.3F;  // a face seldom moves farther from where it was expected

bool UsableBox(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
         std::isfinite(box.y2) && box.Width() >= 1 && box.Height() >= 1;
}

float Side(const Box& box) { return std::sqrt(box.Area()); }

struct Pair {
  std::size_t track;
  std::size_t shot;
  float surprise;
  bool ambiguous = false;  // the track may as well have gone on with another face
};

std::vector<Pair> PossiblePairs(std::span<const Track> tracks, std::span<const Shot> shots,
                                milliseconds pts) {
  std::vector<Pair> pairs;
  for (std::size_t t = 0; t < tracks.size(); ++t) {
    for (std::size_t s = 0; s < shots.size(); ++s) {
      const Box& seen = shots[s].detection.box;
      const float ratio = Side(tracks[t].box) / Side(seen);
      if (ratio > kSizeRatioMax || ratio < 1 / kSizeRatioMax) continue;
      const float surprise = tracks[t].motion.Surprise(seen, pts);
      if (surprise >= kSurpriseMax) continue;
      const std::chrono::duration<float> unseen = pts - tracks[t].last_pts;
      pairs.push_back({t, s, surprise + kSurpriseASecondUnseen * unseen.count()});
    }
  }
  return pairs;
}

// Greedy: the least surprising pair first. Where several fit, the result is marked ambiguous, and
// the embeddings tell.
std::vector<Pair> Associate(std::span<const Track> tracks, std::span<const Shot> shots,
                            milliseconds pts) {
  std::vector<Pair> pairs = PossiblePairs(tracks, shots, pts);
  for (Pair& pair : pairs) {
    pair.ambiguous = std::ranges::any_of(pairs, [&](const Pair& other) {
      const bool rival = (other.track == pair.track) != (other.shot == pair.shot);
      return rival && other.surprise < pair.surprise + kAmbiguousSurprise;
    });
  }
  std::ranges::sort(
      pairs, {}, [](const Pair& pair) { return std::tuple(pair.surprise, pair.track, pair.shot); });
  std::vector<bool> track_taken(tracks.size());
  std::vector<bool> shot_taken(shots.size());
  std::erase_if(pairs, [&](const Pair& pair) {
    if (track_taken[pair.track] || shot_taken[pair.shot]) return true;
    track_taken[pair.track] = true;
    shot_taken[pair.shot] = true;
    return false;
  });
  return pairs;
}

// Frames are large: only the best shot, the picture of a possible incident, keeps its pixels.
void ReleasePixels(Frame& frame) {
  frame.planes = {};
  frame.buffer.reset();
}

// Returns the shot that found no place any more.
std::optional<Shot> AddShot(std::vector<Shot>& shots, Shot shot, int shots_max) {
  const auto place = std::ranges::upper_bound(shots, shot, BetterShot);
  if (place == shots.begin() && !shots.empty()) ReleasePixels(shots.front().frame);
  if (place != shots.begin()) ReleasePixels(shot.frame);
  shots.insert(place, std::move(shot));
  if (std::ssize(shots) <= shots_max) return std::nullopt;
  Shot dropped = std::move(shots.back());
  shots.pop_back();
  return dropped;
}

}  // namespace

bool BetterShot(const Shot& a, const Shot& b) {
  if (a.Recognisable() != b.Recognisable()) return a.Recognisable();
  return a.quality.score > b.quality.score;
}

std::vector<Track> Tracker::Update(const Frame& frame, std::vector<Shot> shots) {
  std::vector<Track> ended;
  std::vector<std::uint8_t> grid = LumaGrid(frame);
  const bool another_scene =
      ChangedShare(grid, grid_, options_.scene_change_luma) >= options_.scene_change_area;
  if (frame.width != width_ || frame.height != height_ || frame.pts < pts_ || another_scene) {
    ended = EndAll();
  }
  grid_ = std::move(grid);
  width_ = frame.width;
  height_ = frame.height;
  pts_ = frame.pts;

  std::erase_if(shots, [](const Shot& shot) { return !UsableBox(shot.detection.box); });
  std::ranges::move(EndLost(frame.pts), std::back_inserter(ended));

  std::vector<bool> followed(shots.size());
  for (const Pair& pair : Associate(tracks_, shots, frame.pts)) {
    Track& track = tracks_[pair.track];
    if (pair.ambiguous) track.doubtful = true;
    Follow(track, frame, std::move(shots[pair.shot]));
    followed[pair.shot] = true;
  }
  for (std::size_t i = 0; i < shots.size(); ++i) {
    if (!followed[i]) Start(frame, std::move(shots[i]));
  }
  return ended;
}

std::vector<Track> Tracker::EndAll() { return std::exchange(tracks_, {}); }

Track Tracker::Split(Track& track, milliseconds since) {
  Track other = track;
  other.id = next_id_++;
  other.conclusion = {};
  const auto is_other = [since](const Shot& shot) { return shot.frame.pts >= since; };
  if (other.newest.has_value() && is_other(*other.newest)) {
    AddShot(other.shots, *std::exchange(other.newest, std::nullopt), options_.shots_max + 1);
  }
  track.newest.reset();
  std::erase_if(other.shots, [&](const Shot& shot) { return !is_other(shot); });
  std::erase_if(track.shots, is_other);
  VIGIL_CHECK(!other.shots.empty() && !track.shots.empty(), "a split leaves a shot on both sides");

  const auto by_time = [](const Shot& shot) { return shot.frame.pts; };
  const Frame& first = std::ranges::min_element(other.shots, {}, by_time)->frame;
  other.first_pts = first.pts;
  other.first_seen = first.captured_at;
  other.detections = static_cast<int>(other.shots.size());
  const Frame& last = std::ranges::max_element(track.shots, {}, by_time)->frame;
  track.last_pts = last.pts;
  track.last_seen = last.captured_at;
  return other;
}

std::vector<Track> Tracker::EndLost(milliseconds now) {
  std::vector<Track> ended;
  std::erase_if(tracks_, [&](Track& track) {
    const bool lost = now - track.last_pts > options_.lost_after;
    if (lost) ended.push_back(std::move(track));
    return lost;
  });
  return ended;
}

void Tracker::Start(const Frame& frame, Shot shot) {
  if (std::ssize(tracks_) >= options_.tracks_max) return;
  Track track;
  track.id = next_id_++;
  track.box = shot.detection.box;
  track.motion = BoxMotion(track.box, frame.pts);
  track.first_pts = track.last_pts = frame.pts;
  track.first_seen = track.last_seen = frame.captured_at;
  track.detections = 1;
  track.shots.push_back(std::move(shot));
  tracks_.push_back(std::move(track));
}

void Tracker::Follow(Track& track, const Frame& frame, Shot shot) const {
  const Box expected = track.motion.Predicted(frame.pts);
  if (IntersectionOverUnion(expected, shot.detection.box) < kSureStepOverlap) {
    track.doubtful = true;
  }
  track.motion.See(shot.detection.box, frame.pts);
  track.box = shot.detection.box;
  track.last_pts = frame.pts;
  track.last_seen = frame.captured_at;
  ++track.detections;
  std::optional<Shot> dropped = AddShot(track.shots, std::move(shot), options_.shots_max);
  track.newest.reset();
  if (dropped && dropped->frame.pts == frame.pts && dropped->Recognisable()) {
    track.newest = std::move(dropped);
  }
}

}  // namespace vigil::pipeline
