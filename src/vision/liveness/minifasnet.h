// MiniFASNet: a small network that knows photos and screens by their texture and their rims.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/liveness.h"
#include "vision/area_resize.h"

namespace vigil::vision {

struct LivenessOptions {
  std::filesystem::path models_directory{};
  std::string model_id = "minifasnet";
};

// The face with `scale` times its width and height around it, as its authors cut it: less where the
// picture is too small, and moved inside where it would reach beyond. Never empty; the picture must
// not be.
PixelRect SurroundingsOf(const Box& box, double scale, int picture_width, int picture_height);

// MiniFASNetV2 of Silent-Face-Anti-Spoofing (Minivision, 2020). `count` detectors that share the
// compiled network, one for each recognition worker; computed in fp32 on the caller's thread.
// Errors: kInvalidArgument for a model that tells no liveness, those of FindModel and VerifyNetwork
// for missing or altered models, kInternal when OpenVINO fails.
Result<std::vector<std::unique_ptr<LivenessDetector>>> MakeLivenessDetectors(
    const LivenessOptions& options, int count);

}  // namespace vigil::vision
