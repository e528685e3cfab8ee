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

// A face found a few times a second can leave its old box altogether; its centre still lies within
// this many box sides of where it was expected.
constexpr float kReachSides = 1.5F;
constexpr float kSizeRatioMax = 2.0F;  // between two looks a face does not double its size
constexpr milliseconds kPredictionMax{1000};
constexpr float kSureStepOverlap =
    0.3F;  // a face that stays itself seldom moves farther between two looks

bool UsableBox(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
         std::isfinite(box.y2) && box.Width() >= 1 && box.Height() >= 1;
}

float Side(const Box& box) { return std::sqrt(box.Area()); }

// How well a detection continues a track: above 1 for boxes that overlap, 0..1 for boxes that are
// near, 0 for neither.
float Affinity(const Box& expected, const Box& seen) {
  const float ratio = Side(expected) / Side(seen);
  if (ratio > kSizeRatioMax || ratio < 1 / kSizeRatioMax) return 0;
  const float overlap = IntersectionOverUnion(expected, seen);
  if (overlap > 0) return 1 + overlap;
  const Point from = expected.Center();
  const Point to = seen.Center();
  const float distance = std::hypot(to.x - from.x, to.y - from.y) / Side(seen);
  return std::max(0.0F, 1 - distance / kReachSides);
}

struct Pair {
  std::size_t track;
  std::size_t shot;
  float affinity;
};

// Greedy: the surest pair first. Faces overlap rarely, so the optimal assignment would differ
// rarely, and a wrong pair shows in the embeddings.
std::vector<Pair> Associate(std::span<const Track> tracks, std::span<const Shot> shots,
                            milliseconds pts) {
  std::vector<Pair> pairs;
  for (std::size_t t = 0; t < tracks.size(); ++t) {
    const Box expected = tracks[t].PredictedBox(pts);
    for (std::size_t s = 0; s < shots.size(); ++s) {
      const float affinity = Affinity(expected, shots[s].detection.box);
      if (affinity > 0) pairs.push_back({t, s, affinity});
    }
  }
  std::ranges::sort(pairs, {}, [](const Pair& pair) {
    return std::tuple(-pair.affinity, pair.track, pair.shot);
  });
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

Box Track::PredictedBox(milliseconds pts) const {
  const auto ahead =
      static_cast<float>(std::clamp(pts - last_pts, milliseconds{0}, kPredictionMax).count());
  const float dx = velocity.x * ahead;
  const float dy = velocity.y * ahead;
  return {box.x1 + dx, box.y1 + dy, box.x2 + dx, box.y2 + dy};
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
    Follow(tracks_[pair.track], frame, std::move(shots[pair.shot]));
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
  track.first_pts = track.last_pts = frame.pts;
  track.first_seen = track.last_seen = frame.captured_at;
  track.detections = 1;
  track.shots.push_back(std::move(shot));
  tracks_.push_back(std::move(track));
}

void Tracker::Follow(Track& track, const Frame& frame, Shot shot) const {
  const auto elapsed = static_cast<float>((frame.pts - track.last_pts).count());
  if (elapsed > 0) {
    const Point from = track.box.Center();
    const Point to = shot.detection.box.Center();
    // The first step sets the velocity, later ones are averaged in: boxes jitter.
    const float keep = track.detections > 1 ? 0.5F : 0.0F;
    track.velocity.x = keep * track.velocity.x + (1 - keep) * (to.x - from.x) / elapsed;
    track.velocity.y = keep * track.velocity.y + (1 - keep) * (to.y - from.y) / elapsed;
  }
  if (IntersectionOverUnion(track.box, shot.detection.box) < kSureStepOverlap)
    track.doubtful = true;
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
