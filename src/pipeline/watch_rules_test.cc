// How several lists combine: who is looked for where, how sure a name must be, who is told.
#include "pipeline/watch_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerts/cooldown.h"
#include "base/time_text.h"
#include "pipeline/decision.h"

namespace vigil::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Watchlist List(const std::string& id) {
  Watchlist list;
  list.id = list.name = id;
  return list;
}

WatchedPlace PlaceWith(std::vector<Watchlist> lists, std::vector<std::string> of_anna,
                       const std::string& camera = "door", const std::string& group = "") {
  return {.rules = std::make_shared<const WatchRules>(
              std::move(lists), WatchRules::Membership{{"anna", std::move(of_anna)}}),
          .camera_id = camera,
          .group_id = group};
}

// Bert is looked for elsewhere only, Anna everywhere.
WatchedPlace PlaceWithoutBert() {
  Watchlist far = List("far");
  far.camera_ids = {"gate"};
  return {.rules = std::make_shared<const WatchRules>(std::vector{far},
                                                      WatchRules::Membership{{"bert", {"far"}}}),
          .camera_id = "door",
          .group_id = ""};
}

DecisionPolicy Policy() {
  return {.impostor_tail = {{{1e-2, 0.366}, {1e-3, 0.503}, {1e-4, 0.629}, {1e-5, 0.733}}},
          .floor = 0.42F,
          .named_strangers_max = 0.01};
}

// 100 people: by the configuration's rate a match needs about 0.63.
Decision DecideAt(float similarity, const WatchedPlace& place) {
  return Decide({{{"anna", "anna-1", similarity}}, {1, 100, 100}}, FaceQuality{}, Policy(), place);
}

TEST(Watchlists, SomebodyInNoListIsJudgedByTheConfiguration) {
  const WatchedPlace place = PlaceWith({List("vip")}, {});
  EXPECT_EQ(DecideAt(0.70F, place).outcome, Outcome::kMatch);
  EXPECT_THAT(DecideAt(0.70F, place).trace.watchlists, IsEmpty());
}

