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
constexpr std::size_t kRefineBatch = 8;
constexpr std::size_t kOutputBatch = 8;
// Where R-Net runs in 8 bits first, what reaches this much less than its threshold is judged again
// in floats: where the crops of O-Net lie hangs on their last digits.
constexpr float kScreenMargin = 0.2F;

// The best candidates that each step goes on with. A street full of people has some hundreds; only
// a picture made to have more reaches them, and would otherwise cost minutes (suppression is
// quadratic).
constexpr std::size_t kLevelCandidatesMax = 10'000;  // of one pyramid level, before suppression
constexpr std::size_t kProposedMax = 10'000;         // of all levels, before suppression
constexpr std::size_t kRefinedMax = 5'000;           // judged by R-Net
constexpr std::size_t kDecidedMax = 2'000;           // judged by O-Net

struct Networks {
  std::optional<PnetWeights> scan;    // for a scan in 8 bits
  std::optional<RnetWeights> screen;  // likewise
  ov::CompiledModel propose;          // otherwise
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
        refine_(networks.refine, kRefineSidePx, kRefineBatch),
        output_(networks.output, kOutputSidePx, kOutputBatch) {
    if (networks.screen) screen_.emplace(*networks.screen);
  }

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

  // Levels of frames of the size that came last.
  void SetLevels(const Frame& frame) {
    if (frame.width == levels_width_ && frame.height == levels_height_) return;
    levels_width_ = frame.width;
    levels_height_ = frame.height;
    const int min_face_px =
        SmallestFacePx(frame.width, frame.height, options_.min_face_px, options_.level_pixels_max);
    levels_ = MakePyramid(frame.width, frame.height, min_face_px, options_.pyramid_factor);
    by_level_.resize(levels_.size());
  }

  void Propose(const Frame& frame) {
    SetLevels(frame);
    for (auto& of_level : by_level_) of_level.clear();
    proposer_->Propose(frame, levels_, options_.thresholds[0], by_level_);
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
    passed_.clear();
    const auto take = [&](const Proposal& judged, const CropVerdict& verdict) {
      if (!(verdict.score > options_.thresholds[1])) return;
      Proposal& passed = passed_.emplace_back(judged);
      passed.score = verdict.score;
      std::ranges::copy(verdict.offsets, passed.offsets.begin());
    };
    Batch refining{refine_, refining_, take};
    const auto screen = [&](const Proposal& judged, const CropVerdict& verdict) {
      if (!(verdict.score > options_.thresholds[1] - kScreenMargin)) return;
      std::ranges::copy(screen_->Place(screen_place_), refining.NextPlace().begin());
      refining.Add(judged);
    };
    if (screen_) {
      Batch screening{*screen_, screening_, screen, &screen_place_};
      ForEachCrop(frame, kRefineSidePx, screening);
    } else {
      ForEachCrop(frame, kRefineSidePx, refining);
    }
    refining.Flush();
    Suppress(passed_, 0.7F, OverlapKind::kUnion, scratch_);
    KeepBest(passed_, kDecidedMax);
    for (Proposal& proposal : passed_) {
      ApplyOffsets(proposal, 1);
      MakeSquare(proposal.box);
    }
    proposals_.swap(passed_);
  }

  void Decide(const Frame& frame) {
    passed_.clear();
    const auto take = [&](const Proposal& judged, const CropVerdict& verdict) {
      if (!(verdict.score > options_.thresholds[2])) return;
      Proposal& passed = passed_.emplace_back(judged);
      passed.score = verdict.score;
      std::ranges::copy(verdict.offsets, passed.offsets.begin());
      passed.landmarks = PlaceLandmarks(passed.box, verdict.landmarks.first<10>());
      ApplyOffsets(passed, 1);
    };
    Batch deciding{output_, refining_, take};
    ForEachCrop(frame, kOutputSidePx, deciding);
    Suppress(passed_, 0.7F, OverlapKind::kSmaller, scratch_);
    proposals_.swap(passed_);
  }

  // Collects crops of one network and hands each verdict to `take` when the batch is full.
  template <class Judge, class Take>
  struct Batch {
    Judge& judge;
    std::vector<const Proposal*>& waiting;
    const Take& take;
    std::size_t* place = nullptr;  // of the verdict that is being taken

    std::span<float> NextPlace() { return judge.Place(waiting.size()); }
    void Add(const Proposal& proposal) {
      waiting.push_back(&proposal);
      if (waiting.size() == judge.Batch()) Flush();
    }
    void Flush() {
      if (waiting.empty()) return;
      judge.Infer();
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (place != nullptr) *place = i;
        take(*waiting[i], judge.VerdictOf(i));
      }
      waiting.clear();
    }
  };

  // Crops each proposal to `side` pixels and flushes at the end. Proposals without a pixel inside
  // the frame are dropped.
  template <class Judge, class Take>
  void ForEachCrop(const Frame& frame, int side, Batch<Judge, Take>& batch) {
    batch.waiting.clear();
    for (const Proposal& proposal : proposals_) {
      const std::optional<PixelRect> crop = CropOf(proposal.box, frame.width, frame.height);
      if (!crop) continue;
      resizer_.Resize(frame, *crop, side, side, batch.NextPlace());
      batch.Add(proposal);
    }
    batch.Flush();
  }

  const MtcnnOptions options_;
  const DetectorInfo info_;
  const std::unique_ptr<Proposer> proposer_;
  std::optional<RnetScreen> screen_;
  CropJudge refine_;
  CropJudge output_;
  MtcnnTrace* trace_ = nullptr;
  AreaResizer resizer_;
  // Buffers are kept from frame to frame.
  int levels_width_ = 0;
  int levels_height_ = 0;
  std::vector<PyramidLevel> levels_;
  std::vector<std::vector<Proposal>> by_level_;
  std::vector<Proposal> proposals_;  // what the last step left
  std::vector<Proposal> passed_;     // what the next one leaves
  SuppressScratch scratch_;
  std::vector<const Proposal*> screening_;
  std::vector<const Proposal*> refining_;
  std::size_t screen_place_ = 0;
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
  const auto compile = [&](const char* name, Precision used, std::size_t batch = 0) {
    return CompileNetwork(*core, model, name, used, count, batch);
  };
  // P-Net and R-Net are looked through in 8 bits by hand; O-Net decides, in half floats at least.
  const Precision rest = precision == Precision::kI8 ? Precision::kF32 : precision;
  const bool halves = precision == Precision::kI8 && DetectCpuFeatures().bf16;
  if (precision == Precision::kI8) {
    VIGIL_ASSIGN_OR_RETURN(const auto network, ReadNetwork(*core, model, "pnet", Precision::kF32));
    VIGIL_ASSIGN_OR_RETURN(networks.scan, ReadPnetWeights(*network));
    VIGIL_ASSIGN_OR_RETURN(const auto second, ReadNetwork(*core, model, "rnet", Precision::kF32));
    VIGIL_ASSIGN_OR_RETURN(networks.screen, ReadRnetWeights(*second));
  } else {
    VIGIL_ASSIGN_OR_RETURN(networks.propose, compile("pnet", rest));
  }
  VIGIL_ASSIGN_OR_RETURN(networks.refine, compile("rnet", rest, kRefineBatch));
  VIGIL_ASSIGN_OR_RETURN(networks.output,
                         compile("onet", halves ? Precision::kBf16 : rest, kOutputBatch));
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
