// MTCNN's second network in 8 bits, to leave out what is far from a face.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vision/detectors/crop_judge.h"

namespace vigil::vision {

// R-Net's weights: convolutions of 3 -> 28 (3x3), 28 -> 48 (3x3) and 48 -> 64 (2x2) channels with
// PReLU, the first two followed by 3x3 pooling at a stride of 2; 64 x 3 x 3 -> 128 with PReLU and
// 128 -> 2 scores. Order: output channel, input channel, row, column.
struct RnetWeights {
  std::vector<float> conv1, bias1, slope1;
  std::vector<float> conv2, bias2, slope2;
  std::vector<float> conv3, bias3, slope3;
  std::vector<float> dense, dense_bias, dense_slope;
  std::vector<float> scores, scores_bias;
};

// Sixteen crops beside each other, one a lane. Rounded as PnetScan is; needs the same processor.
class RnetScreen {
 public:
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kSide = 24;
  static constexpr std::size_t kCropSize = 3 * kSide * kSide;

  explicit RnetScreen(const RnetWeights& weights);

  // Planes R, G, B of kSide x kSide, as R-Net takes them.
  std::span<float> Place(std::size_t lane) {
    return std::span(crops_).subspan(lane * kCropSize, kCropSize);
  }
  // Judges all places. Only where PnetScan::IsFast().
  void Infer();
  // The same without that instruction set, slowly.
  void InferPlainly();
  // Only the score. Valid until the next Infer.
  CropVerdict VerdictOf(std::size_t lane) const;
  static constexpr std::size_t Batch() { return kLanes; }

  // One layer; weights as groups of four signed bytes: [tap, group of inputs][output].
  struct Layer {
    std::size_t side_in = 0;  // pixels of a row it reads
    std::size_t kernel = 0;   // pixels of a row one output covers
    std::size_t groups_in = 0;
    std::size_t outputs = 0;  // a multiple of eight; those beyond the channels have no weights
    std::vector<std::uint32_t> weights;
    std::vector<float> scale, bias, slope;
    float zero = 0;                 // added before rounding to the next layer's bytes
    std::vector<float> difference;  // of the last layer: what an output adds to the answer

    std::size_t SideOut() const { return side_in - kernel + 1; }
  };

 private:
  template <class Kernel>
  void RunWith();
  void PackCrops();

  std::array<Layer, 4> layers_;
  float difference_bias_ = 0;
  std::vector<float> crops_;
  std::array<std::vector<std::uint32_t>, 2> bytes_;  // [row, column, group][lane]
  std::array<float, kLanes> differences_{};
};

}  // namespace vigil::vision
