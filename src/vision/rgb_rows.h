// Rows of a frame as RGB, added up: the first half of shrinking straight from decoded planes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/frame.h"

namespace vigil::vision {

// Turns rows into R, G, B of 8 bits as FFmpeg's swscale does on x86, to the last bit: 16-bit
// products whose fractions are cut off, chroma repeated, clipped to 0..255. Networks thus see what
// a program sees that reads the same stream through FFmpeg or OpenCV. Nothing is stored: each row
// is added to sums. One thread at a time; scratch memory is kept between frames.
class RgbRows {
 public:
  // The columns [x1, x2) of `frame`, which must outlive the use and have pixels.
  void Begin(const Frame& frame, int x1, int x2);

  // after = before + the row's levels, for Width() columns of R, then G, then B, each `pitch`
  // apart. Sums may overflow: differences of two of them stay right, modulo their size.
  template <class Sum>
  void AddRow(int y, const Sum* before, Sum* after, std::size_t pitch);

  std::size_t Width() const { return width_; }

 private:
  void ReadChroma(int chroma_row);

  Frame frame_;
  int height_ = 0;
  int x1_ = 0;
  std::size_t width_ = 0;
  int chroma_row_ = -1;                // the one that chroma_ holds
  std::size_t chroma_pitch_ = 0;       // between the three parts of chroma_
  std::vector<std::int16_t> chroma_;   // what chroma adds to R, G, B, a column of the frame
  std::vector<std::uint8_t> unmixed_;  // U and V of an interleaved row, or R, G, B of a packed one
};

}  // namespace vigil::vision
