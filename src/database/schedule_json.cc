// See the header.
#include "database/schedule_json.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/format.h"
#include "base/local_time.h"

namespace vigil::database {
namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kPeriodsMax = 50;

std::string TimeOfDay(std::chrono::minutes minutes) {
  return format("{:02}:{:02}", minutes.count() / 60, minutes.count() % 60);
}

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

Result<std::chrono::minutes> TimeOfDayOf(const json::value* value, std::string_view field) {
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text != nullptr && text->size() == 5 && (*text)[2] == ':' && IsDigit((*text)[0]) &&
      IsDigit((*text)[1]) && IsDigit((*text)[3]) && IsDigit((*text)[4])) {
    const auto digit = [&](std::size_t at) { return (*text)[at] - '0'; };
    const std::chrono::minutes time{(digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4)};
    if (digit(3) < 6 && time <= std::chrono::hours{24}) return time;
  }
  return Fail(ErrorCode::kInvalidArgument, format("{} must be a time like 06:30", field));
}

Status CheckFields(const json::object& object, std::initializer_list<std::string_view> known) {
  for (const auto& field : object) {
    if (std::ranges::find(known, std::string_view(field.key())) != known.end()) continue;
    return Fail(ErrorCode::kInvalidArgument,
                format("{} is not a known field", std::string_view(field.key())));
  }
  return {};
}

Result<SchedulePeriod> PeriodOf(const json::value& value) {
  const json::object* object = value.if_object();
  const json::value* days = object == nullptr ? nullptr : object->if_contains("days");
  if (days == nullptr || !days->is_array() || days->get_array().empty()) {
    return Fail(ErrorCode::kInvalidArgument, "a period needs its days");
  }
  VIGIL_RETURN_IF_ERROR(CheckFields(*object, {"days", "from", "to"}));
  SchedulePeriod period;
  for (const json::value& day : days->get_array()) {
    const auto known = day.is_string()
                           ? std::ranges::find(kDays, std::string_view(day.get_string()))
                           : kDays.end();
    if (known == kDays.end()) {
      return Fail(ErrorCode::kInvalidArgument, "days are mon, tue, wed, thu, fri, sat, sun");
    }
    period.days[static_cast<std::size_t>(known - kDays.begin())] = true;
  }
  VIGIL_ASSIGN_OR_RETURN(period.from, TimeOfDayOf(object->if_contains("from"), "from"));
  VIGIL_ASSIGN_OR_RETURN(period.to, TimeOfDayOf(object->if_contains("to"), "to"));
  return period;
}

}  // namespace

json::object ScheduleJson(const Schedule& schedule) {
  json::array periods;
  for (const SchedulePeriod& period : schedule.periods) {
    json::array days;
    for (std::size_t day = 0; day < kDays.size(); ++day) {
      if (period.days[day]) days.push_back(json::value_from(kDays[day]));
    }
    periods.push_back(json::object{
        {"days", std::move(days)}, {"from", TimeOfDay(period.from)}, {"to", TimeOfDay(period.to)}});
  }
  return {{"time_zone", schedule.time_zone}, {"periods", std::move(periods)}};
}

Result<Schedule> ScheduleOf(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "must be an object with time_zone and periods");
  }
  VIGIL_RETURN_IF_ERROR(CheckFields(*object, {"time_zone", "periods"}));
  Schedule schedule;
  if (const json::value* zone = object->if_contains("time_zone")) {
    if (!zone->is_string()) return Fail(ErrorCode::kInvalidArgument, "time_zone must be a text");
    schedule.time_zone = std::string_view(zone->get_string());
  }
  VIGIL_RETURN_IF_ERROR(LocalTimeIn(schedule.time_zone, WallTime{}));
  const json::value* periods = object->if_contains("periods");
  if (periods == nullptr) return schedule;
  if (!periods->is_array() || periods->get_array().size() > kPeriodsMax) {
    return Fail(ErrorCode::kInvalidArgument,
                format("periods must be a list of at most {}", kPeriodsMax));
  }
  for (const json::value& item : periods->get_array()) {
    VIGIL_ASSIGN_OR_RETURN(const SchedulePeriod period, PeriodOf(item));
    schedule.periods.push_back(period);
  }
  return schedule;
}

}  // namespace vigil::database
