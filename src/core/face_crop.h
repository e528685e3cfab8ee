// The picture of one face as its embedder wants it.
#pragma once

#include "core/image.h"

namespace vigil {

// RGB at the embedder's input size (FaceNet: 160x160, box with margin), before standardisation.
struct FaceCrop {
  RgbImage image;
};

}  // namespace vigil
