// A second answer of an embedder's network: is the face covered? Costs next to nothing, because the
// layers up to there are computed anyway.
#pragma once

#include <openvino/openvino.hpp>

#include "vision/model_store.h"

namespace vigil::vision {

inline constexpr const char* kCoveredOutput = "covered";

// Gives `network` the output kCoveredOutput, one likelihood a picture, 0..1. Throws
// std::runtime_error when the network has no layer of the shape that `head` reads.
void Attach(const CoveredHead& head, ov::Model& network);

}  // namespace vigil::vision
