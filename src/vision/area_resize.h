// Shrinks a region of a frame by averaging, straight from the decoded planes.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/frame.h"

namespace vigil::vision {

// Whole pixels of a frame; x2 and y2 are exclusive.
struct PixelRect {
  int x1 = 0;
  int y1 = 0;
  int x2 = 0;
  int y2 = 0;

  int Width() const { return x2 - x1; }
  int Height() const { return y2 - y1; }
  bool operator==(const PixelRect&) const = default;
};

// Averages as PyTorch's adaptive_avg_pool2d does (interpolate with mode "area"): output pixel i
// covers the input pixels floor(i * in / out) up to ceil((i + 1) * in / out). Also enlarges, by
// repetition. Y, U and V are averaged apart and only the averages become RGB. Keeps scratch memory
// between calls; one thread at a time.
class AreaResizer {
 public:
  // Writes planes R, G, B of `height` rows of `width` floats, each (average - 127.5) * 0.0078125:
  // what MTCNN's networks take. `region` must lie inside the frame and not be empty; `planes` must
  // hold 3 * width * height floats.
  void Resize(const Frame& frame, const PixelRect& region, int width, int height,
              std::span<float> planes);

 private:
  // The columns one output pixel covers. For chroma `begin` and `end` count half columns.
  struct Columns {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    float inverse_count = 0;
  };

  void SetColumns(int from, int to, int width);
  void SumRows(const Plane& plane, int first_byte, int bytes, int first_row, int last_row,
               bool halved);
  void SumPrefixes(int channel, int channels, int columns);
  void AverageFull(float inverse_rows, float* out) const;
  void AverageHalved(float inverse_rows, float* out) const;
  void RowFromRgb(const Frame& frame, const PixelRect& region, int first_row, int last_row);
  void RowFromYuv(const Frame& frame, const PixelRect& region, int first_row, int last_row);

  std::vector<Columns> columns_;           // relative to the region
  std::vector<std::uint16_t> sums16_;      // of a column over few rows
  std::vector<std::uint32_t> sums32_;      // of a column over any number of rows
  std::vector<std::uint32_t> prefix_;      // sums of all columns before this one
  std::array<std::vector<float>, 3> row_;  // one output row: R, G, B or Y, U, V
};

}  // namespace vigil::vision
