// Who is seen when and where in the simulated camera's picture: the truth that a demo or a test
// compares recognition with.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vigil::camera {

// A point of the picture as shares of its width and height, (0, 0) at the top left.
struct Place {
  double x = 0.5;
  double y = 0.5;

  bool operator==(const Place&) const = default;
};

// One photo that moves through the picture: its centre goes from `start` to `end`.
struct Visit {
  std::string person;
  std::string photo;                  // path below the scene's folder
  std::chrono::milliseconds from{0};  // within one turn of the scene
  std::chrono::milliseconds to{0};
  int photo_height = 480;  // pixels of the picture at zoom 1
  Place start{};
  Place end{};
  double tilt_degrees = 0;  // the photo sways between +tilt and -tilt
  double zoom_at_end = 1;   // 1 at the start

  bool operator==(const Visit&) const = default;
};

struct Scene {
  int width = 1280;  // multiples of 16, as the encoder likes them
  int height = 720;
  int frames_per_second = 12;
  std::chrono::milliseconds duration{0};  // of one turn; then it begins again
  std::vector<Visit> visits;              // by time

  bool operator==(const Scene&) const = default;
};

struct Person {
  std::string name;
  std::vector<std::string> photos;  // paths below the scene's folder, at least one
};

// The people of `folder`: one sub-folder a person, the photos (.jpg, .jpeg, .png) in it. Sorted by
// name, so that the same folder always gives the same scene. kNotFound when there is nobody.
Result<std::vector<Person>> FindPeople(const std::string& folder);

// Everybody once alone, then an empty stretch, then everybody once more in pairs by another photo.
// Order, sizes and paths follow from `seed` alone. `people` is not empty.
Scene MakeScene(const std::vector<Person>& people, std::uint64_t seed);

// The scene as JSON, with the people visible in each stretch of time ("timeline", for readers; it
// is not read back).
std::string DescribeScene(const Scene& scene);

// A scene as DescribeScene writes it. kInvalidArgument names the faulty visit and field.
Result<Scene> ParseScene(std::string_view text);

}  // namespace vigil::camera
