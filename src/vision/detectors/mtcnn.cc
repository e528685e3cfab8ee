// The cascade: P-Net over a pyramid proposes, R-Net sorts out, O-Net decides and places landmarks.
#include "vision/detectors/mtcnn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "vision/area_resize.h"
#include "vision/detectors/cascade.h"
#include "vision/detectors/crop_judge.h"
#include "vision/detectors/network_weights.h"
#include "vision/detectors/proposer.h"
#include "vision/frame_pixels.h"
#include "vision/inference.h"

namespace vigil::vision {
namespace {

constexpr int kRefineSidePx = 24;
constexpr int kOutputSidePx = 48;
// Crops of one inference: enough to share the weights, few enough to stay in the cache.
constexpr std::size_t kNetworkBatch = 8;
constexpr std::size_t kRefineBatch = 48;
constexpr std::size_t kOutputBatch = 24;
// What the screen in 8 bits finds so much below the threshold is not judged again: where the crops
// of O-Net lie hangs on the last digits of R-Net's offsets.
constexpr float kScreenMargin = 0.2F;

// The best candidates that each step goes on with. A street full of people has some hundreds; only
// a picture made to have more reaches them, and would otherwise cost minutes (suppression is
// quadratic).
constexpr std::size_t kLevelCandidatesMax = 10'000;  // of one pyramid level, before suppression
constexpr std::size_t kProposedMax = 10'000;         // of all levels, before suppression
constexpr std::size_t kRefinedMax = 5'000;           // judged by R-Net
constexpr std::size_t kDecidedMax = 2'000;           // judged by O-Net

// Computed by hand where the processor has the instructions for it, otherwise by OpenVINO.
struct Networks {
  std::optional<PnetWeights> scan;
  std::shared_ptr<const CropTables> refine_screen, refine_exact;
  std::shared_ptr<const CropTables> output_exact;
  ov::CompiledModel propose;
  ov::CompiledModel refine;
  ov::CompiledModel output;
};

class Mtcnn final : public Detector {
 public:
  Mtcnn(const MtcnnOptions& options, DetectorInfo info, Networks& networks)
      : options_(options),
        info_(std::move(info)),
        proposer_(networks.scan ? MakeScanProposer(*networks.scan)
                                : MakeNetworkProposer(networks.propose)),
        refine_(networks.scan
                    ? MakeScreenedJudge(networks.refine_screen, networks.refine_exact,
                                        options.thresholds[1] - kScreenMargin, kRefineBatch)
                    : MakeNetworkJudge(networks.refine, kRefineSidePx, kNetworkBatch)),
        output_(networks.scan ? MakeScreenedJudge(nullptr, networks.output_exact, 0, kOutputBatch)
                              : MakeNetworkJudge(networks.output, kOutputSidePx, kNetworkBatch)) {}

  using Detector::Detect;
  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames,
                                                     int min_face_px) override {
    for (const Frame& frame : frames) {
      if (!HasPixels(frame))
        return Fail(ErrorCode::kInvalidArgument, "detect: a frame without pixels");
    }
    std::vector<std::vector<Detection>> found;
    VIGIL_RETURN_IF_ERROR(GuardInference("detect faces with MTCNN", [&] {
      for (const Frame& frame : frames) {
        SetLevels(frame, std::max(min_face_px, options_.min_face_px));
        found.push_back(DetectOne(frame));
      }
    }));
    return found;
  }

  const DetectorInfo& Info() const override { return info_; }

  // While it is set, each step is written down in it.
  void SetTrace(MtcnnTrace* trace) { trace_ = trace; }

 private:
  std::vector<Detection> DetectOne(const Frame& frame) {
    Propose(frame);
    if (trace_ != nullptr) trace_->proposed = DetectionsOf(proposals_);
    Refine(frame);
    if (trace_ != nullptr) trace_->refined = DetectionsOf(proposals_);
    Decide(frame);
    return DetectionsOf(proposals_);
  }

