// MTCNN's first network, computed by hand: a coarse scan in 8 bits that misses nothing, and the
// exact answer for single cells.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vigil::vision {

// P-Net's weights: 3x3 convolutions of 3 -> 10 -> 16 -> 32 channels with PReLU, the first followed
// by 2x2 pooling; then 32 -> 2 scores (no face, face) and 32 -> 4 offsets. Order: output channel,
// input channel, row, column.
struct PnetWeights {
  std::vector<float> conv1, bias1, slope1;
  std::vector<float> conv2, bias2, slope2;
  std::vector<float> conv3, bias3, slope3;
  std::vector<float> scores, scores_bias;
  std::vector<float> offsets, offsets_bias;
};

// One pyramid level. Levels of pixels are kept twice: in 8 bits, columns split into even and odd,
// for the scan; in 16 bits (256ths) for the exact answer.
class PnetLevel {
 public:
  // Makes room for a picture; the pixels are undefined until every row is stored.
  void Reset(int width, int height);
  // One row of R, G, B and a zero a pixel, 0..255.
  void StoreRow(int row, std::span<const float> rgb0);

  int Width() const { return width_; }
  int Height() const { return height_; }
  // Four bytes a pixel (R, G, B, zero) of the even or the odd columns of a row. Readable beyond the
  // row's end by kSlack pixels, whose contents do not matter.
  const std::uint32_t* Half(int row, bool odd) const {
    return halves_.data() + (2 * static_cast<std::size_t>(row) + (odd ? 1 : 0)) * half_pitch_;
  }
  // Four values a pixel (R, G, B, zero), in 256ths.
  const std::uint16_t* Exact(int row) const {
    return exact_.data() + static_cast<std::size_t>(row) * 4 * static_cast<std::size_t>(width_);
  }

  static constexpr std::size_t kSlack = 48;

 private:
  int width_ = 0;
  int height_ = 0;
  std::size_t half_pitch_ = 0;
  std::vector<std::uint32_t> halves_;
  std::vector<std::uint16_t> exact_;
  std::vector<std::uint32_t> pixels_;  // of the row that is being stored
};

// Columns and rows of cells that P-Net judges on a level.
int PnetCells(int side);

struct PnetCell {
  std::int32_t column = 0;
  std::int32_t row = 0;
  bool operator==(const PnetCell&) const = default;
};

struct PnetAnswer {
  float score = 0;  // that the cell shows a face, 0..1
  std::array<float, 4> offsets{};
};

// The network in 8 bits. Inputs, weights and activations are rounded to 8 bits, sums are exact;
// activations are scaled by the ranges seen on photos and street scenes, and clipped beyond. The
// difference of the two scores is off by 0.2 (standard deviation) where it matters; so whoever asks
// for a little less than the threshold gets every cell that the exact network would give.
class PnetScan {
 public:
  explicit PnetScan(const PnetWeights& weights);

  // Appends the cells whose difference of scores (face minus no face, before softmax) reaches
  // `difference_min`, in reading order. Uses AVX-512 VNNI where the processor has it; the plain
  // loop gives the same cells, slowly.
  void Scan(const PnetLevel& level, float difference_min, std::vector<PnetCell>& cells);
  void ScanPlainly(const PnetLevel& level, float difference_min, std::vector<PnetCell>& cells);

  // Whether Scan is fast on this processor.
  static bool IsFast();

  static constexpr int kChannels1 = 10;
  static constexpr int kChannels2 = 16;
  static constexpr int kChannels3 = 32;
  // Channels come in groups of four bytes.
  static constexpr int kGroups1 = 3;
  static constexpr int kGroups2 = 4;

  // A sum of products becomes an activation: scale, bias, PReLU, and for the next layer's bytes
  // `zero` more.
  template <int channels>
  struct Epilogue {
    std::array<float, channels> scale{}, bias{}, slope{}, zero{};
  };
  // Weights as groups of four signed bytes.
  struct Tables {
    std::array<std::array<std::uint32_t, 9>, kChannels1> weights1{};             // [output][tap]
    std::array<std::array<std::uint32_t, kChannels2>, 9 * kGroups1> weights2{};  // [tap, group]
    std::array<std::array<std::uint32_t, kChannels3>, 9 * kGroups2> weights3{};
    Epilogue<kChannels1> epilogue1;
    Epilogue<kChannels2> epilogue2;
    Epilogue<kChannels3> epilogue3;
    std::array<float, kChannels3> difference{};
    float difference_bias = 0;
  };

  // What the layers leave of the last three rows, a plane a group of channels.
  struct Rows {
    std::size_t pitch = 0;              // between planes
    std::vector<std::uint32_t> pooled;  // 3 rows of kGroups1 planes
    std::vector<std::uint32_t> second;  // 3 rows of kGroups2 planes
    std::uint32_t* Pooled(int row) {
      return pooled.data() + static_cast<std::size_t>(row % 3) * kGroups1 * pitch;
    }
    std::uint32_t* Second(int row) {
      return second.data() + static_cast<std::size_t>(row % 3) * kGroups2 * pitch;
    }
  };

 private:
  template <class Kernel>
  void ScanWith(const PnetLevel& level, float difference_min, std::vector<PnetCell>& cells);

  Tables tables_;
  Rows rows_;
};

// The network in 32-bit floats, for single cells. What cells share is computed once, and what is
// computed several at a time. One thread at a time.
class PnetExact {
 public:
  explicit PnetExact(const PnetWeights& weights);
  // answers[i] becomes what the network says of cells[i], which must lie in the level's grid.
  void Judge(const PnetLevel& level, std::span<const PnetCell> cells,
             std::vector<PnetAnswer>& answers);

 private:
  // Sixteen output channels beside each other; unused ones are zero.
  struct alignas(64) Lanes {
    std::array<float, 16> at{};
  };
  struct Layer {
    std::vector<Lanes> weights;  // [tap][input channel]
    Lanes bias{}, slope{};
  };
  static Layer MakeLayer(const std::vector<float>& weights, const std::vector<float>& bias,
                         const std::vector<float>& slope, std::size_t inputs, std::size_t taps,
                         std::size_t first_output);
  // What a layer gives at the pixels that were asked for.
  struct Map {
    std::vector<std::int32_t> slots;  // of each pixel, the place of its value; or kNone
    std::vector<PnetCell> pixels;     // in the order of their values
    std::vector<Lanes> values;

    void Begin(std::size_t size);
    // The places of the values of the nine pixels from `first` on, in reading order. A pixel that
    // is asked for first gets the next place.
    void AskNine(PnetCell first, std::size_t columns, std::int32_t* places);
    // Forgets all pixels.
    void End(std::size_t columns);
  };
  static constexpr std::int32_t kNone = -1;

  void RunFirst(const PnetLevel& level);
  void RunSecond();
  void RunLast(std::size_t count);

  Layer first_, second_, third_low_, third_high_, last_;
  Map pooled_, second_map_;
  // Nine places an output: of pooled_ for second_map_, of second_map_ for a cell.
  std::vector<std::int32_t> inputs_of_second_, inputs_of_cells_;
  std::vector<Lanes> answers_;
};

}  // namespace vigil::vision
