// The order of appearances.
#include "schedule.h"

#include "base/json.h"

namespace vigil::camera {
namespace {

constexpr double kEmptyAtStart_s = 2;
constexpr double kEmptyAtEnd_s = 8;
constexpr double kVisible_s = 7;
constexpr double kOverlap_s = 2;
constexpr double kPause_s = 1.5;

}  // namespace

Schedule MakeSchedule(const std::vector<std::string>& people) {
  Schedule schedule;
  double from = kEmptyAtStart_s;
  for (std::size_t i = 0; i < people.size(); ++i) {
    schedule.appearances.push_back({people[i], from, from + kVisible_s, i % 2 == 0});
    from += i % 2 == 0 && i + 1 < people.size() ? kVisible_s - kOverlap_s : kVisible_s + kPause_s;
  }
  schedule.loop_s = from + kEmptyAtEnd_s;
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
