// See proposer.h.
#include "vision/detectors/proposer.h"

#include <cmath>
#include <cstddef>

#include "vision/area_resize.h"

namespace vigil::vision {
namespace {

std::vector<PixelSize>& SizesOf(std::span<const PyramidLevel> levels,
                                std::vector<PixelSize>& sizes) {
  sizes.clear();
  for (const PyramidLevel& level : levels) sizes.push_back({level.width, level.height});
  return sizes;
}

class NetworkProposer final : public Proposer, private AveragedRowSink {
 public:
  explicit NetworkProposer(ov::CompiledModel network) : request_(network.create_infer_request()) {}

  void Propose(const Frame& frame, std::span<const PyramidLevel> levels, float threshold,
               std::span<std::vector<Proposal>> proposals) override {
    if (inputs_.size() < levels.size()) inputs_.resize(levels.size());
    for (std::size_t i = 0; i < levels.size(); ++i) inputs_[i].resize(3 * PixelsOf(levels[i]));
    levels_ = levels;
    resizer_.ResizeAll(frame, {0, 0, frame.width, frame.height}, SizesOf(levels, sizes_), *this);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      Infer(levels[i], threshold, inputs_[i].data(), proposals[i]);
    }
  }

 private:
  static std::size_t PixelsOf(const PyramidLevel& level) {
    return static_cast<std::size_t>(level.width) * static_cast<std::size_t>(level.height);
  }

  void TakeRow(std::size_t picture, int row, std::span<const float> rgb0) override {
    StoreAsPlanes(rgb0, row, PixelsOf(levels_[picture]), inputs_[picture].data());
  }

  void Infer(const PyramidLevel& level, float threshold, float* input,
             std::vector<Proposal>& proposals) {
    const auto width = static_cast<std::size_t>(level.width);
    const auto height = static_cast<std::size_t>(level.height);
    request_.set_tensor("image", ov::Tensor(ov::element::f32, {1, 3, height, width}, input));
    request_.infer();
    const ov::Tensor scores = request_.get_tensor("scores");
    const ov::Tensor offsets = request_.get_tensor("offsets");
    const ov::Shape shape = scores.get_shape();
    const std::size_t cells = shape[2] * shape[3];
    DecodeProposals({.columns = static_cast<int>(shape[3]),
                     .rows = static_cast<int>(shape[2]),
                     .scores = {scores.data<const float>() + cells, cells},
                     .offsets = {offsets.data<const float>(), 4 * cells}},
                    level.scale, threshold, proposals);
  }

  ov::InferRequest request_;
  AreaResizer resizer_;
  std::span<const PyramidLevel> levels_;
  std::vector<PixelSize> sizes_;
  std::vector<std::vector<float>> inputs_;  // a level each
};

class ScanProposer final : public Proposer, private AveragedRowSink {
 public:
  explicit ScanProposer(const PnetWeights& weights) : scan_(weights), exact_(weights) {}

  void Propose(const Frame& frame, std::span<const PyramidLevel> levels, float threshold,
               std::span<std::vector<Proposal>> proposals) override {
    if (levels_.size() < levels.size()) levels_.resize(levels.size());
    for (std::size_t i = 0; i < levels.size(); ++i)
      levels_[i].Reset(levels[i].width, levels[i].height);
    resizer_.ResizeAll(frame, {0, 0, frame.width, frame.height}, SizesOf(levels, sizes_), *this);
    // A score is the logistic function of the difference.
    const float difference_min = std::log(threshold / (1 - threshold)) - kScanMargin;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      cells_.clear();
      scan_.Scan(levels_[i], difference_min, cells_);
      exact_.Judge(levels_[i], cells_, answers_);
      for (std::size_t at = 0; at < cells_.size(); ++at) {
        const PnetAnswer& answer = answers_[at];
        if (!(answer.score >= threshold)) continue;
        proposals[i].push_back({.box = WindowOf(cells_[at].column, cells_[at].row, levels[i].scale),
                                .score = answer.score,
                                .offsets = answer.offsets,
                                .landmarks = {}});
      }
    }
  }

 private:
  // How much less than asked for the scan looks for. Of 14,571 cells above the usual threshold (26
  // pictures) it then leaves out 9, beside a hundred others of the same face; 1.7 cells are judged
  // for one that passes.
  static constexpr float kScanMargin = 0.7F;

  void TakeRow(std::size_t picture, int row, std::span<const float> rgb0) override {
    levels_[picture].StoreRow(row, rgb0);
  }

  PnetScan scan_;
  PnetExact exact_;
  AreaResizer resizer_;
  std::vector<PnetLevel> levels_;
  std::vector<PixelSize> sizes_;
  std::vector<PnetCell> cells_;
  std::vector<PnetAnswer> answers_;
};

}  // namespace

std::unique_ptr<Proposer> MakeNetworkProposer(ov::CompiledModel network) {
  return std::make_unique<NetworkProposer>(std::move(network));
}

std::unique_ptr<Proposer> MakeScanProposer(const PnetWeights& weights) {
  return std::make_unique<ScanProposer>(weights);
}

}  // namespace vigil::vision
