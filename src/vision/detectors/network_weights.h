// Takes weights out of the installed networks.
#pragma once

#include "base/result.h"
#include "vision/detectors/pnet.h"
#include "vision/detectors/rnet_screen.h"
#include "vision/inference.h"

namespace vigil::vision {

// kDataLoss when the network is not the P-Net that PnetScan knows.
Result<PnetWeights> ReadPnetWeights(const ov::Model& network);
// The same for R-Net and RnetScreen.
Result<RnetWeights> ReadRnetWeights(const ov::Model& network);

}  // namespace vigil::vision
