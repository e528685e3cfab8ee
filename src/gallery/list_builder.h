// Making of list generations, in the background.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>

#include "base/result.h"
#include "gallery/list_generation.h"

namespace vigil::gallery {

struct TrainingOptions {
  std::size_t lists = 0;  // 0: twice the root of the references
  double recall_min = 0.99;
  float mate_similarity = 0.7F;
};

struct TrainedGeneration {
  std::shared_ptr<const ListGeneration> generation;
  // How many lists a search reads to find a mate of that similarity as often as wanted.
  std::size_t lists_probed = 1;
};

// Clusters learnt from a sample of the snapshot's living rows, at least one, and all of them in
// lists. Takes minutes from a million references on; kCancelled soon after a stop is asked for.
Result<TrainedGeneration> TrainGeneration(const Snapshot& snapshot, const TrainingOptions& options,
                                          std::size_t dimension, std::stop_token stop);

// `generation` brought up to `snapshot`, or null when that is not worth it yet: rows that no list
// holds are listed once there are `rows_unlisted_max`, given-up chunks let go, small segments
// joined and removed rows cleared away when they are a quarter.
Result<std::shared_ptr<const ListGeneration>> ExtendGeneration(const ListGeneration& generation,
                                                               const Snapshot& snapshot,
                                                               std::size_t rows_unlisted_max,
                                                               std::stop_token stop);

}  // namespace vigil::gallery