TEST(Watchlists, AFixedCosineHoldsDownToTheFloor) {
  Watchlist list = List("sure");
  list.threshold = 0.8;
  EXPECT_EQ(DecideAt(0.70F, PlaceWith({list}, {"sure"})).outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(DecideAt(0.81F, PlaceWith({list}, {"sure"})).outcome, Outcome::kMatch);
  list.threshold = 0.1;
  EXPECT_FLOAT_EQ(DecideAt(0.50F, PlaceWith({list}, {"sure"})).threshold, 0.42F);
}

TEST(Watchlists, ATighterRateNeedsMore) {
  Watchlist list = List("tight");
  list.named_strangers_max = 0.001;
  const Decision decision = DecideAt(0.70F, PlaceWith({list}, {"tight"}));
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_DOUBLE_EQ(decision.trace.threshold.permitted_rate, 0.001);
  EXPECT_THAT(decision.trace.watchlists,
              ElementsAre(WatchlistTrace{"tight", "tight", decision.threshold, false}));
}

TEST(Watchlists, OneMoreListNeverHidesAnybody) {
  Watchlist strict = List("strict");
  strict.threshold = 0.9;
  const Watchlist usual = List("usual");
  const Decision decision = DecideAt(0.70F, PlaceWith({strict, usual}, {"strict", "usual"}));
  EXPECT_EQ(decision.outcome, Outcome::kMatch);
  ASSERT_EQ(decision.trace.watchlists.size(), 2U);
  EXPECT_FALSE(decision.trace.watchlists[0].passed);
  EXPECT_TRUE(decision.trace.watchlists[1].passed);
}

TEST(Watchlists, WhoIsLookedForElsewhereIsAStrangerHere) {
  Watchlist list = List("gate");
  list.camera_ids = {"gate"};
  list.camera_group_ids = {"yard"};
  EXPECT_EQ(DecideAt(0.95F, PlaceWith({list}, {"gate"}, "door")).outcome, Outcome::kStranger);
  EXPECT_THAT(DecideAt(0.95F, PlaceWith({list}, {"gate"}, "door")).candidates, IsEmpty());
  EXPECT_EQ(DecideAt(0.95F, PlaceWith({list}, {"gate"}, "gate")).outcome, Outcome::kMatch);
  EXPECT_EQ(DecideAt(0.95F, PlaceWith({list}, {"gate"}, "door", "yard")).outcome, Outcome::kMatch);
}

TEST(Watchlists, OnlyTheBestOfThoseLookedForCanBeNamed) {
  Watchlist strict = List("strict");
  strict.threshold = 0.9;
  const GallerySearch search{{{"anna", "a", 0.75F}, {"bert", "b", 0.72F}}, {1, 10, 10}};
  const Decision decision =
      Decide(search, FaceQuality{}, Policy(), PlaceWith({strict}, {"strict"}));
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(decision.candidates.front().person_id, "anna");
}

TEST(Watchlists, TheTraceNamesTheRunnerUpThatMadeTheCrowding) {
  const GallerySearch search{{{"anna", "a", 0.75F}, {"bert", "b", 0.70F}}, {1, 10, 10}};
  const Decision decision = Decide(search, FaceQuality{}, Policy(), PlaceWithoutBert());
  EXPECT_EQ(decision.candidates.size(), 1U);
  EXPECT_FLOAT_EQ(decision.trace.threshold.runner_up, 0.70F);
  EXPECT_GT(decision.trace.threshold.crowding, 1);
}

TEST(Watchlists, WhoIsNotLookedForHereIsARivalAllTheSame) {
  const GallerySearch search{{{"bert", "b", 0.85F}, {"anna", "a", 0.75F}}, {1, 10, 10}};
  const Decision decision = Decide(search, FaceQuality{}, Policy(), PlaceWithoutBert());
  EXPECT_EQ(decision.outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(decision.candidates.front().person_id, "anna");
  EXPECT_NEAR(decision.trace.threshold.lead, -0.1F, 1e-5F);
  EXPECT_TRUE(decision.trace.threshold.near_equal);
}

TEST(Watchlists, OfTwoWhoAreNearlyAsSimilarTheListsOfBothAreAsked) {
  const GallerySearch twins{{{"anna", "a", 0.90F}, {"bert", "b", 0.89F}}, {1, 10, 10}};
  const WatchedPlace place{.rules = std::make_shared<const WatchRules>(
                               std::vector{List("staff"), List("wanted")},
                               WatchRules::Membership{{"anna", {"staff"}}, {"bert", {"wanted"}}}),
                           .camera_id = "door",
                           .group_id = ""};
  const DecisionTrace trace = Decide(twins, FaceQuality{}, Policy(), place).trace;
  ASSERT_THAT(trace.watchlists, SizeIs(1));
  EXPECT_EQ(trace.watchlists.front().id, "staff");
  ASSERT_THAT(trace.near_equal_watchlists, SizeIs(1));
  EXPECT_EQ(trace.near_equal_watchlists.front().id, "wanted");
  EXPECT_TRUE(trace.near_equal_watchlists.front().passed);
  const GallerySearch apart{{{"anna", "a", 0.95F}, {"bert", "b", 0.60F}}, {1, 10, 10}};
  EXPECT_THAT(Decide(apart, FaceQuality{}, Policy(), place).trace.near_equal_watchlists, IsEmpty());
}

// Anna's list is stricter than what she reaches; that she is a little nearer must not hide Bert.
TEST(Watchlists, AStrictListOfTheNearestHidesNobodyWhoIsAsNear) {
  Watchlist strict = List("strict");
  strict.threshold = 0.95;
  const GallerySearch twins{{{"anna", "a", 0.90F}, {"bert", "b", 0.89F}}, {1, 10, 10}};
  const WatchedPlace place{.rules = std::make_shared<const WatchRules>(
                               std::vector{strict, List("wanted")},
                               WatchRules::Membership{{"anna", {"strict"}}, {"bert", {"wanted"}}}),
                           .camera_id = "door",
                           .group_id = ""};
  const Decision decision = Decide(twins, FaceQuality{}, Policy(), place);
  EXPECT_TRUE(CallsForAlert(decision));
  EXPECT_FALSE(decision.trace.watchlists.at(0).passed);
  EXPECT_TRUE(decision.trace.near_equal_watchlists.at(0).passed);
  EXPECT_GE(decision.similarity, decision.threshold);
}

// Fridays from 22:00 to 06:00 of Saturday, in Berlin.
Schedule FridayNight() {
  SchedulePeriod night{.from = std::chrono::hours{22}, .to = std::chrono::hours{6}};
  night.days[4] = true;
  return {.time_zone = "Europe/Berlin", .periods = {night}};
}

bool OpenAt(const char* utc) { return IsOpen(FridayNight(), ParseTime(utc).value()); }

TEST(Schedule, PassesMidnightIntoTheNextDay) {
  EXPECT_FALSE(OpenAt("2026-11-27T20:59:59Z"));
  EXPECT_TRUE(OpenAt("2026-11-27T21:00:00Z"));
  EXPECT_TRUE(OpenAt("2026-11-28T04:59:59Z"));
  EXPECT_FALSE(OpenAt("2026-11-28T05:00:00Z"));
  EXPECT_FALSE(OpenAt("2026-11-28T22:00:00Z")) << "Saturday is not listed";
}

TEST(Schedule, GoesByTheLocalClockInSummerToo) {
  EXPECT_TRUE(OpenAt("2026-07-03T20:00:00Z"));
  EXPECT_FALSE(OpenAt("2026-07-04T04:00:00Z"));
}

TEST(Schedule, WithoutPeriodsIsAlwaysOpen) { EXPECT_TRUE(IsOpen({}, WallTime{})); }

std::vector<AlertRoute> Routes() {
  return {{"desk", alerts::MakeCooldownRule({})}, {"police", alerts::MakeCooldownRule({})}};
}

std::vector<std::string> ChannelsOf(const AlertPlan& plan) {
  std::vector<std::string> names;
  for (const AlertRoute& route : plan.routes) names.push_back(route.channel);
  return names;
}

AlertPlan Plan(std::vector<Watchlist> lists, std::vector<WatchlistTrace> asked) {
  return PlanAlerts(WatchRules(std::move(lists), {}), asked, Severity::kMedium, Routes(),
                    ParseTime("2026-11-25T12:00:00Z").value());
}

TEST(AlertPlan, WithoutListsAllChannelsAreTold) {
  EXPECT_THAT(ChannelsOf(Plan({}, {})), ElementsAre("desk", "police"));
}

TEST(AlertPlan, ListsThatNamedThePersonAlert) {
  Watchlist wanted = List("wanted");
  wanted.channels = {"police"};
  wanted.severity = Severity::kCritical;
  Watchlist banned = List("banned");
  banned.channels = {"desk"};
  const AlertPlan plan =
      Plan({wanted, banned}, {{"wanted", "wanted", 0.5F, true}, {"banned", "banned", 0.9F, false}});
  EXPECT_THAT(ChannelsOf(plan), ElementsAre("police"));
  EXPECT_EQ(plan.severity, Severity::kCritical);
}

TEST(AlertPlan, TellsWhoIsNotTold) {
  EXPECT_EQ(Plan({}, {}).gap, "");
  Watchlist banned = List("banned");
  banned.channels = {"desk", "switched-off"};
  const AlertPlan plan = Plan({banned}, {{"banned", "banned", 0.9F, true}});
  EXPECT_THAT(ChannelsOf(plan), ElementsAre("desk"));
  EXPECT_THAT(plan.gap, testing::HasSubstr("banned names the channel switched-off"));
  EXPECT_EQ(PlanAlerts(WatchRules({}, {}), {}, Severity::kMedium, {}, WallTime{}).gap,
            "there is no channel");
}

TEST(AlertPlan, AListNeverLowersTheSeverity) {
  Watchlist list = List("harmless");
  list.severity = Severity::kLow;
  EXPECT_EQ(Plan({list}, {{"harmless", "", 0.5F, true}}).severity, Severity::kMedium);
}

TEST(AlertPlan, WhenItsListsAreGoneAllChannelsAreTold) {
  EXPECT_THAT(ChannelsOf(Plan({}, {{"deleted", "", 0.5F, true}})), ElementsAre("desk", "police"));
}

TEST(AlertPlan, OutsideItsScheduleAListTellsNobody) {
  Watchlist list = List("night");
  list.schedule = FridayNight();
  EXPECT_THAT(ChannelsOf(Plan({list}, {{"night", "", 0.5F, true}})), IsEmpty());
}

TEST(AlertPlan, TheShortestCooldownHolds) {
  Watchlist eager = List("eager");
  eager.cooldown_s = 0;
  Watchlist slow = List("slow");
  slow.cooldown_s = 900;
  const AlertPlan plan = Plan({eager, slow}, {{"eager", "", 0.5F, true}, {"slow", "", 0.5F, true}});
  const WallTime at = ParseTime("2026-11-25T12:00:00Z").value();
  const CooldownState told{.last_alert_at = at, .last_similarity = 1};
  EXPECT_TRUE(plan.routes.front().cooldown(told, {at, Severity::kLow, 0.5F}).send);
}

TEST(EitherPlan, TellsThoseOfBothAsSeverelyAndAsOftenAsTheStricterOne) {
  Watchlist staff = List("staff");
  staff.channels = {"desk"};
  staff.cooldown_s = 900;
  Watchlist wanted = List("wanted");
  wanted.severity = Severity::kCritical;
  wanted.cooldown_s = 0;
  const AlertPlan plan = EitherPlan(Plan({staff}, {{"staff", "", 0.5F, true}}),
                                    Plan({wanted}, {{"wanted", "", 0.5F, true}}));
  EXPECT_THAT(ChannelsOf(plan), ElementsAre("desk", "police"));
  EXPECT_EQ(plan.severity, Severity::kCritical);
  const WallTime at = ParseTime("2026-11-25T12:00:00Z").value();
  const CooldownState told{.last_alert_at = at, .last_similarity = 1};
  EXPECT_TRUE(plan.routes.front().cooldown(told, {at, Severity::kLow, 0.5F}).send);
}

TEST(EitherPlan, TellsNobodyForAListThatIsNotSureEnough) {
  Watchlist wanted = List("wanted");
  wanted.channels = {"police"};
  Watchlist staff = List("staff");
  staff.channels = {"desk"};
  EXPECT_THAT(ChannelsOf(EitherPlan(Plan({staff}, {{"staff", "", 0.5F, true}}),
                                    Plan({wanted}, {{"wanted", "", 0.9F, false}}))),
              ElementsAre("desk"));
}

TEST(AlertPlan, RulesAboutMasksTellOnlyOfWhoBreaksThem) {
  const auto told = [](MaskRule rule, std::optional<float> covered) {
    Watchlist list = List("ward");
    list.mask = rule;
    const std::vector<WatchlistTrace> asked{{"ward", "ward", 0.5F, true}};
    return !PlanAlerts(WatchRules({list}, {}), asked, Severity::kMedium, Routes(),
                       ParseTime("2026-11-25T12:00:00Z").value(), covered)
                .routes.empty();
  };
  EXPECT_TRUE(told(MaskRule::kAny, 0.9F));
  EXPECT_TRUE(told(MaskRule::kAny, 0.1F));
  EXPECT_TRUE(told(MaskRule::kRequired, 0.1F));
  EXPECT_FALSE(told(MaskRule::kRequired, 0.5F));
  EXPECT_TRUE(told(MaskRule::kForbidden, 0.5F));
  EXPECT_FALSE(told(MaskRule::kForbidden, 0.49F));
  EXPECT_TRUE(told(MaskRule::kRequired, std::nullopt)) << "rather one alert too many";
  EXPECT_TRUE(told(MaskRule::kForbidden, std::nullopt));
}

}  // namespace
}  // namespace vigil::pipeline
