// A track must be one face: these are the ways in which trackers lose, swap or crash on them.
#include "pipeline/tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "fakes/fake_detector.h"
#include "fakes/fake_frame_source.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kStart{milliseconds{1'700'000'000'000}};

Frame FrameAt(int pts_ms, int width = 1920, int height = 1080) {
  Frame frame = MakeTestFrame(2, 2);
  frame.planes = {};  // without pixels every frame shows the same scene
  frame.width = width;
  frame.height = height;
  frame.pts = milliseconds{pts_ms};
  frame.captured_at = kStart + frame.pts;
  return frame;
}

Shot Face(const Frame& frame, float x, float y, float side = 100, float quality = 0.5F) {
  Shot shot;
  shot.detection = FakeDetector::Face(x, y, side);
  shot.quality.score = quality;
  shot.frame = frame;
  return shot;
}

std::vector<Shot> Faces(const Frame& frame, std::initializer_list<Point> places) {
  std::vector<Shot> shots;
  for (const Point& place : places) shots.push_back(Face(frame, place.x, place.y));
  return shots;
}

std::vector<std::int64_t> Ids(std::span<const Track> tracks) {
  std::vector<std::int64_t> ids;
  for (const Track& track : tracks) ids.push_back(track.id);
  return ids;
}

class TrackerTest : public testing::Test {
 protected:
  std::vector<Track> Show(int pts_ms, std::initializer_list<Point> places) {
    const Frame frame = FrameAt(pts_ms);
    return tracker_.Update(frame, Faces(frame, places));
  }
  std::vector<Track> ShowShot(int pts_ms, float quality, bool recognisable = true) {
    const Frame frame = FrameAt(pts_ms);
    Shot shot = Face(frame, 100, 100, 100, quality);
    if (!recognisable) shot.quality.unrecognisable = UnrecognisableReason::kBlurred;
    return tracker_.Update(frame, {std::move(shot)});
  }

  Tracker tracker_{TrackerOptions{}};
};

TEST_F(TrackerTest, FollowsAFaceThatMoves) {
  Show(0, {{100, 100}});
  Show(200, {{140, 100}});
  Show(400, {{180, 105}});
  ASSERT_THAT(tracker_.Tracks(), SizeIs(1));
  EXPECT_EQ(tracker_.Tracks()[0].detections, 3);
  EXPECT_EQ(tracker_.Tracks()[0].last_seen, kStart + milliseconds{400});
}

TEST_F(TrackerTest, FollowsAFaceFasterThanItsOwnWidth) {
  for (int i = 0; i < 6; ++i) Show(200 * i, {{100.0F + 130.0F * static_cast<float>(i), 100}});
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(1));
}

TEST_F(TrackerTest, KeepsTwoCrossingFacesApart) {
  for (int i = 0; i <= 10; ++i) {
    const float step = 80.0F * static_cast<float>(i);
    Show(200 * i, {{100 + step, 100}, {900 - step, 180}});
  }
  ASSERT_THAT(Ids(tracker_.Tracks()), ElementsAre(1, 2));
  EXPECT_GT(tracker_.Tracks()[0].box.x1, 800);  // the one that moved right
}

TEST_F(TrackerTest, BridgesAShortGapAndEndsAfterALongOne) {
  Show(0, {{100, 100}});
  EXPECT_THAT(Show(800, {}), IsEmpty());
  Show(1000, {{110, 100}});
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(1));
  EXPECT_THAT(Show(2200, {}), SizeIs(1));
  Show(2400, {{110, 100}});
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(2));
}

TEST_F(TrackerTest, DoesNotTakeAFarOrAMuchLargerFaceForTheSame) {
  Show(0, {{100, 100}});
  const Frame frame = FrameAt(200);
  tracker_.Update(frame, {Face(frame, 600, 100), Face(frame, 90, 90, 250)});
  EXPECT_THAT(tracker_.Tracks(), SizeIs(3));
}

