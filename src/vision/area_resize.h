// Shrinks a region of a frame by averaging, straight from the decoded planes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/frame.h"
#include "vision/rgb_rows.h"

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

struct PixelSize {
  int width = 0;
  int height = 0;
};

// Takes the rows of shrunken pictures as they come about.
class AveragedRowSink {
 public:
  virtual ~AveragedRowSink() = default;
  // Row `row` of picture `picture`: R, G, B and a zero a pixel, 0..255. Valid during the call.
  virtual void TakeRow(std::size_t picture, int row, std::span<const float> rgb0) = 0;
};

// What MTCNN's networks take: (level - 127.5) * 0.0078125 of row `row`, into planes R, G, B of
// `plane_size` floats each.
void StoreAsPlanes(std::span<const float> rgb0, int row, std::size_t plane_size, float* planes);

// Averages as PyTorch's adaptive_avg_pool2d does (interpolate with mode "area"): output pixel i
// covers the input pixels floor(i * in / out) up to ceil((i + 1) * in / out). Also enlarges, by
// repetition. Levels of pixels are whole numbers, as RgbRows makes them, and so are their sums:
// the result does not depend on the processor. Keeps scratch memory between calls; one thread at a
// time.
class AreaResizer {
 public:
  // Reads `region` once and hands the rows of all `sizes` to `sink`. `region` must lie inside the
  // frame and not be empty; sizes are at least 1 x 1.
  void ResizeAll(const Frame& frame, const PixelRect& region, std::span<const PixelSize> sizes,
                 AveragedRowSink& sink);

  // One size. Writes planes R, G, B of `height` rows of `width` floats, each
  // (average - 127.5) * 0.0078125: what MTCNN's networks take. `planes` must hold
  // 3 * width * height floats.
  void Resize(const Frame& frame, const PixelRect& region, int width, int height,
              std::span<float> planes);

 private:
  // The columns one output pixel covers, relative to the region.
  struct Columns {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    float inverse_count = 0;
  };
  // One picture in the making.
  struct Picture {
    PixelSize size;
    int next_row = 0;
    int begin = 0;  // rows of the region that next_row covers
    int end = 0;
    std::vector<Columns> columns;
  };

  void Prepare(const PixelRect& region, std::span<const PixelSize> sizes);
  template <class Sum>
  void Run(const PixelRect& region, std::size_t count, int rows_max, std::vector<Sum>& ring,
           AveragedRowSink& sink);

  RgbRows rows_;
  std::vector<Picture> pictures_;
  std::vector<std::uint16_t> ring16_;  // sums of all rows before this one, for the last rows
  std::vector<std::uint32_t> ring32_;  // the same where 16 bits do not hold a picture's row
  std::vector<std::uint32_t> prefix_;  // four a column: sums of all columns before this one
  std::vector<float> row_;             // four a pixel
};

}  // namespace vigil::vision
