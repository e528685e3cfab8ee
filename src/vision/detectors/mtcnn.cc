// The cascade: P-Net over a pyramid proposes, R-Net sorts out, O-Net decides and places landmarks.
#include "vision/detectors/mtcnn.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "vision/area_resize.h"
#include "vision/detectors/cascade.h"
#include "vision/detectors/pnet_weights.h"
#include "vision/detectors/proposer.h"
#include "vision/frame_pixels.h"
#include "vision/inference.h"

namespace vigil::vision {
namespace {

constexpr int kRefineSidePx = 24;
constexpr int kOutputSidePx = 48;
// Candidates of one inference: bounds memory when a picture is full of them.
constexpr std::size_t kRefineBatchMax = 128;
constexpr std::size_t kOutputBatchMax = 64;

// The best candidates that each step goes on with. A street full of people has some hundreds; only
// a picture made to have more reaches them, and would otherwise cost minutes (suppression is
// quadratic).
constexpr std::size_t kLevelCandidatesMax = 10'000;  // of one pyramid level, before suppression
constexpr std::size_t kProposedMax = 10'000;         // of all levels, before suppression
constexpr std::size_t kRefinedMax = 5'000;           // judged by R-Net
constexpr std::size_t kDecidedMax = 2'000;           // judged by O-Net

struct Networks {
  std::optional<PnetWeights> weights;  // for a scan in 8 bits
  ov::CompiledModel propose;           // otherwise
  ov::CompiledModel refine;
  ov::CompiledModel output;
};

// What R-Net or O-Net says of one batch; the spans live until the next inference.
struct Judgement {
  std::span<const float> scores;     // 2 a candidate: no face, face
  std::span<const float> offsets;    // 4 a candidate
  std::span<const float> landmarks;  // 10 a candidate, O-Net only
};

std::span<const float> FloatsOf(ov::InferRequest& request, const char* name) {
  const ov::Tensor tensor = request.get_tensor(name);
  return {tensor.data<const float>(), tensor.get_size()};
}

class Mtcnn final : public Detector {
 public:
  Mtcnn(const MtcnnOptions& options, DetectorInfo info, Networks& networks)
      : options_(options),
        info_(std::move(info)),
        proposer_(networks.weights ? MakeScanProposer(*networks.weights)
                                   : MakeNetworkProposer(networks.propose)),
        refine_(networks.refine.create_infer_request()),
        output_(networks.output.create_infer_request()) {}

  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames) override {
    for (const Frame& frame : frames) {
      if (!HasPixels(frame))
        return Fail(ErrorCode::kInvalidArgument, "detect: a frame without pixels");
    }
    std::vector<std::vector<Detection>> found;
    VIGIL_RETURN_IF_ERROR(GuardInference("detect faces with MTCNN", [&] {
      for (const Frame& frame : frames) found.push_back(DetectOne(frame));
    }));
    return found;
  }

  const DetectorInfo& Info() const override { return info_; }

  // While it is set, each step is written down in it.
  void SetTrace(MtcnnTrace* trace) { trace_ = trace; }

 private:
  std::vector<Detection> DetectOne(const Frame& frame) {
    std::vector<Proposal> proposals = Propose(frame);
    if (trace_ != nullptr) trace_->proposed = DetectionsOf(proposals);
    Refine(frame, proposals);
    if (trace_ != nullptr) trace_->refined = DetectionsOf(proposals);
    Decide(frame, proposals);
    return DetectionsOf(proposals);
  }

  static std::vector<Detection> DetectionsOf(const std::vector<Proposal>& proposals) {
    std::vector<Detection> detections;
    detections.reserve(proposals.size());
    for (const Proposal& proposal : proposals) {
      detections.push_back({proposal.box, proposal.score, proposal.landmarks});
    }
    return detections;
  }