  static std::vector<Detection> DetectionsOf(const std::vector<Proposal>& proposals) {
    std::vector<Detection> detections;
    detections.reserve(proposals.size());
    for (const Proposal& proposal : proposals) {
      detections.push_back({proposal.box, proposal.score, proposal.landmarks});
    }
    return detections;
  }

  // One detector serves cameras with pictures of several sizes.
  void SetLevels(const Frame& frame, int min_face_px) {
    constexpr std::size_t kSizesMax = 64;
    const std::array<int, 3> wanted{frame.width, frame.height, min_face_px};
    auto found = pyramids_.find(wanted);
    if (found == pyramids_.end()) {
      if (pyramids_.size() >= kSizesMax) pyramids_.clear();
      const int smallest_px =
          SmallestFacePx(frame.width, frame.height, min_face_px, options_.level_pixels_max);
      found = pyramids_
                  .emplace(wanted, MakePyramid(frame.width, frame.height, smallest_px,
                                               options_.pyramid_factor))
                  .first;
    }
    levels_ = found->second;
    if (by_level_.size() < levels_.size()) by_level_.resize(levels_.size());
  }

  void Propose(const Frame& frame) {
    for (auto& of_level : by_level_) of_level.clear();
    proposer_->Propose(frame, levels_, options_.thresholds[0],
                       std::span(by_level_).first(levels_.size()));
    proposals_.clear();
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      std::vector<Proposal>& of_level = by_level_[i];
      KeepBest(of_level, kLevelCandidatesMax);
      Suppress(of_level, 0.5F, OverlapKind::kUnion, scratch_);
      if (trace_ != nullptr) {
        trace_->levels.push_back(
            {levels_[i].width, levels_[i].height, static_cast<int>(of_level.size())});
      }
      proposals_.insert(proposals_.end(), of_level.begin(), of_level.end());
    }
    KeepBest(proposals_, kProposedMax);
    Suppress(proposals_, 0.7F, OverlapKind::kUnion, scratch_);
    KeepBest(proposals_, kRefinedMax);
    for (Proposal& proposal : proposals_) {
      ApplyOffsets(proposal, 0);
      MakeSquare(proposal.box);
    }
  }

  void Refine(const Frame& frame) {
    JudgeCrops(frame, *refine_, options_.thresholds[1], [](Proposal&, const CropVerdict&) {});
    Suppress(passed_, 0.7F, OverlapKind::kUnion, scratch_);
    KeepBest(passed_, kDecidedMax);
    for (Proposal& proposal : passed_) {
      ApplyOffsets(proposal, 1);
      MakeSquare(proposal.box);
    }
    proposals_.swap(passed_);
  }

  void Decide(const Frame& frame) {
    JudgeCrops(frame, *output_, options_.thresholds[2],
               [](Proposal& passed, const CropVerdict& verdict) {
                 passed.landmarks = PlaceLandmarks(passed.box, verdict.landmarks.first<10>());
                 ApplyOffsets(passed, 1);
               });
    Suppress(passed_, 0.7F, OverlapKind::kSmaller, scratch_);
    proposals_.swap(passed_);
  }

