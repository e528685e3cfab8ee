// One compiled network with any batch size; crops enter it in groups of at most batch_max.
#include "vision/recognition/network_embedder.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "vision/inference.h"
#include "vision/recognition/covered_head.h"
#include "vision/recognition/face_box.h"

namespace vigil::vision {
namespace {

constexpr int kBatchLimit = 64;
// Raise when crops or standardisation give other pixels than before: embeddings of both must not be
// compared.
constexpr int kPreprocessingRevision = 1;

// What of the model the adapter needs in every call.
struct Feeding {
  int side_px = 0;
  Standardisation standardisation = Standardisation::kPerImage;
  CropRule crop;
};

enum class View { kStraight, kMirrored };

// Turns each row of `side` values around.
void MirrorRows(std::span<float> planes, std::size_t side) {
  for (; !planes.empty(); planes = planes.subspan(side)) std::ranges::reverse(planes.first(side));
}

class NetworkEmbedder final : public Embedder {
 public:
  NetworkEmbedder(Feeding feeding, const EmbedderOptions& options, EmbedderInfo info,
                  ov::CompiledModel& network, bool tells_covered)
      : feeding_(std::move(feeding)),
        batch_max_(static_cast<std::size_t>(options.batch_max)),
        views_(options.views),
        info_(std::move(info)),
        tells_covered_(tells_covered),
        request_(network.create_infer_request()) {}

  FaceCrop Crop(const Frame& frame, const Detection& detection) const override {
    return feeding_.crop.cut(frame, detection);
  }

  Result<std::vector<EmbeddedFace>> Embed(std::span<const FaceCrop> crops) override {
    const std::size_t crop_size = CropSize();
    for (const FaceCrop& crop : crops) {
      if (crop.image.width != feeding_.side_px || crop.image.height != feeding_.side_px ||
          crop.image.pixels.size() != crop_size) {
        return Fail(
            ErrorCode::kInvalidArgument,
            format("embed: a crop of {}x{} where {} takes {}x{}", crop.image.width,
                   crop.image.height, info_.space.model_id, feeding_.side_px, feeding_.side_px));
      }
    }
    std::vector<EmbeddedFace> faces;
    VIGIL_RETURN_IF_ERROR(GuardInference("embed faces with " + info_.space.model_id, [&] {
      for (std::size_t done = 0; done < crops.size(); done += batch_max_) {
        EmbedBatch(crops.subspan(done, std::min(batch_max_, crops.size() - done)), faces);
      }
    }));
    return faces;
  }

  const EmbedderInfo& Info() const override { return info_; }

 private:
  std::size_t CropSize() const {
    const auto side = static_cast<std::size_t>(feeding_.side_px);
    return 3 * side * side;
  }

  void EmbedBatch(std::span<const FaceCrop> crops, std::vector<EmbeddedFace>& faces) {
    std::vector<EmbeddedFace> seen = Infer(crops, View::kStraight);
    if (views_ == Views::kBoth) {
      const std::vector<EmbeddedFace> mirrored = Infer(crops, View::kMirrored);
      for (std::size_t i = 0; i < seen.size(); ++i) {
        Embedding& sum = seen[i].embedding;
        std::ranges::transform(sum, mirrored[i].embedding, sum.begin(), std::plus<>());
        Normalise(sum);
        if (tells_covered_) seen[i].covered = (*seen[i].covered + *mirrored[i].covered) / 2;
      }
    }
    std::ranges::move(seen, std::back_inserter(faces));
  }

  std::vector<EmbeddedFace> Infer(std::span<const FaceCrop> crops, View view) {
    const auto side = static_cast<std::size_t>(feeding_.side_px);
    const std::size_t crop_size = CropSize();
    input_.resize(std::max(input_.size(), crops.size() * crop_size));
    for (std::size_t i = 0; i < crops.size(); ++i) {
      const auto planes = std::span(input_).subspan(i * crop_size, crop_size);
      Standardise(crops[i].image, feeding_.standardisation, planes);
      if (view == View::kMirrored) MirrorRows(planes, side);
    }
    request_.set_tensor("image",
                        ov::Tensor(ov::element::f32, {crops.size(), 3, side, side}, input_.data()));
    request_.infer();
    const ov::Tensor output = request_.get_tensor("embedding");
    const float* values = output.data<const float>();
    const auto dimension = static_cast<std::size_t>(info_.space.dimension);
    if (output.get_size() != crops.size() * dimension) {
      throw std::runtime_error(format("{} numbers came for {} crops of dimension {}",
                                      output.get_size(), crops.size(), dimension));
    }
    std::vector<EmbeddedFace> faces;
    for (std::size_t i = 0; i < crops.size(); ++i, values += dimension) {
      faces.push_back({.embedding = Embedding(values, values + dimension)});
      Normalise(faces.back().embedding);
    }
    if (tells_covered_) {
      const ov::Tensor covered = request_.get_tensor(kCoveredOutput);
      for (std::size_t i = 0; i < faces.size(); ++i)
        faces[i].covered = covered.data<const float>()[i];
    }
    return faces;
  }

