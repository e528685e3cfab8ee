// SFace: an embedder of faces aligned by their five landmarks.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "core/embedder.h"
#include "vision/recognition/network_embedder.h"

namespace vigil::vision {

// Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition" (2021),
// as published in OpenCV's model zoo. Crop is AlignFace, so a face without landmarks fares badly.
// The space's preprocessing is "five-points-112/none-standardisation/r1". For threads and errors
// see MakeNetworkEmbedders; kInvalidArgument for a model that does not take such crops.
Result<std::vector<std::unique_ptr<Embedder>>> MakeSfaceEmbedders(const EmbedderOptions& options,
                                                                  int count);

}  // namespace vigil::vision
