// The arithmetic between MTCNN's networks, apart from them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/detection.h"
#include "vision/area_resize.h"

namespace vigil::vision {

// One size at which the first network looks at the whole picture.
struct PyramidLevel {
  double scale = 1;  // level size / frame size
  int width = 0;
  int height = 0;
};

// Levels from the one on which a face of `min_face_px` is 12 pixels high, down to the last whose
// shorter side is at least 12 pixels, each `factor` of the one before. Empty for frames smaller
// than `min_face_px`.
std::vector<PyramidLevel> MakePyramid(int width, int height, int min_face_px, double factor);

// `min_face_px`, or as much more as it takes for the first level to have at most `level_pixels_max`
// pixels (0: no limit).
int SmallestFacePx(int width, int height, int min_face_px, double level_pixels_max);

// A box on its way through the cascade.
struct Proposal {
  Box box;
  float score = 0;
  std::array<float, 4> offsets{};  // corrections of x1, y1, x2, y2 in shares of the box's sides
  Landmarks landmarks{};
};

// What the first network says of one level: planes of rows x columns cells.
struct ProposalGrid {
  int columns = 0;
  int rows = 0;
  std::span<const float> scores;   // rows * columns
  std::span<const float> offsets;  // 4 planes
};

// The window of 12 pixels that the cell judged, at a stride of 2, in frame pixels.
Box WindowOf(int column, int row, double scale);

// Appends every cell whose score reaches `threshold`, with its window.
void DecodeProposals(const ProposalGrid& grid, double scale, float threshold,
                     std::vector<Proposal>& proposals);

// Leaves the `count_max` best, in their order; of equals the earlier ones. Untouched when there are
// no more than that.
void KeepBest(std::vector<Proposal>& proposals, std::size_t count_max);

// Overlap in relation to the union of two boxes (whole areas) or to the smaller of them (sides
// counted in whole pixels, so one longer), as the published cascade has it.
enum class OverlapKind { kUnion, kSmaller };

// Greedy non-maximum suppression: keeps the best and drops what overlaps it by more than
// `overlap_max`, and so on. The rest is left sorted by falling score.
void Suppress(std::vector<Proposal>& proposals, float overlap_max, OverlapKind kind);

// The same with memory that is kept between calls.
struct SuppressScratch {
  std::vector<std::size_t> order;
  std::vector<Proposal> sorted;
  std::vector<float> areas;
};
void Suppress(std::vector<Proposal>& proposals, float overlap_max, OverlapKind kind,
              SuppressScratch& scratch);

// Moves the corners by the offsets; `side_extra` is added to the sides first (0 after the first
// network, 1 after the others, as in the published cascade).
void ApplyOffsets(Proposal& proposal, float side_extra);

// Makes the box square about its centre, by its longer side.
void MakeSquare(Box& box);

// The whole pixels of `box` inside the frame, by the published rule (corners truncated, counted
// from 1). Nothing when the box is not finite or no pixel remains.
std::optional<PixelRect> CropOf(const Box& box, int frame_width, int frame_height);

// Landmarks in frame pixels from shares of the box: x of the five points, then y of the five.
Landmarks PlaceLandmarks(const Box& box, std::span<const float, 10> shares);

// True when all corners are finite and the box has an area.
bool IsSound(const Box& box);

}  // namespace vigil::vision
