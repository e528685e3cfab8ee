// Convolutions are told apart by how many channels they put out.
#include "vision/detectors/pnet_weights.h"

#include <map>
#include <openvino/op/constant.hpp>

namespace vigil::vision {
namespace {

struct Convolution {
  std::vector<float> weights, bias, slope;
};

std::vector<float> FloatsOf(const ov::Node* node) {
  const auto* constant = dynamic_cast<const ov::op::v0::Constant*>(node);
  return constant == nullptr ? std::vector<float>() : constant->cast_vector<float>();
}

// The only user of a node's output if it is of `type`, else null.
const ov::Node* UserOf(const ov::Node& node, std::string_view type) {
  const auto users = node.output(0).get_target_inputs();
  if (users.size() != 1) return nullptr;
  const ov::Node* user = users.begin()->get_node();
  return user->get_type_name() == type ? user : nullptr;
}

Convolution ReadConvolution(const ov::Node& node) {
  Convolution read;
  read.weights = FloatsOf(node.get_input_node_ptr(1));
  const ov::Node* add = UserOf(node, "Add");
  if (add == nullptr) return read;
  read.bias = FloatsOf(add->get_input_node_ptr(1));
  const ov::Node* prelu = UserOf(*add, "PRelu");
  if (prelu != nullptr) read.slope = FloatsOf(prelu->get_input_node_ptr(1));
  return read;
}

bool HasShape(const Convolution& one, std::size_t inputs, std::size_t outputs, std::size_t taps,
              bool prelu) {
  return one.weights.size() == inputs * outputs * taps && one.bias.size() == outputs &&
         one.slope.size() == (prelu ? outputs : 0);
}

}  // namespace

Result<PnetWeights> ReadPnetWeights(const ov::Model& network) {
  std::map<std::size_t, Convolution> by_outputs;
  for (const auto& node : network.get_ordered_ops()) {
    if (std::string_view(node->get_type_name()) != "Convolution") continue;
    Convolution read = ReadConvolution(*node);
    by_outputs[read.bias.size()] = std::move(read);
  }
  PnetWeights weights{by_outputs[10].weights, by_outputs[10].bias, by_outputs[10].slope,
                      by_outputs[16].weights, by_outputs[16].bias, by_outputs[16].slope,
                      by_outputs[32].weights, by_outputs[32].bias, by_outputs[32].slope,
                      by_outputs[2].weights,  by_outputs[2].bias,  by_outputs[4].weights,
                      by_outputs[4].bias};
  if (HasShape(by_outputs[10], 3, 10, 9, true) && HasShape(by_outputs[16], 10, 16, 9, true) &&
      HasShape(by_outputs[32], 16, 32, 9, true) && HasShape(by_outputs[2], 32, 2, 1, false) &&
      HasShape(by_outputs[4], 32, 4, 1, false)) {
    return weights;
  }
  return Fail(ErrorCode::kDataLoss, "the installed P-Net has other layers than the published one");
}

}  // namespace vigil::vision
