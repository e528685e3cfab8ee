// Pillow's bilinear resize, on which FaceNet's published crops rest.
#pragma once

#include "core/image.h"

namespace vigil::vision {

// Equal, bit for bit, to Pillow's Image.resize((width, height), Image.BILINEAR) on RGB: a triangle
// filter that widens when shrinking (antialias), horizontally then vertically, in fixed point with
// 22 bits, each pass rounded to 8 bits. `image` must not be empty and both sizes positive.
RgbImage ResizeBilinear(const RgbImage& image, int width, int height);

}  // namespace vigil::vision
