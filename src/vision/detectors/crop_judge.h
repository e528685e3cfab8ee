// The second and third networks, fed with crops of one size in batches of one size.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/inference.h"

namespace vigil::vision {

// What the network says of one crop.
struct CropVerdict {
  float score = 0;                   // that it shows a face, 0..1
  std::span<const float> offsets;    // 4
  std::span<const float> landmarks;  // 10; empty for a network without
};

// One network with its own input buffer. Its batch never changes, so inference plans nothing and
// allocates nothing; places that are not filled are computed for nothing. One thread at a time.
class CropJudge {
 public:
  // `network` was compiled for `batch` crops of `side` x `side`.
  CropJudge(ov::CompiledModel network, int side, std::size_t batch);

  std::size_t Batch() const { return batch_; }
  // Where the planes R, G, B of a crop go.
  std::span<float> Place(std::size_t index) {
    return std::span(input_).subspan(index * crop_size_, crop_size_);
  }
  // Judges all places. Throws what OpenVINO throws.
  void Infer() { request_.infer(); }
  // Valid until the next Infer.
  CropVerdict VerdictOf(std::size_t index) const;

 private:
  std::size_t batch_;
  std::size_t crop_size_;
  std::vector<float> input_;
  ov::InferRequest request_;
  const float* scores_ = nullptr;
  const float* offsets_ = nullptr;
  const float* landmarks_ = nullptr;
};

}  // namespace vigil::vision
