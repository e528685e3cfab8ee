// The order of appearances.
#include "schedule.h"

#include "base/json.h"

namespace vigil::camera {
namespace {

constexpr double kEmptyAtStartS = 2;
constexpr double kEmptyAtEndS = 8;
constexpr double kVisibleS = 7;
constexpr double kOverlapS = 2;
constexpr double kPauseS = 1.5;

}  // namespace

Schedule MakeSchedule(const std::vector<std::string>& people) {
  Schedule schedule;
  double from = kEmptyAtStartS;
  for (std::size_t i = 0; i < people.size(); ++i) {
    schedule.appearances.push_back({people[i], from, from + kVisibleS, i % 2 == 0});
    from += i % 2 == 0 && i + 1 < people.size() ? kVisibleS - kOverlapS : kVisibleS + kPauseS;
  }
  schedule.loop_s = from + kEmptyAtEndS;
  return schedule;
}

std::string ScheduleJson(const Schedule& schedule) {
  json::array appearances;
  for (const Appearance& appearance : schedule.appearances) {
    appearances.push_back({{"person", appearance.person},
                           {"from_s", appearance.from_s},
                           {"to_s", appearance.to_s},
                           {"left", appearance.left}});
  }
  return WriteJson(
      json::object{{"loop_s", schedule.loop_s}, {"appearances", std::move(appearances)}});
}

}  // namespace vigil::camera
