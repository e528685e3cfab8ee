// Layers are told apart by how many channels they put out.
#include "vision/detectors/network_weights.h"

#include <map>
#include <openvino/op/constant.hpp>
#include <openvino/op/matmul.hpp>

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

// Rows are outputs.
std::vector<float> ReadMatrix(const ov::Node& node) {
  const auto* product = dynamic_cast<const ov::op::v0::MatMul*>(&node);
  std::vector<float> read = FloatsOf(node.get_input_node_ptr(1));
  if (product == nullptr || product->get_transpose_b()) return read;
  const ov::Shape shape = node.get_input_node_ptr(1)->get_shape();
  std::vector<float> turned(read.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    turned[i % shape[1] * shape[0] + i / shape[1]] = read[i];
  return turned;
}

Convolution ReadConvolution(const ov::Node& node) {
  Convolution read;
  read.weights = std::string_view(node.get_type_name()) == "MatMul"
                     ? ReadMatrix(node)
                     : FloatsOf(node.get_input_node_ptr(1));
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

std::map<std::size_t, Convolution> ReadLayers(const ov::Model& network) {
  std::map<std::size_t, Convolution> by_outputs;
  for (const auto& node : network.get_ordered_ops()) {
    const std::string_view type = node->get_type_name();
    if (type != "Convolution" && type != "MatMul") continue;
    Convolution read = ReadConvolution(*node);
    by_outputs[read.bias.size()] = std::move(read);
  }
  return by_outputs;
}

}  // namespace

Result<PnetWeights> ReadPnetWeights(const ov::Model& network) {
  auto by_outputs = ReadLayers(network);
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

Result<RnetWeights> ReadRnetWeights(const ov::Model& network) {
  auto layers = ReadLayers(network);
  RnetWeights weights{layers[28].weights,  layers[28].bias,  layers[28].slope,
                      layers[48].weights,  layers[48].bias,  layers[48].slope,
                      layers[64].weights,  layers[64].bias,  layers[64].slope,
                      layers[128].weights, layers[128].bias, layers[128].slope,
                      layers[2].weights,   layers[2].bias};
  if (HasShape(layers[28], 3, 28, 9, true) && HasShape(layers[48], 28, 48, 9, true) &&
      HasShape(layers[64], 48, 64, 4, true) && HasShape(layers[128], 64, 128, 9, true) &&
      HasShape(layers[2], 128, 2, 1, false)) {
    return weights;
  }
  return Fail(ErrorCode::kDataLoss, "the installed R-Net has other layers than the published one");
}

}  // namespace vigil::vision
