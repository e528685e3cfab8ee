// Who is in front of the simulated camera, and when: known in advance, so that tests know the truth.
#pragma once

#include <string>
#include <vector>

namespace vigil::camera {

// One person crossing the picture, in seconds of the scene's loop.
struct Appearance {
  std::string person;
  double from_s = 0;
  double to_s = 0;
  bool left = true;  // which half of the picture the person stays in
};

struct Schedule {
  double loop_s = 0;
  std::vector<Appearance> appearances;
};

// Each person once a loop: the first two overlap, so do the next two, and so on; an odd last one comes alone. Some empty
// seconds stand at the beginning and more at the end.
Schedule MakeSchedule(const std::vector<std::string>& people);

// One JSON object: {"loop_s","appearances":[{"person","from_s","to_s","left"}]}.
std::string ScheduleJson(const Schedule& schedule);

}  // namespace vigil::camera
