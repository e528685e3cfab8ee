// See minifasnet.h. Pictures are shrunk without averaging, as the network was trained: the pattern
// that a screen leaves is part of what it looks for.
#include "vision/liveness/minifasnet.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "vision/inference.h"
#include "vision/rgb_region.h"

namespace vigil::vision {
namespace {

constexpr const char* kNetwork = "liveness";
constexpr std::string_view kCropPrefix = "surroundings-";

// One axis of a bilinear resize between pixel middles: the two pixels and the share of the second.
struct Sample {
  int first = 0;
  int second = 0;
  float share = 0;
};

Sample SampleAt(int to, int to_size, int from_size) {
  const float scale = static_cast<float>(from_size) / static_cast<float>(to_size);
  const float at = (static_cast<float>(to) + 0.5F) * scale - 0.5F;
  const float inside = std::clamp(at, 0.0F, static_cast<float>(from_size - 1));
  const int first = static_cast<int>(inside);
  return {first, std::min(first + 1, from_size - 1), inside - static_cast<float>(first)};
}

RgbImage Sampled(const RgbImage& image, int side) {
  RgbImage small{side, side, std::vector<std::uint8_t>(static_cast<std::size_t>(side * side) * 3)};
  for (int y = 0; y < side; ++y) {
    const Sample row = SampleAt(y, side, image.height);
    std::uint8_t* out = small.Row(y);
    for (int x = 0; x < side; ++x) {
      const Sample column = SampleAt(x, side, image.width);
      for (int channel = 0; channel < 3; ++channel) {
        const auto value = [&](int from_y, int from_x) {
          return static_cast<float>(image.Row(from_y)[from_x * 3 + channel]);
        };
        const float upper = std::lerp(value(row.first, column.first),
                                      value(row.first, column.second), column.share);
        const float lower = std::lerp(value(row.second, column.first),
                                      value(row.second, column.second), column.share);
        *out++ = static_cast<std::uint8_t>(std::lerp(upper, lower, row.share) + 0.5F);
      }
    }
  }
  return small;
}

class MiniFasNet final : public LivenessDetector {
 public:
  MiniFasNet(int side_px, double scale, LivenessInfo info, ov::CompiledModel& network)
      : side_px_(side_px),
        scale_(scale),
        info_(std::move(info)),
        request_(network.create_infer_request()) {}

  LivenessView View(const Frame& frame, const Detection& face) const override {
    const PixelRect region = SurroundingsOf(face.box, scale_, frame.width, frame.height);
    return {{Sampled(RgbOfRegion(frame, region), side_px_)}};
  }

  Result<std::vector<float>> Judge(std::span<const LivenessView> views) override {
    for (const LivenessView& view : views) {
      if (view.pictures.size() == 1 && view.pictures.front().width == side_px_ &&
          view.pictures.front().height == side_px_) {
        continue;
      }
      return Fail(ErrorCode::kInvalidArgument,
                  format("liveness: a view that {} did not cut", info_.id));
    }
    std::vector<float> live;
    if (views.empty()) return live;
    VIGIL_RETURN_IF_ERROR(GuardInference("judge liveness with " + info_.id, [&] {
      Fill(views);
      const auto side = static_cast<std::size_t>(side_px_);
      request_.set_tensor(
          "image", ov::Tensor(ov::element::f32, {views.size(), 3, side, side}, input_.data()));
      request_.infer();
      const ov::Tensor output = request_.get_tensor("live");
      const float* values = output.data<const float>();
      live.assign(values, values + output.get_size());
    }));
    return live;
  }

  const LivenessInfo& Info() const override { return info_; }

 private:
  // Planes blue, green, red of 0..255.
  void Fill(std::span<const LivenessView> views) {
    const auto plane = static_cast<std::size_t>(side_px_) * static_cast<std::size_t>(side_px_);
    input_.resize(views.size() * 3 * plane);
    float* out = input_.data();
    for (const LivenessView& view : views) {
      const std::vector<std::uint8_t>& pixels = view.pictures.front().pixels;
      for (const std::size_t channel : {2U, 1U, 0U}) {
        for (std::size_t i = 0; i < plane; ++i) *out++ = pixels[3 * i + channel];
      }
    }
  }

  const int side_px_;
  const double scale_;
  const LivenessInfo info_;
  ov::InferRequest request_;
  std::vector<float> input_;
};

// Of "surroundings-2.7".
std::optional<double> ScaleOf(std::string_view crop) {
  if (!crop.starts_with(kCropPrefix)) return std::nullopt;
  crop.remove_prefix(kCropPrefix.size());
  double scale = 0;
  const auto [end, failure] = std::from_chars(crop.data(), crop.data() + crop.size(), scale);
  const bool whole = failure == std::errc{} && end == crop.data() + crop.size();
  return whole && scale >= 1 && scale <= 10 ? std::optional(scale) : std::nullopt;
}

}  // namespace

PixelRect SurroundingsOf(const Box& box, double scale, int picture_width, int picture_height) {
  // Lengths and places that are no numbers are those of the whole picture.
  const auto length_of = [](double length, int size) {
    return std::isfinite(length) ? std::clamp(length, 1.0, static_cast<double>(size)) : size;
  };
  const double width = length_of(box.Width(), picture_width);
  const double height = length_of(box.Height(), picture_height);
  const double factor =
      std::min({scale, (picture_width - 1) / width, (picture_height - 1) / height});
  // One axis: centred, and moved inside.
  const auto span = [](double low, double high, double length, int size) {
    length = std::clamp(length, 1.0, static_cast<double>(size));
    const double middle = std::isfinite(low + high) ? (low + high) / 2 : size / 2.0;
    const double start = std::clamp(middle - length / 2, 0.0, size - length);
    const int from = std::min(static_cast<int>(start), size - 1);
    return std::pair(from, std::clamp(static_cast<int>(start + length), from + 1, size));
  };
  const auto [x1, x2] = span(box.x1, box.x2, width * factor, picture_width);
  const auto [y1, y2] = span(box.y1, box.y2, height * factor, picture_height);
  return {x1, y1, x2, y2};
}

Result<std::vector<std::unique_ptr<LivenessDetector>>> MakeLivenessDetectors(
    const LivenessOptions& options, int count) {
  VIGIL_ASSIGN_OR_RETURN(const InstalledModel model,
                         FindModel(options.models_directory, options.model_id));
  const std::optional<double> scale = ScaleOf(model.input.crop);
  const ModelNetwork* files = model.Find(kNetwork, "fp32");
  if (count < 1 || model.kind != kNetwork || files == nullptr || !scale || model.input.width < 8 ||
      model.input.width != model.input.height || model.input.colour != "BGR") {
    return Fail(ErrorCode::kInvalidArgument,
                format("model {} cannot tell living faces from pictures of them: it is a {}",
                       model.id, model.kind));
  }
  std::optional<ov::Core> core;
  VIGIL_RETURN_IF_ERROR(GuardInference("start OpenVINO", [&] { core.emplace(); }));
  VIGIL_ASSIGN_OR_RETURN(ov::CompiledModel network,
                         CompileNetwork(*core, model, kNetwork, Precision::kF32, count));
  const LivenessInfo info{model.id, files->source_sha256,
                          std::string(PrecisionName(Precision::kF32))};
  std::vector<std::unique_ptr<LivenessDetector>> detectors;
  VIGIL_RETURN_IF_ERROR(GuardInference("start " + model.id, [&] {
    for (int i = 0; i < count; ++i) {
      detectors.push_back(std::make_unique<MiniFasNet>(model.input.width, *scale, info, network));
    }
  }));
  return detectors;
}

}  // namespace vigil::vision
