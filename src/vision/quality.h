// Judges how useful the picture of a face is for recognition, without any model.
#pragma once

#include "core/detection.h"
#include "core/face_crop.h"
#include "core/face_quality.h"
#include "core/frame.h"

namespace vigil::vision {

// Judges one detected face. `crop` is the embedder's crop of `detection` in `frame`. Pure; no
// errors.
//   face_px     shorter side of the box.
//   sharpness   strength of the edges of the crop's luma at the resolution the face really had,
//               relative to its contrast.
//   frontal     1 when the nose lies midway between eyes and mouth corners, 0 when it reaches their
//               edge.
//   brightness  mean luma of the crop.
//   score       how much of the similarity that a perfect shot has with its person may be expected
//               of this one: the product of size, sharpness, frontal, light and detector score,
//               each to the power of a weight that was fitted on data.
// `unrecognisable` is set only where a decision would be a guess: below 24 px, profile, smeared or
// nearly black. An ordinary small face of a camera (30 px, both eyes visible) is judged.
FaceQuality AssessQuality(const Frame& frame, const FaceCrop& crop, const Detection& detection);

}  // namespace vigil::vision
