// SFace's crops; the network behind them is network_embedder.
#include "vision/recognition/sface.h"

#include "base/format.h"
#include "vision/recognition/alignment.h"

namespace vigil::vision {
namespace {

Result<CropRule> FivePointRule(const InstalledModel& model) {
  if (model.input.crop != "five-points" || model.input.width != kFivePointSidePx) {
    return Fail(ErrorCode::kInvalidArgument,
                format("model {} is no SFace: it wants the crop \"{}\" of {} pixels a side",
                       model.id, model.input.crop, model.input.width));
  }
  return CropRule{format("five-points-{}", kFivePointSidePx),
                  [](const Frame& frame, const Detection& detection) {
                    return FaceCrop{AlignFace(frame, detection)};
                  }};
}

}  // namespace

Result<std::vector<std::unique_ptr<Embedder>>> MakeSfaceEmbedders(const EmbedderOptions& options,
                                                                  int count) {
  return MakeNetworkEmbedders(options, FivePointRule, count);
}

}  // namespace vigil::vision