  std::vector<Proposal> Propose(const Frame& frame) {
    std::vector<Proposal> all;
    const int min_face_px =
        SmallestFacePx(frame.width, frame.height, options_.min_face_px, options_.level_pixels_max);
    const auto levels =
        MakePyramid(frame.width, frame.height, min_face_px, options_.pyramid_factor);
    std::vector<std::vector<Proposal>> by_level(levels.size());
    proposer_->Propose(frame, levels, options_.thresholds[0], by_level);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const PyramidLevel& level = levels[i];
      std::vector<Proposal>& of_level = by_level[i];
      KeepBest(of_level, kLevelCandidatesMax);
      Suppress(of_level, 0.5F, OverlapKind::kUnion);
      if (trace_ != nullptr) {
        trace_->levels.push_back({level.width, level.height, static_cast<int>(of_level.size())});
      }
      all.insert(all.end(), of_level.begin(), of_level.end());
    }
    KeepBest(all, kProposedMax);
    Suppress(all, 0.7F, OverlapKind::kUnion);
    KeepBest(all, kRefinedMax);
    for (Proposal& proposal : all) {
      ApplyOffsets(proposal, 0);
      MakeSquare(proposal.box);
    }
    return all;
  }

  void Refine(const Frame& frame, std::vector<Proposal>& proposals) {
    std::vector<Proposal> passed;
    ForEachBatch(frame, proposals, refine_, kRefineSidePx, kRefineBatchMax,
                 [&](Proposal proposal, const Judgement& judgement, std::size_t i) {
                   proposal.score = judgement.scores[2 * i + 1];
                   if (!(proposal.score > options_.thresholds[1])) return;
                   std::copy_n(judgement.offsets.begin() + static_cast<std::ptrdiff_t>(4 * i), 4,
                               proposal.offsets.begin());
                   passed.push_back(proposal);
                 });
    Suppress(passed, 0.7F, OverlapKind::kUnion);
    KeepBest(passed, kDecidedMax);
    for (Proposal& proposal : passed) {
      ApplyOffsets(proposal, 1);
      MakeSquare(proposal.box);
    }
    proposals = std::move(passed);
  }

  void Decide(const Frame& frame, std::vector<Proposal>& proposals) {
    std::vector<Proposal> passed;
    ForEachBatch(frame, proposals, output_, kOutputSidePx, kOutputBatchMax,
                 [&](Proposal proposal, const Judgement& judgement, std::size_t i) {
                   proposal.score = judgement.scores[2 * i + 1];
                   if (!(proposal.score > options_.thresholds[2])) return;
                   std::copy_n(judgement.offsets.begin() + static_cast<std::ptrdiff_t>(4 * i), 4,
                               proposal.offsets.begin());
                   proposal.landmarks = PlaceLandmarks(
                       proposal.box, judgement.landmarks.subspan(10 * i).first<10>());
                   ApplyOffsets(proposal, 1);
                   passed.push_back(proposal);
                 });
    Suppress(passed, 0.7F, OverlapKind::kSmaller);
    proposals = std::move(passed);
  }

  // Crops each proposal to `side` pixels, lets the network judge them in batches and hands each
  // proposal with its place in the batch to `take`. Proposals without a pixel inside the frame are
  // dropped.
  template <class Take>
  void ForEachBatch(const Frame& frame, const std::vector<Proposal>& proposals,
                    ov::InferRequest& request, int side, std::size_t batch_max, Take&& take) {
    const std::size_t crop_size =
        3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    std::vector<const Proposal*> batch;
    const auto flush = [&] {
      if (batch.empty()) return;
      request.set_tensor("image", ov::Tensor(ov::element::f32,
                                             {batch.size(), 3, static_cast<std::size_t>(side),
                                              static_cast<std::size_t>(side)},
                                             input_.data()));
      request.infer();
      Judgement judgement{FloatsOf(request, "scores"), FloatsOf(request, "offsets"), {}};
      if (side == kOutputSidePx) judgement.landmarks = FloatsOf(request, "landmarks");
      for (std::size_t i = 0; i < batch.size(); ++i) take(*batch[i], judgement, i);
      batch.clear();
    };
    input_.resize(std::max(input_.size(), crop_size * batch_max));
    for (const Proposal& proposal : proposals) {
      const std::optional<PixelRect> crop = CropOf(proposal.box, frame.width, frame.height);
      if (!crop) continue;
      resizer_.Resize(frame, *crop, side, side,
                      std::span(input_).subspan(batch.size() * crop_size, crop_size));
      batch.push_back(&proposal);
      if (batch.size() == batch_max) flush();
    }
    flush();
  }

