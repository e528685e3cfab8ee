// Traces at rest: whole, bounded, and never in the way of their sighting.
#include "database/decision_trace_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::database {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

DecisionTrace TraceOf(std::size_t shots) {
  DecisionTrace trace;
  for (std::size_t i = 0; i < shots; ++i) {
    ShotTrace shot;
    shot.captured_at = WallTime{milliseconds{1'790'000'000'123}};
    shot.pts = milliseconds{600};
    shot.box = {1.5F, 2, 30, 40.25F};
    shot.score = 0.9375F;
    shot.quality = {.score = 0.5F,
                    .face_px = 38.25F,
                    .sharpness = 0.25F,
                    .frontal = 0.75F,
                    .brightness = 0.125F,
                    .covered = 0.25F,
                    .live = 0.75F,
                    .unrecognisable = UnrecognisableReason::kTurnedAway};
    shot.embedded = true;
    shot.weight = 0.5F;
    shot.similarity = 0.875F;
    trace.shots.push_back(shot);
  }
  trace.probe = {.dimension = 128, .shots = 2, .agreement = 0.875F};
  trace.threshold = {.calibrated = true,
                     .floor = 0.4375F,
                     .permitted_rate = 0.01,
                     .comparisons = 12.5,
                     .runner_up = 0.3125F,
                     .crowding = 1.5,
                     .false_match_rate = 0.000123456,
                     .lead = -0.125F,
                     .lead_min = 0.0625F,
                     .lone_shot = true,
                     .near_equal = true,
                     .disputed = true};
  trace.state = {.covered = 0.5F, .live = 0.625F};
  trace.evidence = {.judgements = 2,
                    .seen = milliseconds{1'200},
                    .quality = 1.25F,
                    .quality_min = 1.5F,
                    .patience = milliseconds{2'000},
                    .renames_refused = 1};
  trace.near_equal_watchlists = {{"l2", "Staff", 0.625F, false}};
  trace.times = {.decode = microseconds{1'250},
                 .queue = microseconds{4'000},
                 .detect = microseconds{31'017},
                 .embed = microseconds{9'000},
                 .search = microseconds{12},
                 .decide = microseconds{3},
                 .store = microseconds{18'000},
                 .embed_batch = 3};
  return trace;
}

TEST(DecisionTraceJson, KeepsEveryPart) {
  const DecisionTrace trace = TraceOf(3);
  EXPECT_EQ(DecisionTraceFromText(DecisionTraceToText(trace)), trace);
}

TEST(DecisionTraceJson, NamesWhatItHolds) {
  const std::string text = DecisionTraceToText(TraceOf(1));
  EXPECT_THAT(text, HasSubstr(R"("captured_at":"2026-09-21T14:13:20.123Z")"));
  EXPECT_THAT(text, HasSubstr(R"("unrecognisable":"turned_away")"));
  EXPECT_THAT(text, HasSubstr(R"("permitted_rate":0.01)"));
  EXPECT_THAT(text, HasSubstr(R"("detect":31.017)"));
}

TEST(DecisionTraceJson, IsBounded) {
  EXPECT_THAT(DecisionTraceToText(TraceOf(10)), Not(IsEmpty()));
  EXPECT_THAT(DecisionTraceToText(TraceOf(1000)), IsEmpty());
}

TEST(DecisionTraceJson, IsEmptyWithoutShots) {
  EXPECT_THAT(DecisionTraceToText({}), IsEmpty());
  EXPECT_TRUE(DecisionTraceJson({}).is_null());
  EXPECT_EQ(DecisionTraceFromText(""), DecisionTrace{});
}

TEST(DecisionTraceJson, DoesWithoutWhatIsDamaged) {
  const std::string whole = DecisionTraceToText(TraceOf(2));
  ASSERT_THAT(DecisionTraceFromText(whole).shots, SizeIs(2));
  EXPECT_EQ(DecisionTraceFromText(whole.substr(0, whole.size() / 2)), DecisionTrace{});
  EXPECT_EQ(DecisionTraceFromText("[]"), DecisionTrace{});
  EXPECT_EQ(DecisionTraceFromText(R"({"shots":[{"box":[1]}]})"), DecisionTrace{});
}

TEST(DecisionTraceJson, WhatNobodyMeasuredIsNull) {
  DecisionTrace trace = TraceOf(1);
  trace.state = {};
  trace.shots.front().quality.covered.reset();
  trace.shots.front().quality.live.reset();
  const std::string text = DecisionTraceToText(trace);
  EXPECT_THAT(text, HasSubstr(R"("state":{"covered":null,"live":null})"));
  EXPECT_EQ(DecisionTraceFromText(text), trace);
}

TEST(DecisionTraceJson, TracesOfOlderVersionsAreRead) {
  json::value old = DecisionTraceJson(TraceOf(1));
  for (const char* part : {"state", "evidence"}) old.as_object().erase(part);
  for (const char* rule : {"lead", "lead_min", "near_equal", "disputed"}) {
    old.at("threshold").as_object().erase(rule);
  }
  json::object& quality = old.at("shots").at(0).at("quality").as_object();
  quality.erase("covered");
  quality.erase("live");
  const DecisionTrace read = DecisionTraceFromText(WriteJson(old));
  ASSERT_THAT(read.shots, SizeIs(1));
  EXPECT_FALSE(read.state.covered.has_value());
  EXPECT_EQ(read.evidence, EvidenceTrace{});
  EXPECT_FALSE(read.threshold.near_equal);
  EXPECT_FALSE(read.shots.front().quality.live.has_value());
}

}  // namespace
}  // namespace vigil::database
