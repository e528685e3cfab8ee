// The first step of the cascade: which windows of a frame the first network takes for faces.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/frame.h"
#include "vision/detectors/cascade.h"
#include "vision/detectors/pnet.h"
#include "vision/inference.h"

namespace vigil::vision {

// Looks at every level of a frame, which is read once for all of them. Used by one thread at a
// time; keeps its buffers between frames.
class Proposer {
 public:
  virtual ~Proposer() = default;
  // Fills proposals[i] with what reaches `threshold` on levels[i], in reading order.
  // `proposals` has an entry a level. Throws what OpenVINO throws.
  virtual void Propose(const Frame& frame, std::span<const PyramidLevel> levels, float threshold,
                       std::span<std::vector<Proposal>> proposals) = 0;
};

// By OpenVINO, in the precision the network was compiled in.
std::unique_ptr<Proposer> MakeNetworkProposer(ov::CompiledModel network);

// By PnetScan, every found cell judged again in 32-bit floats: the scores and offsets are those of
// the exact network.
std::unique_ptr<Proposer> MakeScanProposer(const PnetWeights& weights);

}  // namespace vigil::vision
