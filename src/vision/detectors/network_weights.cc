// Layers are told apart by how many weights they have.
#include "vision/detectors/network_weights.h"

#include <map>
#include <openvino/op/constant.hpp>
#include <openvino/op/matmul.hpp>
#include <span>
#include <utility>

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

// Told apart by how many weights they have: no two layers of a network have as many.
std::map<std::size_t, Convolution> ReadLayers(const ov::Model& network) {
  std::map<std::size_t, Convolution> by_size;
  for (const auto& node : network.get_ordered_ops()) {
    const std::string_view type = node->get_type_name();
    if (type != "Convolution" && type != "MatMul") continue;
    Convolution read = ReadConvolution(*node);
    by_size[read.weights.size()] = std::move(read);
  }
  return by_size;
}

std::unexpected<Error> OtherLayers(std::string_view name) {
  return Fail(ErrorCode::kDataLoss,
              format("the installed {} has other layers than the published one", name));
}

// What is known of a published network beside its weights.
struct KnownLayer {
  std::size_t inputs, outputs, kernel, pooling;
  float low, high;  // see CropLayerWeights
};

Result<CropNetworkWeights> ReadCropNetwork(const ov::Model& network, std::string_view name,
                                           std::size_t side, std::span<const KnownLayer> known,
                                           std::span<const std::size_t> heads) {
  auto by_size = ReadLayers(network);
  CropNetworkWeights weights{.side = side, .layers = {}, .heads = {}, .heads_bias = {}};
  for (const KnownLayer& layer : known) {
    const std::size_t taps = layer.kernel * layer.kernel;
    Convolution& read = by_size[layer.inputs * layer.outputs * taps];
    if (!HasShape(read, layer.inputs, layer.outputs, taps, true)) return OtherLayers(name);
    weights.layers.push_back({.kernel = layer.kernel,
                              .pooling = layer.pooling,
                              .weights = std::move(read.weights),
                              .bias = std::move(read.bias),
                              .slope = std::move(read.slope),
                              .low = layer.low,
                              .high = layer.high});
  }
  const std::size_t inputs = known.back().outputs;
  for (const std::size_t outputs : heads) {
    const Convolution& read = by_size[inputs * outputs];
    if (!HasShape(read, inputs, outputs, 1, false)) return OtherLayers(name);
    weights.heads.insert(weights.heads.end(), read.weights.begin(), read.weights.end());
    weights.heads_bias.insert(weights.heads_bias.end(), read.bias.begin(), read.bias.end());
  }
  return weights;
}

}  // namespace

Result<PnetWeights> ReadPnetWeights(const ov::Model& network) {
  auto layers = ReadLayers(network);
  Convolution& first = layers[270];
  Convolution& second = layers[1440];
  Convolution& third = layers[4608];
  Convolution& scores = layers[64];
  Convolution& offsets = layers[128];
  if (!HasShape(first, 3, 10, 9, true) || !HasShape(second, 10, 16, 9, true) ||
      !HasShape(third, 16, 32, 9, true) || !HasShape(scores, 32, 2, 1, false) ||
      !HasShape(offsets, 32, 4, 1, false)) {
    return OtherLayers("P-Net");
  }
  return PnetWeights{first.weights, first.bias,      first.slope, second.weights, second.bias,
                     second.slope,  third.weights,   third.bias,  third.slope,    scores.weights,
                     scores.bias,   offsets.weights, offsets.bias};
}

Result<CropNetworkWeights> ReadRnetWeights(const ov::Model& network) {
  constexpr KnownLayer kLayers[] = {{3, 28, 3, 3, -4.0F, 3.4F},
                                    {28, 48, 3, 3, -2.5F, 2.8F},
                                    {48, 64, 2, 0, -0.17F, 1.8F},
                                    {64, 128, 3, 0, 0, 0}};
  constexpr std::size_t kHeads[] = {2, 4};
  return ReadCropNetwork(network, "R-Net", 24, kLayers, kHeads);
}

Result<CropNetworkWeights> ReadOnetWeights(const ov::Model& network) {
  constexpr KnownLayer kLayers[] = {{3, 32, 3, 3, -1.65F, 4.97F},
                                    {32, 64, 3, 3, -3.93F, 4.72F},
                                    {64, 64, 3, 2, -1.63F, 4.16F},
                                    {64, 128, 2, 0, -0.09F, 2.47F},
                                    {128, 256, 3, 0, 0, 0}};
  constexpr std::size_t kHeads[] = {2, 4, 10};
  return ReadCropNetwork(network, "O-Net", 48, kLayers, kHeads);
}

}  // namespace vigil::vision
