// What every embedder shares once its crops are cut: one network that turns crops into embeddings.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/embedder.h"
#include "vision/cpu.h"
#include "vision/model_store.h"

namespace vigil::vision {

// kBoth embeds each face a second time mirrored and takes the mean of the two: a little more exact
// at twice the cost. Faces of one model and both kinds may be compared, as those of two precisions.
enum class Views { kStraight, kBoth };

struct EmbedderOptions {
  std::filesystem::path models_directory{};
  std::string model_id;
  Precision precision = Precision::kF32;  // kF32 for references, the machine's for probes
  int batch_max = 8;                      // crops of one inference, 1..64; more are split
  Views views = Views::kStraight;         // kBoth for references, which are made once
};

// How one family of embedders cuts faces. Called by several threads at once.
struct CropRule {
  // Names everything that decides which pixels are cut: "box-margin-14".
  std::string name;
  std::function<FaceCrop(const Frame& frame, const Detection& detection)> cut;
};

// kInvalidArgument when the model is not of the family, with the reason.
using CropRuleOf = std::function<Result<CropRule>(const InstalledModel& model)>;

// `count` embedders that share the compiled network, one for each thread that embeds. Crops are
// standardised as the model's manifest says and the result is brought to length 1. One inference
// uses one thread, the caller's. Faces are told covered where the model has a head for it. Errors:
// kInvalidArgument for options out of range, a model that is no embedder or one that `rule_of`
// refuses, those of FindModel and VerifyNetwork for missing or altered models, kInternal when
// OpenVINO fails.
Result<std::vector<std::unique_ptr<Embedder>>> MakeNetworkEmbedders(const EmbedderOptions& options,
                                                                    const CropRuleOf& rule_of,
                                                                    int count);

}  // namespace vigil::vision