  const Feeding feeding_;
  const std::size_t batch_max_;
  const Views views_;
  const EmbedderInfo info_;
  const bool tells_covered_;
  ov::InferRequest request_;
  std::vector<float> input_;
};

Result<Feeding> FeedingOf(const InstalledModel& model, const CropRuleOf& rule_of) {
  const auto refuse = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalidArgument,
                format("model {} cannot embed faces: {}", model.id, why));
  };
  if (model.kind != "embedder") return refuse("it is a " + model.kind);
  const ModelInput& input = model.input;
  if (input.width <= 0 || input.width != input.height) return refuse("its input is not square");
  if (input.colour != "RGB") return refuse(format("it wants the colours {}", input.colour));
  if (model.dimension <= 0) return refuse("it states no dimension");
  Feeding feeding{.side_px = input.width, .crop = {}};
  if (input.preprocessing == "per-image") {
    feeding.standardisation = Standardisation::kPerImage;
  } else if (input.preprocessing == "fixed-127.5-128") {
    feeding.standardisation = Standardisation::kFixed;
  } else if (input.preprocessing == "none") {
    feeding.standardisation = Standardisation::kNone;
  } else {
    return refuse(format("it wants the preprocessing \"{}\"", input.preprocessing));
  }
  VIGIL_ASSIGN_OR_RETURN(feeding.crop, rule_of(model));
  return feeding;
}

EmbedderInfo InfoOf(const InstalledModel& model, const Feeding& feeding, Precision precision) {
  EmbedderInfo info;
  info.space.model_id = model.id;
  const ModelNetwork* network = model.Find("embedder", StoredPrecision(precision));
  info.space.model_hash = network == nullptr ? std::string() : network->source_sha256;
  info.space.preprocessing = format("{}/{}-standardisation/r{}", feeding.crop.name,
                                    model.input.preprocessing, kPreprocessingRevision);
  info.space.dimension = model.dimension;
  info.precision = PrecisionName(precision);
  info.threshold_floor = model.threshold_floor;
  info.impostor_tail = model.TailOf(StoredPrecision(precision));
  return info;
}

}  // namespace

Result<std::vector<std::unique_ptr<Embedder>>> MakeNetworkEmbedders(const EmbedderOptions& options,
                                                                    const CropRuleOf& rule_of,
                                                                    int count) {
  if (count < 1 || options.batch_max < 1 || options.batch_max > kBatchLimit) {
    return Fail(ErrorCode::kInvalidArgument,
                format("{}: {} embedders with batches of {}: at least 1, and batches of 1 to {}",
                       options.model_id, count, options.batch_max, kBatchLimit));
  }
  VIGIL_ASSIGN_OR_RETURN(const InstalledModel model,
                         FindModel(options.models_directory, options.model_id));
  VIGIL_ASSIGN_OR_RETURN(const Feeding feeding, FeedingOf(model, rule_of));
  const bool tells_covered = !model.covered_head.Empty();
  std::optional<ov::Core> core;
  VIGIL_RETURN_IF_ERROR(GuardInference("start OpenVINO", [&] { core.emplace(); }));
  VIGIL_ASSIGN_OR_RETURN(
      ov::CompiledModel network,
      CompileNetwork(*core, model, "embedder", options.precision, count, 0, [&](ov::Model& read) {
        if (tells_covered) Attach(model.covered_head, read);
      }));
  const EmbedderInfo info = InfoOf(model, feeding, options.precision);
  std::vector<std::unique_ptr<Embedder>> embedders;
  VIGIL_RETURN_IF_ERROR(GuardInference("start " + model.id, [&] {
    for (int i = 0; i < count; ++i) {
      embedders.push_back(
          std::make_unique<NetworkEmbedder>(feeding, options, info, network, tells_covered));
    }
  }));
  return embedders;
}

}  // namespace vigil::vision
