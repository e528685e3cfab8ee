// The operators of the networks bear no names of their own, so the layer is found by its shape.
#include "vision/recognition/covered_head.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <openvino/opsets/opset8.hpp>
#include <stdexcept>
#include <vector>

#include "base/format.h"

namespace vigil::vision {
namespace {

namespace ops = ov::opset8;

std::shared_ptr<ov::Node> Indices(const std::vector<std::int64_t>& values) {
  return ops::Constant::create(ov::element::i64, {values.size()}, values);
}

bool HasShape(const ov::Node& node, const CoveredHead& head) {
  const ov::PartialShape shape = node.get_output_partial_shape(0);
  if (shape.rank() != 4) return false;
  return shape[1] == head.channels && shape[2] == head.side && shape[3] == head.side;
}

std::shared_ptr<ov::Node> LayerOf(const CoveredHead& head, const ov::Model& network) {
  std::shared_ptr<ov::Node> found;
  for (const auto& node : network.get_ordered_ops()) {
    if (ov::is_type<ops::Relu>(node) && HasShape(*node, head)) found = node;
  }
  if (found == nullptr) {
    throw std::runtime_error(
        format("the network has no layer of {} x {} x {}, by which its head tells covered faces",
               head.channels, head.side, head.side));
  }
  return found;
}

// The weights of the means over bands, as weights of the means over single rows: a slice of the
// layer for each band would cost more than all the rest of the head.
std::vector<float> WeightsOfRows(const CoveredHead& head) {
  const auto side = static_cast<std::size_t>(head.side);
  const auto channels = static_cast<std::size_t>(head.channels);
  std::vector<float> weights(channels * side);
  for (std::size_t i = 0; i < head.bands.size(); ++i) {
    const CoveredHead::Band& band = head.bands[i];
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const float share =
          head.weights[i * channels + channel] / static_cast<float>(band.to - band.from);
      for (int row = band.from; row < band.to; ++row)
        weights[channel * side + static_cast<std::size_t>(row)] += share;
    }
  }
  return weights;
}

}  // namespace

void Attach(const CoveredHead& head, ov::Model& network) {
  const auto rows = std::make_shared<ops::ReduceMean>(LayerOf(head, network), Indices({3}), false);
  const auto features = std::make_shared<ops::Reshape>(rows, Indices({0, -1}), true);
  const std::vector<float> numbers = WeightsOfRows(head);
  const auto weights = ops::Constant::create(ov::element::f32, {numbers.size(), 1}, numbers);
  const auto bias = ops::Constant::create(ov::element::f32, {1, 1}, {head.bias});
  const auto score =
      std::make_shared<ops::Add>(std::make_shared<ops::MatMul>(features, weights), bias);
  const auto covered = std::make_shared<ops::Sigmoid>(score);
  covered->output(0).set_names({kCoveredOutput});
  network.add_results({std::make_shared<ops::Result>(covered)});
}

}  // namespace vigil::vision
