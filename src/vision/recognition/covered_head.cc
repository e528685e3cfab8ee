// The operators of the networks bear no names of their own, so the layer is found by its shape.
#include "vision/recognition/covered_head.h"

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

}  // namespace

void Attach(const CoveredHead& head, ov::Model& network) {
  const auto layer = LayerOf(head, network);
  ov::OutputVector means;
  for (const CoveredHead::Band& band : head.bands) {
    const auto rows = std::make_shared<ops::Slice>(layer, Indices({band.from}), Indices({band.to}),
                                                   Indices({1}), Indices({2}));
    means.push_back(std::make_shared<ops::ReduceMean>(rows, Indices({2, 3}), false));
  }
  const auto features = std::make_shared<ops::Concat>(means, 1);
  const auto weights =
      ops::Constant::create(ov::element::f32, {head.weights.size(), 1}, head.weights);
  const auto bias = ops::Constant::create(ov::element::f32, {1, 1}, {head.bias});
  const auto score =
      std::make_shared<ops::Add>(std::make_shared<ops::MatMul>(features, weights), bias);
  const auto covered = std::make_shared<ops::Sigmoid>(score);
  covered->output(0).set_names({kCoveredOutput});
  network.add_results({std::make_shared<ops::Result>(covered)});
}

}  // namespace vigil::vision
