// Which pixels around a face FaceNet sees, and how they are standardised.
#pragma once

#include <span>

#include "core/geometry.h"
#include "core/image.h"
#include "vision/area_resize.h"

namespace vigil::vision {

// facenet-pytorch's extract_face: the box enlarged by margin * side / (input_side - margin) in all,
// half on each side, each axis by its own side; clipped to the picture and truncated to whole
// pixels. Never empty: of a box without pixels in the picture, or one that is not finite, the
// nearest pixel remains. The picture must not be empty.
PixelRect FaceRegion(const Box& box, int margin, int input_side, int picture_width,
                     int picture_height);

// What a manifest calls "per-image": (x - mean) / max(standard deviation, 1 / sqrt(n)) over all n
// values of the picture, and "fixed-127.5-128": (x - 127.5) / 128. "none" leaves the values as they
// are.
enum class Standardisation { kPerImage, kFixed, kNone };

// Writes planes R, G, B of the picture as the network takes them; `planes` holds one float for each
// byte of the picture.
void Standardise(const RgbImage& image, Standardisation standardisation, std::span<float> planes);

}  // namespace vigil::vision
