// YuNet: one small network finds faces and five landmarks at once.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/detector.h"
#include "vision/cpu.h"

namespace vigil::vision {

struct YunetOptions {
  std::filesystem::path models_directory{};
  std::string model_id = "yunet";
  int min_face_px = 40;  // smallest face kept; the cost rises with 1 / min_face_px squared
  float score_min = 0.7F;
  float overlap_max = 0.3F;  // shared area of two boxes, of their union, above which one is dropped
  Precision precision = Precision::kF32;
  // The largest level has at most so many pixels, however small the faces looked for; 0: no limit.
  // For pictures from strangers, whose size must not decide on time and memory.
  double level_pixels_max = 0;
};

// `count` detectors that share the compiled network, one for each recognition worker. Wu et al.,
// "YuNet: A Tiny Millisecond-level Face Detector" (2023), decoded as in OpenCV's FaceDetectorYN. A
// frame is shrunk so that a face of min_face_px is as small as the network still finds it, straight
// from its planes; boxes whose longer side is below min_face_px are dropped. One inference uses one
// thread, the caller's. Detections have a finite box with an area; boxes may reach outside the
// frame. Errors: kInvalidArgument for options out of range or a model that is no YuNet, those of
// FindModel and VerifyNetwork for missing or altered models, kInternal when OpenVINO fails.
Result<std::vector<std::unique_ptr<Detector>>> MakeYunetDetectors(const YunetOptions& options,
                                                                  int count);

}  // namespace vigil::vision
