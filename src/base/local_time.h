// What the clock on a wall shows in some place.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace vigil {

struct LocalTime {
  int weekday = 0;                 // 0 Monday to 6 Sunday
  std::chrono::minutes of_day{0};  // since midnight by the local clock, 0 to 1439
  bool operator==(const LocalTime&) const = default;
};

// `time_zone` is a name of the IANA database ("Europe/Berlin"), read from the system's files.
// kInvalidArgument for an unknown one. Thread-safe.
Result<LocalTime> LocalTimeIn(const std::string& time_zone, WallTime time);

}  // namespace vigil
