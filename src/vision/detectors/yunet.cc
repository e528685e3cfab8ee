// One network over one or two sizes of the frame.
#include "vision/detectors/yunet.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "vision/area_resize.h"
#include "vision/detectors/cascade.h"
#include "vision/detectors/yunet_grid.h"
#include "vision/frame_pixels.h"
#include "vision/inference.h"

namespace vigil::vision {
namespace {

constexpr std::array kStrides = {8, 16, kYunetStrideMax};
constexpr const char* kNetwork = "yunet";
// As many as MTCNN's last two nets look at: suppression takes time by their square.
constexpr std::size_t kProposalsMax = 10'000;
constexpr std::size_t kFacesMax = 2'000;

class Yunet final : public Detector {
 public:
  Yunet(const YunetOptions& options, DetectorInfo info, ov::CompiledModel& network)
      : options_(options), info_(std::move(info)), request_(network.create_infer_request()) {}

  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames,
                                                     int min_face_px) override {
    for (const Frame& frame : frames) {
      if (!HasPixels(frame))
        return Fail(ErrorCode::kInvalidArgument, "detect: a frame without pixels");
    }
    std::vector<std::vector<Detection>> found;
    VIGIL_RETURN_IF_ERROR(GuardInference("detect faces with YuNet", [&] {
      for (const Frame& frame : frames) {
        found.push_back(DetectOne(frame, std::max(min_face_px, options_.min_face_px)));
      }
    }));
    return found;
  }

  const DetectorInfo& Info() const override { return info_; }

 private:
  std::vector<Detection> DetectOne(const Frame& frame, int min_face_px) {
    std::vector<Proposal> proposals;
    const int smallest_px =
        SmallestYunetFacePx(frame.width, frame.height, min_face_px, options_.level_pixels_max);
    for (const YunetLevel& level : MakeYunetLevels(frame.width, frame.height, smallest_px)) {
      FillInput(frame, level);
      request_.infer();
      Decode(frame, level, proposals);
    }
    KeepBest(proposals, kProposalsMax);
    Suppress(proposals, options_.overlap_max, OverlapKind::kUnion);
    KeepBest(proposals, kFacesMax);
    const auto smallest = static_cast<float>(min_face_px);
    std::vector<Detection> detections;
    for (const Proposal& proposal : proposals) {
      if (std::max(proposal.box.Width(), proposal.box.Height()) < smallest) continue;
      detections.push_back({proposal.box, proposal.score, proposal.landmarks});
    }
    return detections;
  }

  // The network wants blue first and 0..255, black beyond the frame.
  void FillInput(const Frame& frame, const YunetLevel& level) {
    const auto width = static_cast<std::size_t>(level.width);
    const auto height = static_cast<std::size_t>(level.height);
    const auto padded_width = static_cast<std::size_t>(level.padded_width);
    const auto padded_height = static_cast<std::size_t>(level.padded_height);
    planes_.resize(3 * width * height);
    resizer_.Resize(frame, {0, 0, frame.width, frame.height}, level.width, level.height, planes_);
    input_.assign(3 * padded_width * padded_height, 0.0F);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const float* from = planes_.data() + (2 - channel) * width * height;
      float* to = input_.data() + channel * padded_width * padded_height;
      for (std::size_t y = 0; y < height; ++y, from += width, to += padded_width) {
        std::transform(from, from + width, to, [](float value) { return value * 128 + 127.5F; });
      }
    }
    request_.set_tensor(
        "image", ov::Tensor(ov::element::f32, {1, 3, padded_height, padded_width}, input_.data()));
  }

  std::span<const float> Output(const char* name, int stride) {
    const ov::Tensor tensor = request_.get_tensor(name + std::to_string(stride));
    return {tensor.data<const float>(), tensor.get_size()};
  }

  void Decode(const Frame& frame, const YunetLevel& level, std::vector<Proposal>& proposals) {
    const float scale_x = static_cast<float>(frame.width) / static_cast<float>(level.width);
    const float scale_y = static_cast<float>(frame.height) / static_cast<float>(level.height);
    for (const int stride : kStrides) {
      DecodeYunet({.stride = stride,
                   .columns = level.padded_width / stride,
                   .rows = level.padded_height / stride,
                   .faces = Output("faces", stride),
                   .objects = Output("objects", stride),
                   .boxes = Output("boxes", stride),
                   .landmarks = Output("landmarks", stride)},
                  options_.score_min, scale_x, scale_y, proposals);
    }
  }

  const YunetOptions options_;
  const DetectorInfo info_;
  ov::InferRequest request_;
  AreaResizer resizer_;
  std::vector<float> planes_;  // of the shrunk frame
  std::vector<float> input_;   // what the network reads now
};

Status CheckOptions(const YunetOptions& options, int count) {
  const auto refuse = [](std::string message) {
    return Fail(ErrorCode::kInvalidArgument, "YuNet: " + std::move(message));
  };
  if (count < 1) return refuse(format("{} detectors asked for: at least 1", count));
  if (options.min_face_px < 10) {
    return refuse(
        format("min_face_px {} is below 10, the smallest the network finds", options.min_face_px));
  }
  if (!(options.score_min >= 0 && options.score_min <= 1)) {
    return refuse(format("score_min {} is not in 0..1", options.score_min));
  }
  if (!(options.overlap_max >= 0 && options.overlap_max <= 1)) {
    return refuse(format("overlap_max {} is not in 0..1", options.overlap_max));
  }
  return {};
}

}  // namespace

Result<std::vector<std::unique_ptr<Detector>>> MakeYunetDetectors(const YunetOptions& options,
                                                                  int count) {
  VIGIL_RETURN_IF_ERROR(CheckOptions(options, count));
  VIGIL_ASSIGN_OR_RETURN(const InstalledModel model,
                         FindModel(options.models_directory, options.model_id));
  const ModelNetwork* files = model.Find(kNetwork, StoredPrecision(options.precision));
  if (model.kind != "detector" || (files == nullptr && model.Find(kNetwork, "fp32") == nullptr)) {
    return Fail(ErrorCode::kInvalidArgument, format("model {} is no YuNet", model.id));
  }
  std::optional<ov::Core> core;
  VIGIL_RETURN_IF_ERROR(GuardInference("start OpenVINO", [&] { core.emplace(); }));
  VIGIL_ASSIGN_OR_RETURN(ov::CompiledModel network,
                         CompileNetwork(*core, model, kNetwork, options.precision, count));
  const DetectorInfo info{model.id, files->source_sha256,
                          std::string(PrecisionName(options.precision))};
  std::vector<std::unique_ptr<Detector>> detectors;
  VIGIL_RETURN_IF_ERROR(GuardInference("start YuNet", [&] {
    for (int i = 0; i < count; ++i)
      detectors.push_back(std::make_unique<Yunet>(options, info, network));
  }));
  return detectors;
}

}  // namespace vigil::vision
