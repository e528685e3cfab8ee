// What the simulated camera sees: people's photos crossing a noisy room, or the frames of a clip,
// over and over.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/image.h"
#include "schedule.h"

namespace vigil::camera {

// Pictures by scene time. Used by one thread.
class PictureSource {
 public:
  virtual ~PictureSource() = default;
  // RGB, always of the same size. `at_s` rises from call to call.
  virtual Result<RgbImage> At(double at_s) = 0;
};

// People of FOLDER/<person>/*.jpg. Every loop of the schedule shows the next photo of each.
Result<std::unique_ptr<PictureSource>> MakeScene(const std::filesystem::path& folder,
                                                 const Schedule& schedule, unsigned seed);
// The sub-folders of FOLDER, by name.
Result<std::vector<std::string>> PeopleOf(const std::filesystem::path& folder);

// A video file from its beginning to its end, again and again, one frame a call.
Result<std::unique_ptr<PictureSource>> MakeClip(const std::filesystem::path& file, Clock& clock);

}  // namespace vigil::camera