TEST_F(TrackerTest, IgnoresBoxesThatAreNoBoxes) {
  const Frame frame = FrameAt(0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<Shot> shots;
  for (const Box box : {Box{nan, 0, 10, 10}, Box{0, 0, infinity, 10}, Box{5, 5, 5, 5},
                        Box{10, 10, 0, 0}, Box{nan, nan, nan, nan}}) {
    Shot shot = Face(frame, 0, 0);
    shot.detection.box = box;
    shots.push_back(shot);
  }
  EXPECT_THAT(tracker_.Update(frame, shots), IsEmpty());
  EXPECT_THAT(tracker_.Tracks(), IsEmpty());
}

TEST_F(TrackerTest, EndsAllTracksWhenTheResolutionChanges) {
  Show(0, {{100, 100}});
  const Frame smaller = FrameAt(200, 640, 360);
  EXPECT_THAT(tracker_.Update(smaller, {Face(smaller, 100, 100)}), SizeIs(1));
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(2));
}

// A camera that turned away shows other people at the same place: a name must not jump onto them.
TEST_F(TrackerTest, EndsAllTracksWhenAnotherSceneIsShown) {
  const auto frame_of = [](int at_ms, const std::vector<std::uint8_t>& luma) {
    Frame frame = FrameAt(at_ms, 64, 36);
    frame.planes[0] = {luma.data(), 64};
    return frame;
  };
  const std::vector<std::uint8_t> dark(64UL * 36, 40);
  std::vector<std::uint8_t> passer_by = dark;
  std::fill_n(passer_by.begin(), passer_by.size() / 3, std::uint8_t{200});
  const std::vector<std::uint8_t> bright(64UL * 36, 160);
  const Frame first = frame_of(0, dark);
  const Frame second = frame_of(200, passer_by);
  const Frame third = frame_of(400, bright);
  EXPECT_THAT(tracker_.Update(first, {Face(first, 10, 10)}), SizeIs(0));
  EXPECT_THAT(tracker_.Update(second, {Face(second, 10, 10)}), SizeIs(0));
  EXPECT_THAT(tracker_.Update(third, {Face(third, 10, 10)}), SizeIs(1));
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(2));
}

TEST_F(TrackerTest, EndsAllTracksWhenTimeRunsBackwards) {
  Show(100'000, {{100, 100}});
  EXPECT_THAT(Show(0, {{100, 100}}), SizeIs(1));
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(2));
}

TEST_F(TrackerTest, NeverReusesAnIdAfterAllEnded) {
  Show(0, {{100, 100}});
  EXPECT_THAT(tracker_.EndAll(), SizeIs(1));
  Show(200, {{100, 100}});
  EXPECT_THAT(Ids(tracker_.Tracks()), ElementsAre(2));
}

TEST_F(TrackerTest, KeepsTheBestShotsBestFirst) {
  for (const auto& [pts, quality] : {std::pair{0, 0.5F}, {200, 0.9F}, {400, 0.2F}, {600, 0.7F}}) {
    ShowShot(pts, quality);
  }
  std::vector<float> qualities;
  for (const Shot& shot : tracker_.Tracks()[0].shots) qualities.push_back(shot.quality.score);
  EXPECT_THAT(qualities, ElementsAre(0.9F, 0.7F, 0.5F));
}

TEST_F(TrackerTest, PrefersARecognisableShotToABetterRatedUnrecognisableOne) {
  ShowShot(0, 0.9F, false);
  ShowShot(200, 0.3F, true);
  EXPECT_TRUE(tracker_.Tracks()[0].shots[0].Recognisable());
}

TEST_F(TrackerTest, OnlyTheBestShotHoldsPixels) {
  for (const auto& [pts, quality] : {std::pair{0, 0.5F}, {200, 0.9F}, {400, 0.7F}})
    ShowShot(pts, quality);
  const auto& shots = tracker_.Tracks()[0].shots;
  ASSERT_THAT(shots, SizeIs(3));
  EXPECT_NE(shots[0].frame.buffer, nullptr);
  EXPECT_EQ(shots[1].frame.buffer, nullptr);
  EXPECT_EQ(shots[2].frame.buffer, nullptr);
  EXPECT_EQ(shots[2].frame.captured_at, kStart);  // what is small is kept
}

TEST_F(TrackerTest, SplitsATrackWhereAnotherFaceTookOver) {
  for (int i = 0; i < 3; ++i) ShowShot(200 * i, 0.5F);
  const Track other = tracker_.Split(tracker_.Tracks()[0], milliseconds{400});
  EXPECT_EQ(other.id, 2);
  EXPECT_EQ(other.first_pts, milliseconds{400});
  EXPECT_THAT(other.shots, SizeIs(1));
  EXPECT_THAT(tracker_.Tracks()[0].shots, SizeIs(2));
  EXPECT_EQ(tracker_.Tracks()[0].last_pts, milliseconds{200});
}

