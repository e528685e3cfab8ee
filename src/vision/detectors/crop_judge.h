// The second and third networks, fed with crops of one size.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "vision/area_resize.h"
#include "vision/detectors/crop_network.h"
#include "vision/inference.h"

namespace vigil::vision {

// What the network says of one crop.
struct CropVerdict {
  float score = 0;                   // that it shows a face, 0..1
  std::span<const float> offsets;    // 4
  std::span<const float> landmarks;  // 10; empty or meaningless for a network without
};

// One network with its own input buffer, which takes no memory after it is made (OpenVINO's
// inferences take some). One thread at a time.
class CropJudge {
 public:
  virtual ~CropJudge() = default;
  // Crops judged at once, at most.
  virtual std::size_t Batch() const = 0;
  // Shrinks `region`, which lies inside the frame, to crop `index`.
  virtual void Take(std::size_t index, const Frame& frame, const PixelRect& region,
                    AreaResizer& resizer) = 0;
  // Judges the crops before `count`. Throws what OpenVINO throws.
  virtual void Judge(std::size_t count) = 0;
  // Valid until the next Judge.
  virtual CropVerdict VerdictOf(std::size_t index) const = 0;
};

// By OpenVINO. `network` was compiled for `batch` crops of `side` x `side`: the batch never
// changes, so inference plans nothing; crops that are missing are computed for nothing.
std::unique_ptr<CropJudge> MakeNetworkJudge(ov::CompiledModel network, int side, std::size_t batch);

// By CropNetwork. With `screen` (in bytes) every crop is looked at in 8 bits first, and only those
// that reach `screen_score_min` are judged by `exact`; the others keep the score of the screen,
// which is below it.
std::unique_ptr<CropJudge> MakeScreenedJudge(std::shared_ptr<const CropTables> screen,
                                             std::shared_ptr<const CropTables> exact,
                                             float screen_score_min, std::size_t batch);

}  // namespace vigil::vision
