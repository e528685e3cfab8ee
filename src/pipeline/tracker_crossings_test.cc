// People who cross, hide each other and are overlooked, on known paths: counts how often a track
// goes over to another person and into how many tracks a person falls apart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "fakes/fake_detector.h"
#include "fakes/fake_frame_source.h"
#include "pipeline/tracker.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr int kScenes = 200;
constexpr milliseconds kInterval{200};
constexpr int kLooks = 30;  // a scene

struct Walker {
  Point at;     // centre, pixels
  Point speed;  // pixels a second
  float side = 0;
};

struct Counts {
  int faces = 0;      // detections in all
  int switches = 0;   // a track went over to another person
  int silent = 0;     // switches after which the track did not ask for proof
  int fragments = 0;  // tracks of a person beyond the first
  int doubts = 0;     // looks after which a track asked for proof
};

class Street {
 public:
  explicit Street(unsigned seed) : random_(seed) {
    const int walkers = 2 + static_cast<int>(seed % 5);
    for (int i = 0; i < walkers; ++i) {
      const float side = Between(50, 130);
      walkers_.push_back({.at = {Between(200, 1700), Between(300, 600)},
                          .speed = {Between(-4, 4) * side, Between(-0.4F, 0.4F) * side},
                          .side = side});
    }
  }

  void Walk() {
    const float seconds = static_cast<float>(kInterval.count()) / 1000;
    for (Walker& walker : walkers_) {
      walker.at.x += walker.speed.x * seconds;
      walker.at.y += walker.speed.y * seconds;
      walker.speed.x += Normal(0.3F * walker.side);
      const bool at_the_edge = walker.at.x < 100 || walker.at.x > 1800;
      if (at_the_edge) walker.speed.x = std::copysign(walker.speed.x, 960 - walker.at.x);
    }
  }

  // What a detector says: boxes that jitter, none for a face behind a nearer one, and one look in
  // twenty missed. The index of the walker goes along as `frame_faces`.
  std::vector<Shot> Look(const Frame& frame) {
    std::vector<Shot> shots;
    for (std::size_t i = 0; i < walkers_.size(); ++i) {
      if (Hidden(i) || Between(0, 1) < 0.05F) continue;
      const Walker& walker = walkers_[i];
      const float side = walker.side * (1 + Normal(0.04F));
      Shot shot;
      shot.detection = FakeDetector::Face(walker.at.x - side / 2 + Normal(0.03F * side),
                                          walker.at.y - side / 2 + Normal(0.03F * side), side);
      shot.quality.score = 0.5F;
      shot.frame = frame;
      shot.frame_faces = static_cast<int>(i);
      shots.push_back(std::move(shot));
    }
    return shots;
  }

 private:
  float Between(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random_);
  }
  float Normal(float deviation) { return std::normal_distribution<float>(0, deviation)(random_); }

  bool Hidden(std::size_t index) const {
    const Walker& walker = walkers_[index];
    for (const Walker& other : walkers_) {
      const bool nearer = other.side > walker.side;
      const float reach = 0.6F * (other.side + walker.side) / 2;
      if (nearer && std::abs(other.at.x - walker.at.x) < reach &&
          std::abs(other.at.y - walker.at.y) < reach) {
        return true;
      }
    }
    return false;
  }

  std::mt19937 random_;
  std::vector<Walker> walkers_;
};

void Watch(unsigned seed, Counts& counts) {
  Street street(seed);
  Tracker tracker{TrackerOptions{}};
  std::map<std::int64_t, int> person_of_track;
  std::map<int, std::set<std::int64_t>> tracks_of_person;
  for (int look = 0; look < kLooks; ++look) {
    Frame frame = MakeTestFrame(2, 2);
    frame.planes = {};  // without pixels every frame shows the same scene
    frame.width = 1920;
    frame.height = 1080;
    frame.pts = look * kInterval;
    const std::vector<Shot> shots = street.Look(frame);
    counts.faces += static_cast<int>(shots.size());
    tracker.Update(frame, shots);
    for (Track& track : tracker.Tracks()) {
      if (track.last_pts != frame.pts) continue;
      const bool doubtful = std::exchange(track.doubtful, false);
      counts.doubts += doubtful ? 1 : 0;
      const auto seen = std::ranges::find_if(
          shots, [&](const Shot& shot) { return shot.detection.box == track.box; });
      ASSERT_NE(seen, shots.end());
      const auto [known, first] = person_of_track.try_emplace(track.id, seen->frame_faces);
      if (!first && known->second != seen->frame_faces) {
        ++counts.switches;
        counts.silent += doubtful ? 0 : 1;
      }
      known->second = seen->frame_faces;
      tracks_of_person[seen->frame_faces].insert(track.id);
    }
    street.Walk();
  }
  for (const auto& [person, tracks] : tracks_of_person) {
    counts.fragments += static_cast<int>(tracks.size()) - 1;
  }
}

Counts CountIn(unsigned first_seed) {
  Counts counts;
  for (unsigned seed = first_seed; seed < first_seed + kScenes; ++seed) Watch(seed, counts);
  std::printf("%d faces: %d switches, %d of them silent, %d fragments, %d doubts\n", counts.faces,
              counts.switches, counts.silent, counts.fragments, counts.doubts);
  return counts;
}

// The tracker's constants were chosen on the scenes from 0 on; those from 1000 on were not looked
// at. A tracker that went by overlap and a mean velocity made 90 switches (32 silent), 289
// fragments and 8104 doubts in the first ones, 46 (9), 242 and 8076 in the others: what the motion
// model brings are fewer silent switches, fragments and doubts, not fewer switches.
TEST(TrackerCrossings, SeldomSwapsOrLosesPeopleWhoCross) {
  for (const unsigned first_seed : {0U, 1000U}) {
    const Counts counts = CountIn(first_seed);
    ASSERT_GT(counts.faces, 10'000);
    EXPECT_LT(counts.switches, 110);
    EXPECT_LE(counts.silent, 10);
    EXPECT_LT(counts.fragments, 180);
    EXPECT_LT(counts.doubts, 3'200);
  }
}

}  // namespace
}  // namespace vigil::pipeline
