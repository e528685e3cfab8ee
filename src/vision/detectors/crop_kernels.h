// The layers of a CropNetwork and the loops over them, by instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vigil::vision {

// What activations and weights are rounded to. kBytes: unsigned and signed bytes, four products an
// instruction's lane. kHalves: signed 16-bit numbers, two products a lane. kFloats: not at all.
enum class CropNumbers { kBytes, kHalves, kFloats };

constexpr std::size_t BytesEach(CropNumbers numbers) {
  return numbers == CropNumbers::kBytes ? 1 : numbers == CropNumbers::kHalves ? 2 : 4;
}
// The least and greatest activation. 14 bits leave the weights more of the 32 bits of a sum.
constexpr float LeastOf(CropNumbers numbers) {
  return numbers == CropNumbers::kBytes ? 0.0F : -8191.0F;
}
constexpr float MostOf(CropNumbers numbers) {
  return numbers == CropNumbers::kBytes ? 255.0F : 8191.0F;
}

// One convolution. Activations lie pixel by pixel, `outputs` values each. A window is read as words
// of 32 bits, four bytes, two halves or a float each; words may reach beyond the window, with
// weights zero.
struct CropLayer {
  std::size_t side_out = 0;            // pixels of a row that come out, before pooling
  std::size_t pooling = 0;             // side of a pooled window; 0: none
  std::size_t outputs = 0;             // a multiple of 16; those beyond the channels are nothing
  std::vector<std::int32_t> windows;   // first byte of every window of a crop
  std::vector<std::int32_t> words;     // bytes from there to every word
  std::vector<std::uint32_t> weights;  // [word][output]
  // A sum becomes scale * sum + bias; below zero `slope_less_one` times as much is added; then
  // `zero`, before it is rounded.
  std::vector<float> scale, bias, slope_less_one;
  float zero = 0;
  bool rounded = true;  // else floats come out, as always with kFloats

  // 3 x 3 windows of halves, where the channels fill registers, are computed by tiles: 2 x 2
  // outputs from 4 x 4 pixels by 16 products instead of 36 (Winograd's F(2 x 2, 3 x 3); Lavin and
  // Gray, "Fast Algorithms for Convolutional Networks", 2016). Sums of pixels need 16 bits for the
  // 14 of an activation; whole numbers lose nothing by it, and sums that overflow on the way come
  // back.
  std::size_t side_in = 0;
  std::size_t inputs = 0;                   // values of a pixel that comes in
  std::vector<std::uint32_t> tile_weights;  // [place in the tile, input pair][output]; or empty

  std::size_t TilesBeside() const { return (side_out + 1) / 2; }
  std::size_t SidePooled() const {
    return pooling == 0 ? side_out : (side_out - pooling + 1) / 2 + 1;
  }
};

// The dense outputs: [input][16 outputs].
struct CropHeads {
  std::vector<float> weights;
  std::vector<float> bias;
};

// Where a layer reads and writes: crops one behind the other.
struct CropRun {
  const std::uint8_t* in = nullptr;
  std::size_t pitch_in = 0;  // bytes between crops
  std::size_t crops = 1;
  std::uint8_t* out = nullptr;
  std::size_t pitch_out = 0;
};

// Sixteen sums of pixels of a tile (`tile`: rows of four), and the four outputs of a tile from its
// sixteen sums of products (`sums`). The same for numbers and for registers of them.
template <class Number>
inline __attribute__((always_inline)) void TransformTile(const Number (&tile)[16],
                                                         Number (&out)[16]) {
  Number rows[16];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    rows[i] = tile[i] - tile[8 + i];
    rows[4 + i] = tile[4 + i] + tile[8 + i];
    rows[8 + i] = tile[8 + i] - tile[4 + i];
    rows[12 + i] = tile[4 + i] - tile[12 + i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    out[i] = rows[i] - rows[i + 2];
    out[i + 1] = rows[i + 1] + rows[i + 2];
    out[i + 2] = rows[i + 2] - rows[i + 1];
    out[i + 3] = rows[i + 1] - rows[i + 3];
  }
}

template <class Number>
inline __attribute__((always_inline)) void FinishTile(const Number (&sums)[16], Number (&out)[4]) {
  Number rows[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    rows[i] = sums[i] + sums[4 + i] + sums[8 + i];
    rows[4 + i] = sums[4 + i] - sums[8 + i] - sums[12 + i];
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    out[2 * i] = rows[4 * i] + rows[4 * i + 1] + rows[4 * i + 2];
    out[2 * i + 1] = rows[4 * i + 1] - rows[4 * i + 2] - rows[4 * i + 3];
  }
}

// Both give the same to the last bit.
struct PlainCropKernel {
  static void Convolve(const CropLayer& layer, CropNumbers numbers, const CropRun& run);
  // Pools what Convolve left of one crop.
  static void Pool(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* in,
                   std::uint8_t* out);
  // Sixteen answers from the floats of the last layer.
  static void Answer(const CropHeads& heads, const float* in, float* answer);
};

// With AVX-512 VNNI; elsewhere it is the plain one.
struct VnniCropKernel {
  static void Convolve(const CropLayer& layer, CropNumbers numbers, const CropRun& run);
  static void Pool(const CropLayer& layer, CropNumbers numbers, const std::uint8_t* in,
                   std::uint8_t* out);
  static void Answer(const CropHeads& heads, const float* in, float* answer);
};

}  // namespace vigil::vision
