// Takes weights out of the installed networks.
#pragma once

#include "base/result.h"
#include "vision/detectors/crop_network.h"
#include "vision/detectors/pnet.h"
#include "vision/inference.h"

namespace vigil::vision {

// kDataLoss when the network is not the P-Net that PnetScan knows.
Result<PnetWeights> ReadPnetWeights(const ov::Model& network);
// The same for R-Net and O-Net, with what the published networks' activations span on WIDER images
// and street scenes.
Result<CropNetworkWeights> ReadRnetWeights(const ov::Model& network);
Result<CropNetworkWeights> ReadOnetWeights(const ov::Model& network);

}  // namespace vigil::vision
