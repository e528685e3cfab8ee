// FaceNet: a face as a point on the unit sphere, near to other pictures of the same person.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "core/embedder.h"
#include "vision/recognition/network_embedder.h"

namespace vigil::vision {

// Schroff et al., "FaceNet" (2015), as InceptionResNetV1, of any dimension. Crop enlarges the box
// by the model's margin, clips it to the frame and resizes only that region of the full-resolution
// picture to the input size, as facenet-pytorch's extract_face does with Pillow's bilinear filter.
// The space's preprocessing is "box-margin-14/per-image-standardisation/r1" for facenet-128. For
// threads and errors see MakeNetworkEmbedders; kInvalidArgument for a model that is no FaceNet.
Result<std::vector<std::unique_ptr<Embedder>>> MakeFacenetEmbedders(const EmbedderOptions& options,
                                                                    int count);

}  // namespace vigil::vision
