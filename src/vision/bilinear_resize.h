// Pillow's bilinear resize, on which FaceNet's published crops rest.
#pragma once

#include "core/image.h"

namespace vigil::vision {

// Equal, bit for bit, to Pillow's Image.resize((width, height), Image.BILINEAR) on RGB, as it was
// when facenet-pytorch was published: a triangle filter that widens when shrinking (antialias),
// horizontally then vertically, in fixed point with 22 bits, each pass rounded to 8 bits. (Pillow
// 13 takes the vertical pass first for some tall pictures, which moves single values by one.)
// `image` must not be empty and both sizes positive.
RgbImage ResizeBilinear(const RgbImage& image, int width, int height);

}  // namespace vigil::vision
