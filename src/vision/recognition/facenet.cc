// FaceNet's crops; the network behind them is network_embedder.
#include "vision/recognition/facenet.h"

#include <string>

#include "base/format.h"
#include "vision/bilinear_resize.h"
#include "vision/recognition/face_box.h"
#include "vision/rgb_region.h"

namespace vigil::vision {
namespace {

Result<CropRule> BoxRule(const InstalledModel& model) {
  const auto refuse = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument, format("model {} is no FaceNet: {}", model.id, why));
  };
  const int side = model.input.width;
  const int margin = model.input.margin;
  if (model.input.crop != "box")
    return refuse(format("it wants the crop \"{}\"", model.input.crop));
  if (margin < 0 || margin >= side) return refuse(format("its margin is {}", margin));
  return CropRule{format("box-margin-{}", margin),
                  [side, margin](const Frame& frame, const Detection& detection) {
                    const PixelRect region =
                        FaceRegion(detection.box, margin, side, frame.width, frame.height);
                    return FaceCrop{ResizeBilinear(RgbOfRegion(frame, region), side, side)};
                  }};
}

}  // namespace

Result<std::vector<std::unique_ptr<Embedder>>> MakeFacenetEmbedders(const EmbedderOptions& options,
                                                                    int count) {
  return MakeNetworkEmbedders(options, BoxRule, count);
}

}  // namespace vigil::vision
