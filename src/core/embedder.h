// The port behind which face embedders can be swapped.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "core/detection.h"
#include "core/embedding.h"
#include "core/face_crop.h"
#include "core/frame.h"
#include "core/model_info.h"

namespace vigil {

// What an embedder tells of one face.
struct EmbeddedFace {
  Embedding embedding;  // of unit length
  // How likely mouth and nose are covered, 0..1, see FaceQuality; absent where the model cannot
  // tell.
  std::optional<float> covered = {};
};

// Turns face crops into embeddings. Used by one thread at a time; each recognition worker owns one.
// Nothing here blocks on the outside. Errors: kInvalidArgument for a crop of the wrong size,
// kInternal when inference fails.
class Embedder {
 public:
  virtual ~Embedder() = default;
  // Cuts and scales the face from the full-resolution frame, as this model was trained to see it.
  virtual FaceCrop Crop(const Frame& frame, const Detection& detection) const = 0;
  // One face a crop, in the order of `crops`. Any number of crops.
  virtual Result<std::vector<EmbeddedFace>> Embed(std::span<const FaceCrop> crops) = 0;
  virtual const EmbedderInfo& Info() const = 0;
};

}  // namespace vigil
