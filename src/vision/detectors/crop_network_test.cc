// The kernels equal each other to the last bit, and a plain computation nearly.
#include "vision/detectors/crop_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "vision/detectors/pnet.h"

namespace vigil::vision {
namespace {

// Weights of the published networks' sizes whose activations stay about as large as the pixels.
class Weights {
 public:
  CropNetworkWeights Rnet() {
    return {24,
            {Layer(3, 28, 3, 3), Layer(28, 48, 3, 3), Layer(48, 64, 2, 0), Layer(64, 128, 3, 0)},
            Floats(6 * 128, 0.1F),
            Floats(6, 0.1F)};
  }
  CropNetworkWeights Onet() {
    return {48,
            {Layer(3, 32, 3, 3), Layer(32, 64, 3, 3), Layer(64, 64, 3, 2), Layer(64, 128, 2, 0),
             Layer(128, 256, 3, 0)},
            Floats(16 * 256, 0.1F),
            Floats(16, 0.1F)};
  }
  std::vector<std::int16_t> Crop(std::size_t side) {
    std::vector<std::int16_t> crop(CropNetwork::CropValues(side));
    for (auto& value : crop)
      value = static_cast<std::int16_t>(static_cast<int>(random_() % 16321) - 8160);
    return crop;
  }

 private:
  std::vector<float> Floats(std::size_t count, float spread) {
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  CropLayerWeights Layer(std::size_t inputs, std::size_t outputs, std::size_t kernel,
                         std::size_t pooling) {
    const std::size_t values = inputs * kernel * kernel;
    return {.kernel = kernel,
            .pooling = pooling,
            .weights = Floats(values * outputs, 1 / std::sqrt(static_cast<float>(values))),
            .bias = Floats(outputs, 0.1F),
            .slope = Floats(outputs, 0.5F),
            .low = -2.5F,
            .high = 3.5F};
  }

  std::mt19937 random_{7};
};

// Values [row][column][channel] of a square.
struct Map {
  std::size_t side = 0, channels = 0;
  std::vector<double> values;
  double& At(std::size_t y, std::size_t x, std::size_t channel) {
    return values[(y * side + x) * channels + channel];
  }
};

Map MakeMap(std::size_t side, std::size_t channels) {
  return {side, channels, std::vector<double>(side * side * channels)};
}

Map Convolve(Map in, const CropLayerWeights& layer) {
  Map out = MakeMap(in.side - layer.kernel + 1, layer.bias.size());
  const std::size_t taps = layer.kernel * layer.kernel;
  for (std::size_t y = 0; y < out.side; ++y) {
    for (std::size_t x = 0; x < out.side; ++x) {
      for (std::size_t output = 0; output < out.channels; ++output) {
        double sum = static_cast<double>(layer.bias[output]);
        for (std::size_t i = 0; i < in.channels * taps; ++i) {
          const std::size_t tap = i % taps;
          sum += in.At(y + tap / layer.kernel, x + tap % layer.kernel, i / taps) *
                 static_cast<double>(layer.weights[output * in.channels * taps + i]);
        }
        out.At(y, x, output) = sum < 0 ? sum * static_cast<double>(layer.slope[output]) : sum;
      }
    }
  }
  return out;
}

Map Pool(Map in, std::size_t window) {
  Map out = MakeMap((in.side - window + 1) / 2 + 1, in.channels);
  for (std::size_t y = 0; y < out.side; ++y) {
    for (std::size_t x = 0; x < out.side; ++x) {
      for (std::size_t channel = 0; channel < in.channels; ++channel) {
        double largest = in.At(2 * y, 2 * x, channel);
        for (std::size_t i = 0; i < window * window; ++i) {
          const std::size_t dy = std::min(2 * y + i / window, in.side - 1);
          const std::size_t dx = std::min(2 * x + i % window, in.side - 1);
          largest = std::max(largest, in.At(dy, dx, channel));
        }
        out.At(y, x, channel) = largest;
      }
    }
  }
  return out;
}

std::vector<double> AnswersOf(const CropNetworkWeights& network,
                              const std::vector<std::int16_t>& crop) {
  Map map = MakeMap(network.side, 3);
  for (std::size_t i = 0; i < map.values.size(); ++i) map.values[i] = crop[i] / 8192.0;
  for (const CropLayerWeights& layer : network.layers) {
    map = Convolve(std::move(map), layer);
    if (layer.pooling != 0) map = Pool(std::move(map), layer.pooling);
  }
  std::vector<double> answers;
  for (std::size_t output = 0; output < network.heads_bias.size(); ++output) {
    double sum = static_cast<double>(network.heads_bias[output]);
    for (std::size_t i = 0; i < map.values.size(); ++i)
      sum += map.values[i] * static_cast<double>(network.heads[output * map.values.size() + i]);
    answers.push_back(sum);
  }
  return answers;
}

void ExpectKernelsAgree(const CropNetworkWeights& weights, CropNumbers numbers, std::size_t count) {
  CropNetwork network(MakeCropTables(weights, numbers), 11);
  Weights random;
  std::vector<std::vector<std::int16_t>> crops;
  std::vector<const std::int16_t*> places;
  for (std::size_t i = 0; i < count; ++i) crops.push_back(random.Crop(weights.side));
  for (const auto& crop : crops) places.push_back(crop.data());
  std::vector<CropAnswer> fast(count), plain(count);
  network.Judge(places, fast);
  network.JudgePlainly(places, plain);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(fast[i].values, plain[i].values) << i;
  if (count > 1) {
    EXPECT_NE(plain[0].values, plain[1].values) << "the crops make no difference";
  }
}

TEST(CropNetwork, EveryInstructionSetGivesTheSameAnswers) {
  if (!PnetScan::IsFast()) GTEST_SKIP() << "this processor has the plain loop only";
  for (const CropNumbers numbers :
       {CropNumbers::kBytes, CropNumbers::kHalves, CropNumbers::kFloats}) {
    for (const std::size_t count : {1, 5, 11}) ExpectKernelsAgree(Weights().Rnet(), numbers, count);
    ExpectKernelsAgree(Weights().Onet(), numbers, 2);
  }
}

// The mean distance between the answers, in their standard deviations.
double ErrorOf(const CropNetworkWeights& weights, CropNumbers numbers) {
  CropNetwork network(MakeCropTables(weights, numbers), 1);
  Weights random;
  double error = 0;
  double size = 0;
  for (int i = 0; i < 3; ++i) {
    const auto crop = random.Crop(weights.side);
    const std::int16_t* place = crop.data();
    CropAnswer answer;
    network.JudgePlainly({&place, 1}, {&answer, 1});
    const auto exact = AnswersOf(weights, crop);
    for (std::size_t at = 0; at < exact.size(); ++at) {
      error += std::abs(exact[at] - static_cast<double>(answer.values[at]));
      size += std::abs(exact[at]);
    }
  }
  return error / size;
}

TEST(CropNetwork, FloatsEqualAPlainComputation) {
  EXPECT_LT(ErrorOf(Weights().Rnet(), CropNumbers::kFloats), 1e-5);
  EXPECT_LT(ErrorOf(Weights().Onet(), CropNumbers::kFloats), 1e-5);
}

TEST(CropNetwork, HalvesNearlyEqualAPlainComputation) {
  EXPECT_LT(ErrorOf(Weights().Rnet(), CropNumbers::kHalves), 0.002);
  EXPECT_LT(ErrorOf(Weights().Onet(), CropNumbers::kHalves), 0.002);
}

TEST(CropNetwork, BytesComeNearAPlainComputation) {
  EXPECT_LT(ErrorOf(Weights().Rnet(), CropNumbers::kBytes), 0.1);
  EXPECT_LT(ErrorOf(Weights().Onet(), CropNumbers::kBytes), 0.1);
}

TEST(CropNetwork, PixelsBecomeHalves) {
  std::vector<std::int16_t> crop(CropNetwork::CropValues(2), 7);
  const std::vector<float> row{0, 255, 127.5F, 0, 100, 1.0F / 64, 254, 0};
  StoreAsHalves(row, 1, crop.data());
  const std::vector<std::int16_t> expected{7, 7,     7,     7,    7, 7, -8160, 8160,
                                           0, -1760, -8159, 8096, 7, 7, 7,     7};
  EXPECT_EQ(crop, expected);
}

}  // namespace
}  // namespace vigil::vision