  // Judges every proposal's crop; what scores above `threshold` goes to passed_, with its new score
  // and offsets and what `finish` does to it. Proposals without a pixel inside the frame are
  // dropped.
  template <class Finish>
  void JudgeCrops(const Frame& frame, CropJudge& judge, float threshold, const Finish& finish) {
    passed_.clear();
    waiting_.clear();
    const auto flush = [&] {
      if (waiting_.empty()) return;
      judge.Judge(waiting_.size());
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        const CropVerdict verdict = judge.VerdictOf(i);
        if (!(verdict.score > threshold)) continue;
        Proposal& passed = passed_.emplace_back(*waiting_[i]);
        passed.score = verdict.score;
        std::ranges::copy(verdict.offsets, passed.offsets.begin());
        finish(passed, verdict);
      }
      waiting_.clear();
    };
    for (const Proposal& proposal : proposals_) {
      const std::optional<PixelRect> crop = CropOf(proposal.box, frame.width, frame.height);
      if (!crop) continue;
      judge.Take(waiting_.size(), frame, *crop, resizer_);
      waiting_.push_back(&proposal);
      if (waiting_.size() == judge.Batch()) flush();
    }
    flush();
  }

  const MtcnnOptions options_;
  const DetectorInfo info_;
  const std::unique_ptr<Proposer> proposer_;
  const std::unique_ptr<CropJudge> refine_;
  const std::unique_ptr<CropJudge> output_;
  MtcnnTrace* trace_ = nullptr;
  AreaResizer resizer_;
  // Buffers are kept from frame to frame.
  std::map<std::array<int, 3>, std::vector<PyramidLevel>> pyramids_;  // by width, height, face
  std::span<const PyramidLevel> levels_;                              // of the frame looked at
  std::vector<std::vector<Proposal>> by_level_;
  std::vector<Proposal> proposals_;  // what the last step left
  std::vector<Proposal> passed_;     // what the next one leaves
  SuppressScratch scratch_;
  std::vector<const Proposal*> waiting_;  // for the judge
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

// The networks as they are computed by hand: P-Net and R-Net looked through in 8 bits, what they
// find and O-Net in as much as matters.
Result<Networks> RoundNetworks(ov::Core& core, const InstalledModel& model) {
  Networks networks;
  const auto read = [&](const char* name) {
    return ReadNetwork(core, model, name, Precision::kF32);
  };
  VIGIL_ASSIGN_OR_RETURN(const auto pnet, read("pnet"));
  VIGIL_ASSIGN_OR_RETURN(networks.scan, ReadPnetWeights(*pnet));
  VIGIL_ASSIGN_OR_RETURN(const auto rnet, read("rnet"));
  VIGIL_ASSIGN_OR_RETURN(const CropNetworkWeights refine, ReadRnetWeights(*rnet));
  networks.refine_screen = MakeCropTables(refine, CropNumbers::kBytes);
  // Where O-Net's crops lie hangs on the last digits of R-Net's offsets.
  networks.refine_exact = MakeCropTables(refine, CropNumbers::kFloats);
  VIGIL_ASSIGN_OR_RETURN(const auto onet, read("onet"));
  VIGIL_ASSIGN_OR_RETURN(const CropNetworkWeights output, ReadOnetWeights(*onet));
  networks.output_exact = MakeCropTables(output, CropNumbers::kHalves);
  return networks;
}

Result<Networks> CompileNetworks(ov::Core& core, const InstalledModel& model, Precision precision,
                                 int count) {
  Networks networks;
  const auto compile = [&](const char* name, std::size_t batch) {
    return CompileNetwork(core, model, name, precision, count, batch);
  };
  VIGIL_ASSIGN_OR_RETURN(networks.propose, compile("pnet", 0));
  VIGIL_ASSIGN_OR_RETURN(networks.refine, compile("rnet", kNetworkBatch));
  VIGIL_ASSIGN_OR_RETURN(networks.output, compile("onet", kNetworkBatch));
  return networks;
}

Result<std::vector<std::unique_ptr<Mtcnn>>> MakeMtcnns(const MtcnnOptions& options, int count) {
  VIGIL_RETURN_IF_ERROR(CheckOptions(options, count));
  VIGIL_ASSIGN_OR_RETURN(const InstalledModel model, FindModel(options.models_directory, "mtcnn"));
  std::vector<std::unique_ptr<Mtcnn>> detectors;
  std::optional<ov::Core> core;
  VIGIL_RETURN_IF_ERROR(GuardInference("start OpenVINO", [&] { core.emplace(); }));
  const Precision precision = UsedPrecision(options);
  VIGIL_ASSIGN_OR_RETURN(Networks networks, precision == Precision::kI8
                                                ? RoundNetworks(*core, model)
                                                : CompileNetworks(*core, model, precision, count));
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
