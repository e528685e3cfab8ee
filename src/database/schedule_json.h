// Schedules as people and the database write them.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "core/watchlist.h"

namespace vigil::database {

// {"time_zone": "Europe/Berlin", "periods": [{"days": ["mon", "sat"], "from": "22:00", "to":
// "06:00"}]}; "to" may be "24:00".
json::object ScheduleJson(const Schedule& schedule);

// kInvalidArgument names what is wrong: an unknown zone or day, a time that is no "HH:MM", a period
// without days. Fields that are absent take their defaults.
Result<Schedule> ScheduleOf(const json::value& value);

}  // namespace vigil::database
