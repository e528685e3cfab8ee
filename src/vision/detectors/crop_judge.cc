// See crop_judge.h.
#include "vision/detectors/crop_judge.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace vigil::vision {
namespace {

class NetworkJudge final : public CropJudge {
 public:
  NetworkJudge(ov::CompiledModel network, int side, std::size_t batch)
      : batch_(batch),
        side_(side),
        crop_size_(3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side)),
        input_(batch * crop_size_),
        request_(network.create_infer_request()) {
    const auto pixels = static_cast<std::size_t>(side);
    request_.set_tensor("image",
                        ov::Tensor(ov::element::f32, {batch, 3, pixels, pixels}, input_.data()));
    scores_ = request_.get_tensor("scores").data<const float>();
    offsets_ = request_.get_tensor("offsets").data<const float>();
    const bool has_landmarks =
        std::ranges::any_of(network.outputs(), [](const ov::Output<const ov::Node>& output) {
          return output.get_names().contains("landmarks");
        });
    if (has_landmarks) landmarks_ = request_.get_tensor("landmarks").data<const float>();
  }

  std::size_t Batch() const override { return batch_; }

  void Take(std::size_t index, const Frame& frame, const PixelRect& region,
            AreaResizer& resizer) override {
    resizer.Resize(frame, region, side_, side_,
                   std::span(input_).subspan(index * crop_size_, crop_size_));
  }

  void Judge(std::size_t) override { request_.infer(); }

  CropVerdict VerdictOf(std::size_t index) const override {
    CropVerdict verdict{scores_[2 * index + 1], {offsets_ + 4 * index, 4}, {}};
    if (landmarks_ != nullptr) verdict.landmarks = {landmarks_ + 10 * index, 10};
    return verdict;
  }

 private:
  std::size_t batch_;
  int side_;
  std::size_t crop_size_;
  std::vector<float> input_;
  ov::InferRequest request_;
  const float* scores_ = nullptr;
  const float* offsets_ = nullptr;
  const float* landmarks_ = nullptr;
};

class HalvesWriter final : public AveragedRowSink {
 public:
  explicit HalvesWriter(std::int16_t* crop) : crop_(crop) {}
  void TakeRow(std::size_t, int row, std::span<const float> rgb0) override {
    StoreAsHalves(rgb0, row, crop_);
  }

 private:
  std::int16_t* crop_;
};

class ScreenedJudge final : public CropJudge {
 public:
  ScreenedJudge(std::shared_ptr<const CropTables> screen, std::shared_ptr<const CropTables> exact,
                float screen_score_min, std::size_t batch)
      : side_(static_cast<int>(exact->side)),
        screen_score_min_(screen_score_min),
        exact_(std::move(exact), batch),
        crop_size_((exact_.CropSize() + 31) / 32 * 32),
        crops_(batch * crop_size_),
        answers_(batch),
        again_(batch) {
    if (screen != nullptr) screen_.emplace(std::move(screen), batch);
    for (std::size_t i = 0; i < batch; ++i) places_.push_back(crops_.data() + i * crop_size_);
    near_.reserve(batch);
    near_places_.reserve(batch);
  }

  std::size_t Batch() const override { return places_.size(); }

  void Take(std::size_t index, const Frame& frame, const PixelRect& region,
            AreaResizer& resizer) override {
    HalvesWriter writer(crops_.data() + index * crop_size_);
    const PixelSize size{side_, side_};
    resizer.ResizeAll(frame, region, {&size, 1}, writer);
  }

  void Judge(std::size_t count) override {
    const auto crops = std::span(places_).first(count);
    if (!screen_) {
      exact_.Judge(crops, answers_);
      return;
    }
    screen_->Judge(crops, answers_);
    near_.clear();
    near_places_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      if (!(answers_[i].Score() > screen_score_min_)) continue;
      near_.push_back(i);
      near_places_.push_back(places_[i]);
    }
    exact_.Judge(near_places_, again_);
    for (std::size_t i = 0; i < near_.size(); ++i) answers_[near_[i]] = again_[i];
  }

  CropVerdict VerdictOf(std::size_t index) const override {
    const CropAnswer& answer = answers_[index];
    return {answer.Score(), answer.Offsets(), answer.Landmarks()};
  }

 private:
  int side_;
  float screen_score_min_;
  std::optional<CropNetwork> screen_;
  CropNetwork exact_;
  std::size_t crop_size_;  // values from one crop to the next
  std::vector<std::int16_t> crops_;
  std::vector<const std::int16_t*> places_;
  std::vector<CropAnswer> answers_;
  std::vector<std::size_t> near_;  // what the screen let pass
  std::vector<const std::int16_t*> near_places_;
  std::vector<CropAnswer> again_;
};

}  // namespace

std::unique_ptr<CropJudge> MakeNetworkJudge(ov::CompiledModel network, int side,
                                            std::size_t batch) {
  return std::make_unique<NetworkJudge>(std::move(network), side, batch);
}

std::unique_ptr<CropJudge> MakeScreenedJudge(std::shared_ptr<const CropTables> screen,
                                             std::shared_ptr<const CropTables> exact,
                                             float screen_score_min, std::size_t batch) {
  return std::make_unique<ScreenedJudge>(std::move(screen), std::move(exact), screen_score_min,
                                         batch);
}

}  // namespace vigil::vision