TEST_F(TrackerTest, RemembersTheNewestShotThatIsNotAmongTheBest) {
  for (int i = 0; i < 3; ++i) ShowShot(200 * i, 0.9F);
  EXPECT_FALSE(tracker_.Tracks()[0].newest.has_value());
  ShowShot(600, 0.5F);
  ASSERT_TRUE(tracker_.Tracks()[0].newest.has_value());
  EXPECT_EQ(tracker_.Tracks()[0].newest->frame.pts, milliseconds{600});
  ShowShot(800, 0.4F, false);
  EXPECT_FALSE(tracker_.Tracks()[0].newest.has_value());
}

TEST_F(TrackerTest, SplitsOffTheNewestShotAlone) {
  for (int i = 0; i < 3; ++i) ShowShot(200 * i, 0.9F);
  ShowShot(600, 0.5F);
  const Track other = tracker_.Split(tracker_.Tracks()[0], milliseconds{600});
  ASSERT_THAT(other.shots, SizeIs(1));
  EXPECT_EQ(other.shots[0].frame.pts, milliseconds{600});
  EXPECT_THAT(tracker_.Tracks()[0].shots, SizeIs(3));
  EXPECT_FALSE(other.newest || tracker_.Tracks()[0].newest);
}

TEST_F(TrackerTest, DoubtsALongStep) {
  Show(0, {{100, 100}});
  Show(200, {{120, 100}});
  EXPECT_FALSE(tracker_.Tracks()[0].doubtful);
  Show(400, {{210, 100}});
  EXPECT_TRUE(tracker_.Tracks()[0].doubtful);
}

TEST(Tracker, BoundsTheNumberOfTracks) {
  Tracker tracker({.lost_after = milliseconds{1000}, .shots_max = 3, .tracks_max = 5});
  const Frame frame = FrameAt(0);
  std::vector<Shot> shots;
  for (int i = 0; i < 20; ++i) shots.push_back(Face(frame, 300.0F * static_cast<float>(i), 0));
  tracker.Update(frame, shots);
  EXPECT_THAT(tracker.Tracks(), SizeIs(5));
}

// Whatever a detector says: every usable face is in exactly one track, ids are new, and no track
// outlives its time.
RC_GTEST_PROP(Tracker, KeepsItsInvariantsOnAnyDetections, ()) {
  Tracker tracker({.lost_after = milliseconds{600}, .shots_max = 2, .tracks_max = 1000});
  std::set<std::int64_t> ended_ids;
  std::int64_t newest_id = 0;
  int pts_ms = 0;
  for (const int faces : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6))) {
    pts_ms += *rc::gen::inRange(1, 700);
    const Frame frame = FrameAt(pts_ms);
    std::vector<Shot> shots;
    for (int i = 0; i < faces; ++i) {
      const auto x = static_cast<float>(*rc::gen::inRange(-200, 2000));
      const auto y = static_cast<float>(*rc::gen::inRange(-200, 1200));
      const auto side = static_cast<float>(*rc::gen::inRange(1, 400));
      shots.push_back(Face(frame, x, y, side, static_cast<float>(*rc::gen::inRange(0, 100)) / 100));
    }
    for (const Track& track : tracker.Update(frame, shots))
      RC_ASSERT(ended_ids.insert(track.id).second);
    int seen_now = 0;
    for (const Track& track : tracker.Tracks()) {
      RC_ASSERT(!ended_ids.contains(track.id));
      RC_ASSERT(frame.pts - track.last_pts <= milliseconds{600});
      RC_ASSERT(!track.shots.empty() && track.shots.size() <= 2U);
      RC_ASSERT(std::ranges::is_sorted(track.shots, BetterShot));
      seen_now += track.last_pts == frame.pts ? 1 : 0;
      newest_id = std::max(newest_id, track.id);
    }
    RC_ASSERT(seen_now == faces);
  }
  const auto living = tracker.EndAll().size();
  RC_ASSERT(static_cast<std::int64_t>(ended_ids.size() + living) == newest_id);
}

}  // namespace
}  // namespace vigil::pipeline
