// See crop_judge.h.
#include "vision/detectors/crop_judge.h"

#include <algorithm>

namespace vigil::vision {

CropJudge::CropJudge(ov::CompiledModel network, int side, std::size_t batch)
    : batch_(batch),
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

CropVerdict CropJudge::VerdictOf(std::size_t index) const {
  CropVerdict verdict{scores_[2 * index + 1], {offsets_ + 4 * index, 4}, {}};
  if (landmarks_ != nullptr) verdict.landmarks = {landmarks_ + 10 * index, 10};
  return verdict;
}

}  // namespace vigil::vision
