// One person who stays in view must not ring the bell every second: the rule that holds repeats
// back.
#pragma once

#include <chrono>

#include "core/alert.h"

namespace vigil::alerts {

struct CooldownPolicy {
  std::chrono::seconds duration{300};  // 0: every attempt is sent
  // An attempt this much more similar than those sent is news: the person is now much surer. The
  // margin is chosen by judgement, not measured.
  float clearly_better_similarity = 0.10F;
};

// A pure rule over one cooldown's memory; call it from any thread. An attempt is sent when
//   1. nothing was sent before, or `duration` has passed since (also when the wall clock was set
//   back by more than `duration`),
//   2. its severity is higher than any sent in the running cooldown, or
//   3. its similarity is higher by the margin than any sent in the running cooldown.
// A sent attempt starts the cooldown anew and clears the count; within a running cooldown the
// highest severity and similarity are remembered, so that the exceptions 2 and 3 can only climb and
// are bounded. Anything else is suppressed: counted, and nothing else changes, so that repeats
// neither use up nor prolong the cooldown.
CooldownRule MakeCooldownRule(CooldownPolicy policy);

}  // namespace vigil::alerts
