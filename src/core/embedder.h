// The port behind which face embedders can be swapped.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "core/detection.h"
#include "core/embedding.h"
#include "core/face_crop.h"
#include "core/frame.h"
#include "core/model_info.h"

namespace vigil {

// Turns face crops into embeddings. Used by one thread at a time; each recognition worker owns one.
// Nothing here blocks on the outside. Errors: kInvalidArgument for a crop of the wrong size,
// kInternal when inference fails.
class Embedder {
 public:
  virtual ~Embedder() = default;
  // Cuts and scales the face from the full-resolution frame, as this model was trained to see it.
  virtual FaceCrop Crop(const Frame& frame, const Detection& detection) const = 0;
  // One unit-length embedding a crop, in the order of `crops`. Any number of crops.
  virtual Result<std::vector<Embedding>> Embed(std::span<const FaceCrop> crops) = 0;
  virtual const EmbedderInfo& Info() const = 0;
};

}  // namespace vigil
