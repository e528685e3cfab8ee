// The head reads the layer it names, band by band, and refuses networks without it.
#include "vision/recognition/covered_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <openvino/opsets/opset8.hpp>

namespace vigil::vision {
namespace {

namespace ops = ov::opset8;

// Two ReLUs of 2 x 4 x 4: the second one sees the picture doubled.
std::shared_ptr<ov::Model> TwoLayers() {
  const auto picture =
      std::make_shared<ops::Parameter>(ov::element::f32, ov::PartialShape{-1, 2, 4, 4});
  picture->output(0).set_names({"image"});
  const auto first = std::make_shared<ops::Relu>(picture);
  const auto twice = ops::Constant::create(ov::element::f32, {1}, {2.0F});
  const auto second = std::make_shared<ops::Relu>(std::make_shared<ops::Multiply>(first, twice));
  return std::make_shared<ov::Model>(ov::OutputVector{second->output(0)},
                                     ov::ParameterVector{picture});
}

CoveredHead HeadOn(int channels) {
  return {.channels = channels,
          .side = 4,
          .bands = {{.from = 0, .to = 1}, {.from = 1, .to = 4}},
          .weights = {1, 10, 100, 1000},
          .bias = -40};
}

TEST(CoveredHead, WeighsTheMeansOfEachBandOfTheLastSuchLayer) {
  const auto network = TwoLayers();
  Attach(HeadOn(2), *network);
  ov::Core core;
  auto compiled =
      core.compile_model(network, "CPU", ov::hint::inference_precision(ov::element::f32));
  auto request = compiled.create_infer_request();
  std::vector<float> pictures(2 * 2 * 4 * 4, -1);  // nothing passes a ReLU
  // Of the second picture only: the first channel's first row, the second channel's last rows.
  for (int i = 0; i < 4; ++i) pictures[static_cast<std::size_t>(32 + i)] = 0.5F;
  for (int i = 4; i < 16; ++i) pictures[static_cast<std::size_t>(48 + i)] = 0.02F;
  request.set_tensor("image", ov::Tensor(ov::element::f32, {2, 2, 4, 4}, pictures.data()));
  request.infer();
  const ov::Tensor covered = request.get_tensor(kCoveredOutput);
  ASSERT_EQ(covered.get_size(), 2U);
  EXPECT_NEAR(covered.data<const float>()[0], 1 / (1 + std::exp(40.0F)), 1e-6F);
  // 1 x 1.0 of the upper band, 1000 x 0.04 of the lower one.
  EXPECT_NEAR(covered.data<const float>()[1], 1 / (1 + std::exp(-1.0F)), 1e-3F);
}

TEST(CoveredHead, ANetworkWithoutItsLayerIsRefused) {
  EXPECT_THROW(Attach(HeadOn(3), *TwoLayers()), std::runtime_error);
}

}  // namespace
}  // namespace vigil::vision
