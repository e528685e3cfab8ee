// Takes P-Net's weights out of the installed network.
#pragma once

#include "base/result.h"
#include "vision/detectors/pnet.h"
#include "vision/inference.h"

namespace vigil::vision {

// kDataLoss when the network is not the P-Net that PnetScan knows.
Result<PnetWeights> ReadPnetWeights(const ov::Model& network);

}  // namespace vigil::vision