  const MtcnnOptions options_;
  const DetectorInfo info_;
  const std::unique_ptr<Proposer> proposer_;
  ov::InferRequest refine_;
  ov::InferRequest output_;
  MtcnnTrace* trace_ = nullptr;
  AreaResizer resizer_;
  std::vector<float> input_;  // of the network that runs now
};

Status CheckOptions(const MtcnnOptions& options, int count) {
  const auto refuse = [](std::string message) {
    return Fail(ErrorCode::kInvalidArgument, "MTCNN: " + std::move(message));
  };
  if (count < 1) return refuse(format("{} detectors asked for: at least 1", count));
  if (options.min_face_px < 12) {
    return refuse(
        format("min_face_px {} is below 12, the size the network looks at", options.min_face_px));
  }
  if (!(options.pyramid_factor > 0 && options.pyramid_factor < 1)) {
    return refuse(format("pyramid_factor {} is not between 0 and 1", options.pyramid_factor));
  }
  for (const float threshold : options.thresholds) {
    if (!(threshold >= 0 && threshold <= 1))
      return refuse(format("threshold {} is not in 0..1", threshold));
  }
  return {};
}

// Where the processor has no fast 8-bit products, exact floats cost less.
Precision UsedPrecision(const MtcnnOptions& options) {
  return options.precision == Precision::kI8 && !PnetScan::IsFast() ? Precision::kF32
                                                                    : options.precision;
}

Result<std::vector<std::unique_ptr<Mtcnn>>> MakeMtcnns(const MtcnnOptions& options, int count) {
  VIGIL_RETURN_IF_ERROR(CheckOptions(options, count));
  VIGIL_ASSIGN_OR_RETURN(const InstalledModel model, FindModel(options.models_directory, "mtcnn"));
  std::vector<std::unique_ptr<Mtcnn>> detectors;
  std::optional<ov::Core> core;
  VIGIL_RETURN_IF_ERROR(GuardInference("start OpenVINO", [&] { core.emplace(); }));
  Networks networks;
  const Precision precision = UsedPrecision(options);
  const auto compile = [&](const char* name) {
    // Only P-Net is computed in 8 bits.
    return CompileNetwork(*core, model, name,
                          precision == Precision::kI8 ? Precision::kF32 : precision, count);
  };
  if (precision == Precision::kI8) {
    VIGIL_ASSIGN_OR_RETURN(const auto network, ReadNetwork(*core, model, "pnet", Precision::kF32));
    VIGIL_ASSIGN_OR_RETURN(networks.weights, ReadPnetWeights(*network));
  } else {
    VIGIL_ASSIGN_OR_RETURN(networks.propose, compile("pnet"));
  }
  VIGIL_ASSIGN_OR_RETURN(networks.refine, compile("rnet"));
  VIGIL_ASSIGN_OR_RETURN(networks.output, compile("onet"));
  const DetectorInfo info{model.id, model.source_archive_sha256,
                          std::string(PrecisionName(precision))};
  VIGIL_RETURN_IF_ERROR(GuardInference("start MTCNN", [&] {
    for (int i = 0; i < count; ++i)
      detectors.push_back(std::make_unique<Mtcnn>(options, info, networks));
  }));
  return detectors;
}

}  // namespace

Result<std::vector<std::unique_ptr<Detector>>> MakeMtcnnDetectors(const MtcnnOptions& options,
                                                                  int count) {
  VIGIL_ASSIGN_OR_RETURN(auto mtcnns, MakeMtcnns(options, count));
  return std::vector<std::unique_ptr<Detector>>(std::make_move_iterator(mtcnns.begin()),
                                                std::make_move_iterator(mtcnns.end()));
}

Result<MtcnnTrace> TraceMtcnn(const MtcnnOptions& options, const Frame& frame) {
  VIGIL_ASSIGN_OR_RETURN(const auto mtcnns, MakeMtcnns(options, 1));
  MtcnnTrace trace;
  mtcnns.front()->SetTrace(&trace);
  VIGIL_ASSIGN_OR_RETURN(auto found, mtcnns.front()->Detect({&frame, 1}));
  trace.found = std::move(found.front());
  return trace;
}

}  // namespace vigil::vision
