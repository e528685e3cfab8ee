// MTCNN's second and third network, computed by hand in whole numbers, a crop at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "vision/detectors/crop_kernels.h"

namespace vigil::vision {

// A convolution with PReLU, perhaps followed by pooling.
struct CropLayerWeights {
  std::size_t kernel = 1;   // side of a window; windows lie a pixel apart and inside the input
  std::size_t pooling = 0;  // side of a pooled window, at a stride of 2, the last cut off; 0: none
  std::vector<float> weights{}, bias{}, slope{};  // output channel, input channel, row, column
  // What nearly all activations span, for the published weights; the last layer's are not rounded.
  float low = 0;
  float high = 0;
};

struct CropNetworkWeights {
  std::size_t side = 0;                  // of a crop, pixels
  std::vector<CropLayerWeights> layers;  // of the last one pixel comes out: it is the dense layer
  // [output][input]: two scores (no face, face), four offsets, for O-Net ten landmarks.
  std::vector<float> heads, heads_bias;
};

// What the network says of one crop: the scores before softmax, offsets, landmarks (R-Net: none).
struct CropAnswer {
  std::array<float, 16> values{};

  // That it shows a face, 0..1.
  float Score() const;
  std::span<const float> Offsets() const { return std::span(values).subspan(2, 4); }
  std::span<const float> Landmarks() const { return std::span(values).subspan(6, 10); }
};

// Weights rounded once, shared by the networks of several threads.
struct CropTables {
  CropNumbers numbers = CropNumbers::kBytes;
  std::size_t side = 0;
  std::vector<CropLayer> layers;
  CropHeads heads;
};

// kBytes: scores are off by some hundredths, good enough to leave out what is far from a face.
// kHalves: products of 14-bit activations and weights as fine as sums of 32 bits permit: closer to
// 32-bit floats than half floats come, at the same speed. kFloats: 32-bit floats, at half the
// speed.
std::shared_ptr<const CropTables> MakeCropTables(const CropNetworkWeights& weights,
                                                 CropNumbers numbers);

// One network with its buffers, which are made once. One thread at a time. Sums are exact, so
// every instruction set gives the same answers.
class CropNetwork {
 public:
  // Judges at most `crops_max` crops at once.
  CropNetwork(std::shared_ptr<const CropTables> tables, std::size_t crops_max);

  // Values of a crop as Judge takes it: side * side pixels R, G, B in 64ths from 127.5 on
  // (CropValue), and as many more as may be read beyond.
  std::size_t CropSize() const { return CropValues(tables_->side); }
  static std::size_t CropValues(std::size_t side) { return 3 * side * side + 4; }

  // One answer a crop. Only on processors where PnetScan::IsFast().
  void Judge(std::span<const std::int16_t* const> crops, std::span<CropAnswer> answers);
  // The same without that instruction set, slowly.
  void JudgePlainly(std::span<const std::int16_t* const> crops, std::span<CropAnswer> answers);

 private:
  template <class Kernel>
  void JudgeWith(std::span<const std::int16_t* const> crops, std::span<CropAnswer> answers);
  // The first layers of one crop, which becomes number `index` of all.
  template <class Kernel>
  void RunAlone(const std::int16_t* crop, std::size_t index);
  const std::uint8_t* InputOf(const std::int16_t* crop);
  std::size_t BytesOf(const CropLayer& layer, std::size_t side) const;

  std::shared_ptr<const CropTables> tables_;
  std::size_t together_ = 0;  // layers from here on take all crops at once: their weights are many
  std::size_t pitch_ = 0;     // bytes between crops in all_
  std::array<std::vector<std::uint8_t>, 2> one_;  // activations of one crop
  std::array<std::vector<std::uint8_t>, 2> all_;  // of all crops, from layer together_ on
};

// Rounds a row of crop pixels (R, G, B and a zero a pixel, 0..255) to what CropNetwork takes.
void StoreAsHalves(std::span<const float> rgb0, int row, std::int16_t* crop);

}  // namespace vigil::vision
