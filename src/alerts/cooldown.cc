// The transitions are enumerated by cooldown_test.cc.
#include "alerts/cooldown.h"

#include <algorithm>

namespace vigil::alerts {
namespace {

enum class Phase { kIdle, kRunning };

Phase PhaseOf(const CooldownPolicy& policy, const CooldownState& state, WallTime at) {
  if (!state.last_alert_at.has_value()) return Phase::kIdle;
  const auto elapsed = at - *state.last_alert_at;
  // Cameras of a group may report slightly out of order; only a larger step back is a clock that
  // was set.
  const bool clock_set_back = elapsed < -policy.duration;
  return elapsed >= policy.duration || clock_set_back ? Phase::kIdle : Phase::kRunning;
}

CooldownVerdict Send(const CooldownAttempt& attempt) {
  return {true, {attempt.at, attempt.severity, attempt.similarity, 0}};
}

}  // namespace

CooldownRule MakeCooldownRule(CooldownPolicy policy) {
  return [policy](const CooldownState& state, const CooldownAttempt& attempt) -> CooldownVerdict {
    if (PhaseOf(policy, state, attempt.at) == Phase::kIdle) return Send(attempt);
    const bool more_severe = attempt.severity > state.last_severity;
    const bool clearly_better =
        attempt.similarity >= state.last_similarity + policy.clearly_better_similarity;
    if (more_severe || clearly_better) {
      CooldownVerdict verdict = Send(attempt);
      verdict.next.last_alert_at = std::max(*state.last_alert_at, attempt.at);
      verdict.next.last_severity = std::max(state.last_severity, attempt.severity);
      verdict.next.last_similarity = std::max(state.last_similarity, attempt.similarity);
      return verdict;
    }
    CooldownVerdict verdict{false, state};
    ++verdict.next.suppressed;
    return verdict;
  };
}

}  // namespace vigil::alerts
