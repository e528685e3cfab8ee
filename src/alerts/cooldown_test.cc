// Every transition of the cooldown, once by a table and then by random walks.
#include "alerts/cooldown.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace vigil::alerts {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kStart{milliseconds{1'700'000'000'000}};
const CooldownPolicy kPolicy{seconds{300}, 0.10F};

CooldownState Running() { return {kStart, Severity::kMedium, 0.60F, 4}; }

struct Transition {
  const char* name;
  CooldownState state;
  milliseconds after;  // kStart
  Severity severity;
  float similarity;
  bool send;
  CooldownState next;
};

class CooldownTransition : public testing::TestWithParam<Transition> {};

TEST_P(CooldownTransition, Holds) {
  const Transition& transition = GetParam();
  const auto verdict = MakeCooldownRule(kPolicy)(
      transition.state, {kStart + transition.after, transition.severity, transition.similarity});
  EXPECT_EQ(verdict.send, transition.send);
  EXPECT_EQ(verdict.next.last_alert_at, transition.next.last_alert_at);
  EXPECT_EQ(verdict.next.last_severity, transition.next.last_severity);
  EXPECT_EQ(verdict.next.last_similarity, transition.next.last_similarity);
  EXPECT_EQ(verdict.next.suppressed, transition.next.suppressed);
}

constexpr auto kLow = Severity::kLow;
constexpr auto kMedium = Severity::kMedium;
constexpr auto kHigh = Severity::kHigh;

INSTANTIATE_TEST_SUITE_P(
    All, CooldownTransition,
    testing::Values(
        Transition{"FirstIsSent", {}, seconds{0}, kLow, 0.5F, true, {kStart, kLow, 0.5F, 0}},
        Transition{"RepeatIsSuppressed",
                   Running(),
                   seconds{1},
                   kMedium,
                   0.6F,
                   false,
                   {kStart, kMedium, 0.60F, 5}},
        Transition{"LastMomentIsSuppressed",
                   Running(),
                   milliseconds{299'999},
                   kMedium,
                   0.69F,
                   false,
                   {kStart, kMedium, 0.60F, 5}},
        Transition{"ElapsedIsSent",
                   Running(),
                   seconds{300},
                   kLow,
                   0.4F,
                   true,
                   {kStart + seconds{300}, kLow, 0.4F, 0}},
        Transition{"HigherSeverityIsSent",
                   Running(),
                   seconds{1},
                   kHigh,
                   0.5F,
                   true,
                   {kStart + seconds{1}, kHigh, 0.60F, 0}},
        Transition{"LowerSeverityIsSuppressed",
                   Running(),
                   seconds{1},
                   kLow,
                   0.6F,
                   false,
                   {kStart, kMedium, 0.60F, 5}},
        Transition{"ClearlyBetterIsSent",
                   Running(),
                   seconds{1},
                   kLow,
                   0.75F,
                   true,
                   {kStart + seconds{1}, kMedium, 0.75F, 0}},
        Transition{"SlightlyEarlierIsSuppressed",
                   Running(),
                   -seconds{2},
                   kMedium,
                   0.6F,
                   false,
                   {kStart, kMedium, 0.60F, 5}},
        Transition{"EarlierEscalationKeepsTheStart",
                   Running(),
                   -seconds{2},
                   kHigh,
                   0.6F,
                   true,
                   {kStart, kHigh, 0.60F, 0}},
        Transition{"ClockSetBackIsSent",
                   Running(),
                   -seconds{301},
                   kLow,
                   0.4F,
                   true,
                   {kStart - seconds{301}, kLow, 0.4F, 0}}),
    [](const auto& transition) { return transition.param.name; });

TEST(Cooldown, ZeroDurationSendsEverything) {
  const auto rule = MakeCooldownRule({seconds{0}, 0.10F});
  const auto first = rule({}, {kStart, kLow, 0.5F});
  EXPECT_TRUE(rule(first.next, {kStart, kLow, 0.5F}).send);
}

TEST(Cooldown, NotANumberIsNoBetterScore) {
  EXPECT_FALSE(MakeCooldownRule(kPolicy)(Running(), {kStart, kMedium, std::nanf("")}).send);
}

// Within one cooldown only climbs pass, nothing is lost from the count, and suppression changes
// nothing but the count.
RC_GTEST_PROP(Cooldown, CountsEverythingAndIsBounded, ()) {
  const auto rule = MakeCooldownRule(kPolicy);
  CooldownState state;
  std::int64_t sent = 0;
  std::int64_t counted = 0;
  const int attempts = 200;
  for (int step = 0; step < attempts; ++step) {
    const auto severity = static_cast<Severity>(*rc::gen::inRange(0, 4));
    const auto similarity = static_cast<float>(*rc::gen::inRange(0, 100)) / 100;
    const auto verdict = rule(state, {kStart + milliseconds{step}, severity, similarity});
    if (verdict.send) {
      ++sent;
      counted += state.suppressed;
      RC_ASSERT(verdict.next.suppressed == 0);
    } else {
      RC_ASSERT(verdict.next.last_alert_at == state.last_alert_at);
      RC_ASSERT(verdict.next.suppressed == state.suppressed + 1);
    }
    state = verdict.next;
  }
  RC_ASSERT(sent + counted + state.suppressed == attempts);
  RC_ASSERT(sent <= 1 + 3 + 10);
}

}  // namespace
}  // namespace vigil::alerts
