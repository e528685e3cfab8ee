// One thing that happened, as it is kept and streamed.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace vigil {

struct Event {
  std::int64_t sequence = 0;  // 1, 2, 3 ... in the order of commits
  WallTime at{};
  std::string kind;  // "incident.created", "camera.down"; docs/events.md lists them
  std::string data;  // a JSON object, without names of people, secrets and biometric bytes
};

}  // namespace vigil
