// Times as people and APIs write them: RFC 3339, UTC, milliseconds.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace vigil {

// "2026-11-22T21:28:47.123Z"
std::string FormatTime(WallTime time);
// Reads RFC 3339 with any offset and 0 to 9 fraction digits. kInvalidArgument otherwise.
Result<WallTime> ParseTime(std::string_view text);

}  // namespace vigil
