// Turns and scales a face so that its landmarks lie where an embedder was trained to see them.
#pragma once

#include <optional>

#include "core/detection.h"
#include "core/frame.h"
#include "core/image.h"

namespace vigil::vision {

// Turn, scaling and move: (x, y) becomes (along * x - across * y + shift_x, across * x + along * y
// + shift_y).
struct SimilarityTransform {
  float along = 1;
  float across = 0;
  float shift_x = 0;
  float shift_y = 0;

  Point Apply(Point point) const {
    return {along * point.x - across * point.y + shift_x,
            across * point.x + along * point.y + shift_y};
  }
  float Scale() const;
};

// Where the five points lie in a crop of 112x112 pixels: the layout of ArcFace, which SFace shares.
inline constexpr int kFivePointSidePx = 112;
inline constexpr Landmarks kFivePointLayout{{{38.2946F, 51.6963F},
                                             {73.5318F, 51.5014F},
                                             {56.0252F, 71.7366F},
                                             {41.5493F, 92.3655F},
                                             {70.7299F, 92.2041F}}};

// The transform that brings `from` nearest to `to` by least squares. Nothing when a point is not
// finite or the points of either side coincide.
std::optional<SimilarityTransform> FitSimilarity(const Landmarks& from, const Landmarks& to);

// The face as a square of kFivePointSidePx, its landmarks brought onto kFivePointLayout. Pixels are
// interpolated bilinearly; where the picture shrinks to less than two thirds, each is the mean of
// several places. What lies outside the picture is black. A detection without usable landmarks is
// cut out by its box, one without a usable box is the whole picture. The frame must have pixels.
RgbImage AlignFace(const Frame& frame, const Detection& detection);

}  // namespace vigil::vision
