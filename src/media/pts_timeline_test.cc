// The camera clocks that were met in the field, one test each.
#include "media/pts_timeline.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace vigil::media {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

microseconds Ms(std::int64_t value) { return milliseconds{value}; }

// Places live frames that arrive every 40 ms.
std::vector<std::int64_t> PlaceLive(const std::vector<microseconds>& stamps) {
  PtsTimeline timeline({});
  std::vector<std::int64_t> placed;
  microseconds arrival{7'000'000};
  for (const microseconds stamp : stamps) {
    placed.push_back(timeline.Place(stamp, arrival).count());
    arrival += Ms(40);
  }
  return placed;
}

TEST(PtsTimeline, StartsAtZeroAndFollowsTheStreamsOwnSteps) {
  EXPECT_EQ(PlaceLive({Ms(9000), Ms(9033), Ms(9067), Ms(9100)}),
            (std::vector<std::int64_t>{0, 33, 67, 100}));
}

TEST(PtsTimeline, AJumpByHoursBecomesOneOrdinaryStep) {
  EXPECT_EQ(
      PlaceLive({Ms(0), Ms(40), Ms(37'600'000), Ms(37'600'040), Ms(-9'800'000), Ms(-9'799'960)}),
      (std::vector<std::int64_t>{0, 40, 80, 120, 160, 200}));
}

TEST(PtsTimeline, AResetToZeroGoesOnFromWhereTimeStood) {
  EXPECT_EQ(PlaceLive({Ms(60'000), Ms(60'040), Ms(0), Ms(40), Ms(80)}),
            (std::vector<std::int64_t>{0, 40, 80, 120, 160}));
}

TEST(PtsTimeline, DuplicatesAndSmallStepsBackAreHeldWithoutLosingTheAnchor) {
  EXPECT_EQ(PlaceLive({Ms(0), Ms(40), Ms(40), Ms(30), Ms(120)}),
            (std::vector<std::int64_t>{0, 40, 41, 42, 120}));
}

TEST(PtsTimeline, MissingStampsStepByArrivalOrElseByTheNominalRate) {
  PtsTimeline live({});
  live.Place(std::nullopt, Ms(1000));
  EXPECT_EQ(live.Place(std::nullopt, Ms(1100)), milliseconds{100});
  PtsTimeline file({.nominal_step = Ms(33)});
  file.Place(std::nullopt, std::nullopt);
  EXPECT_EQ(file.Place(std::nullopt, std::nullopt), milliseconds{33});
}

TEST(PtsTimeline, AStampAfterMissingOnesCountsFromThere) {
  PtsTimeline timeline({.nominal_step = Ms(40)});
  timeline.Place(std::nullopt, std::nullopt);
  timeline.Place(Ms(5000), std::nullopt);
  EXPECT_EQ(timeline.Place(Ms(5100), std::nullopt), milliseconds{140});
}

TEST(PtsTimeline, ASlowCameraIsNotAJump) {
  PtsTimeline timeline({});
  timeline.Place(Ms(0), Ms(0));
  EXPECT_EQ(timeline.Place(Ms(20'000), Ms(20'010)), milliseconds{20'000});
  EXPECT_EQ(timeline.Jumps(), 0);
}

TEST(PtsTimeline, CountsJumps) {
  PtsTimeline timeline({});
  timeline.Place(Ms(0), Ms(0));
  timeline.Place(Ms(3'600'000), Ms(40));
  timeline.Place(Ms(3'600'040), Ms(80));
  timeline.Place(Ms(0), Ms(120));
  EXPECT_EQ(timeline.Jumps(), 2);
}

RC_GTEST_PROP(PtsTimeline, AlwaysRises,
              (const std::vector<std::int64_t>& stamps, const std::vector<bool>& missing)) {
  PtsTimeline timeline({});
  milliseconds last{-1};
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    std::optional<microseconds> stamp = microseconds{stamps[i]};
    if (i < missing.size() && missing[i]) stamp.reset();
    const milliseconds placed = timeline.Place(stamp, std::nullopt);
    RC_ASSERT(placed > last);
    last = placed;
  }
}

TEST(PtsTimeline, SurvivesTheLargestStamps) {
  PtsTimeline timeline({});
  timeline.Place(microseconds{std::numeric_limits<std::int64_t>::max()}, std::nullopt);
  EXPECT_EQ(timeline.Place(microseconds{std::numeric_limits<std::int64_t>::min()}, std::nullopt),
            milliseconds{40});
}

}  // namespace
}  // namespace vigil::media
