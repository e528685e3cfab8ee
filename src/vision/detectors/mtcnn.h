// MTCNN: three small networks in a cascade find faces and five landmarks.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "core/detector.h"
#include "vision/cpu.h"

namespace vigil::vision {

struct MtcnnOptions {
  std::filesystem::path models_directory{};
  int min_face_px = 40;  // smallest face searched for; the cost rises with 1 / min_face_px squared
  // Scores below which the first, second and third network drop a candidate.
  std::array<float, 3> thresholds{0.6F, 0.7F, 0.7F};
  // The first pyramid level has at most so many pixels: in larger pictures the smallest face grows.
  // Bounds time and memory of one picture; 0: no limit.
  double level_pixels_max = 0;
  double pyramid_factor = 0.709;  // size of one pyramid level against the level before, in (0, 1)
  // kI8: the first two networks are looked through in 8 bits; what they find is judged again in
  // floats, and O-Net decides in 16 bits. Nearly the same as kF32 but several times
  // faster. Processors without AVX-512 VNNI take kF32 instead.
  Precision precision = Precision::kF32;
};

// `count` detectors that share the compiled networks, one for each recognition worker. Zhang et
// al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks" (2016),
// equal to facenet-pytorch's MTCNN in pyramid, thresholds, suppression and box arithmetic. A frame
// is never converted as a whole: pyramid levels and candidates are averaged straight from its
// planes. However many candidates a picture has, each step goes on with a bounded number of the
// best; ordinary pictures stay far below it. One inference uses one thread, the caller's.
// Detections have a finite box with an area; boxes may reach outside the frame. Errors:
// kInvalidArgument for options out of range, those of FindModel and VerifyNetwork for missing or
// altered models, kInternal when OpenVINO fails.
Result<std::vector<std::unique_ptr<Detector>>> MakeMtcnnDetectors(const MtcnnOptions& options,
                                                                  int count);

// One size at which the first network looked, and what it proposed there.
struct MtcnnLevel {
  int width = 0;
  int height = 0;
  int proposals = 0;  // after suppression within the level
};

// What each network left of one picture, best first, in pixels of the frame.
struct MtcnnTrace {
  std::vector<MtcnnLevel> levels;   // largest first
  std::vector<Detection> proposed;  // by P-Net; without landmarks
  std::vector<Detection> refined;   // after R-Net; without landmarks
  std::vector<Detection> found;     // after O-Net: what Detect answers
};

// Detects once with a detector of its own and tells every step, for people who want to see it.
// Errors: those of MakeMtcnnDetectors and Detect.
Result<MtcnnTrace> TraceMtcnn(const MtcnnOptions& options, const Frame& frame);

}  // namespace vigil::vision
