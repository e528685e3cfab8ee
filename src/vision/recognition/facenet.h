// FaceNet: a face as a point on the unit sphere, near to other pictures of the same person.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/embedder.h"
#include "vision/cpu.h"

namespace vigil::vision {

struct FacenetOptions {
  std::filesystem::path models_directory{};
  std::string model_id = "facenet-128";
  Precision precision = Precision::kF32;  // kF32 for references, the machine's for probes
  int batch_max = 8;                      // crops of one inference, 1..64; more are split
};

// `count` embedders that share the compiled network, one for each thread that embeds. Schroff et
// al., "FaceNet" (2015), as InceptionResNetV1. Crop enlarges the box by the model's margin, clips
// it to the frame and resizes only that region of the full-resolution picture to the input size, as
// facenet-pytorch's extract_face does with Pillow's bilinear filter; Embed standardises as the
// model's manifest says. One inference uses one thread, the caller's. The space's preprocessing is
// "box-margin-14/per-image-standardisation/r1" for facenet-128. Errors: kInvalidArgument for
// options out of range or a model that is no FaceNet, those of FindModel and VerifyNetwork for
// missing or altered models, kInternal when OpenVINO fails.
Result<std::vector<std::unique_ptr<Embedder>>> MakeFacenetEmbedders(const FacenetOptions& options,
                                                                    int count);

}  // namespace vigil::vision
