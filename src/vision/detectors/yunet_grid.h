// The arithmetic around YuNet's network, apart from it.
#pragma once

#include <span>
#include <vector>

#include "vision/detectors/cascade.h"

namespace vigil::vision {

// What the network says at one stride: planes of rows x columns cells, one cell for each
// stride x stride pixels of the picture it was given.
struct YunetGrid {
  int stride = 0;
  int columns = 0;
  int rows = 0;
  std::span<const float> faces;      // 1 plane: how sure the cell is of a face
  std::span<const float> objects;    // 1 plane: how well its box fits
  std::span<const float> boxes;      // 4 planes: middle (x, y) and logarithm of the size, in cells
  std::span<const float> landmarks;  // 10 planes: x and y of the five points in turn, in cells
};

// One size at which the network looks at a frame.
struct YunetLevel {
  int width = 0;  // of the shrunk frame
  int height = 0;
  int padded_width = 0;  // what the network takes: filled up to whole cells of its widest stride
  int padded_height = 0;
  bool operator==(const YunetLevel&) const = default;
};

// The largest stride of the network: the sides of its input are multiples of it.
inline constexpr int kYunetStrideMax = 32;

// The first level shows a face of `min_face_px` as kYunetFacePx pixels (never larger than it is).
// While a level's shorter side is above kYunetSideMax, faces that fill it would be too large to be
// found, and a level of a quarter the size follows. Sizes must be positive.
std::vector<YunetLevel> MakeYunetLevels(int width, int height, int min_face_px);
inline constexpr int kYunetFacePx = 16;

// `min_face_px`, or as much more as it takes for the first level to have at most `level_pixels_max`
// pixels (0: no limit).
int SmallestYunetFacePx(int width, int height, int min_face_px, double level_pixels_max);
inline constexpr int kYunetSideMax = 640;

// Appends every cell whose score (the root of face times object, each held to 0..1) reaches
// `threshold`, in pixels of the picture multiplied by `scale_x` and `scale_y`. Cells with a box
// that is not finite are dropped.
void DecodeYunet(const YunetGrid& grid, float threshold, float scale_x, float scale_y,
                 std::vector<Proposal>& proposals);

}  // namespace vigil::vision
