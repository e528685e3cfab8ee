// Time zones by the date library: the compiler of Debian 12 has none.
#include "base/local_time.h"

#include <date/tz.h>

#include "base/format.h"

namespace vigil {

Result<LocalTime> LocalTimeIn(const std::string& time_zone, WallTime time) {
  try {
    const auto local = date::locate_zone(time_zone)->to_local(time);
    const auto day = date::floor<date::days>(local);
    return LocalTime{.weekday = static_cast<int>(date::weekday(day).iso_encoding()) - 1,
                     .of_day = date::floor<std::chrono::minutes>(local - day)};
  } catch (const std::exception&) {
    return Fail(ErrorCode::kInvalidArgument,
                format("'{}' is no time zone; write one like Europe/Berlin or UTC",
                       time_zone.substr(0, 64)));
  }
}

}  // namespace vigil
