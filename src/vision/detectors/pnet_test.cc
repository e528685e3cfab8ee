// The scan by instruction set equals the plain one, and the exact cells equal a plain computation.
#include "vision/detectors/pnet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace vigil::vision {
namespace {

std::vector<float> RandomFloats(std::size_t count, float spread, std::mt19937& random) {
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Weights of the published network's size and about its spread; slopes of either sign.
PnetWeights RandomWeights(unsigned seed) {
  std::mt19937 random(seed);
  const auto floats = [&random](std::size_t count, float spread) {
    return RandomFloats(count, spread, random);
  };
  return {floats(270, 0.4F), floats(10, 0.3F), floats(10, 0.5F),   floats(1440, 0.1F),
          floats(16, 0.3F),  floats(16, 0.5F), floats(4608, 0.1F), floats(32, 0.3F),
          floats(32, 0.5F),  floats(64, 0.3F), floats(2, 0.1F),    floats(128, 0.1F),
          floats(4, 0.1F)};
}

// Levels whose values are 256ths, so that nothing is lost when they are stored.
std::vector<float> RandomPixels(int width, int height, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> pixels(4 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = i % 4 == 3 ? 0.0F : static_cast<float>(random() % 65281) / 256.0F;
  return pixels;
}

PnetLevel LevelOf(const std::vector<float>& pixels, int width, int height) {
  PnetLevel level;
  level.Reset(width, height);
  const auto pitch = 4 * static_cast<std::size_t>(width);
  for (int row = 0; row < height; ++row) {
    level.StoreRow(row, std::span(pixels).subspan(static_cast<std::size_t>(row) * pitch, pitch));
  }
  return level;
}

// One 3x3 convolution with PReLU in doubles, [channel][row][column].
struct Planes {
  int channels = 0, height = 0, width = 0;
  std::vector<double> values;
  double& At(int channel, int y, int x) {
    return values[static_cast<std::size_t>((channel * height + y) * width + x)];
  }
};

Planes MakePlanes(int channels, int height, int width) {
  return {channels, height, width,
          std::vector<double>(static_cast<std::size_t>(channels * height * width))};
}

Planes Convolve(Planes in, const std::vector<float>& weights, const std::vector<float>& bias,
                const std::vector<float>& slope, int side) {
  Planes out = MakePlanes(static_cast<int>(bias.size()), in.height - side + 1, in.width - side + 1);
  for (int o = 0; o < out.channels; ++o) {
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (int i = 0; i < in.channels; ++i) {
          for (int tap = 0; tap < side * side; ++tap) {
            sum += in.At(i, y + tap / side, x + tap % side) *
                   weights[static_cast<std::size_t>((o * in.channels + i) * side * side + tap)];
          }
        }
        if (!slope.empty() && sum < 0) sum *= slope[static_cast<std::size_t>(o)];
        out.At(o, y, x) = sum;
      }
    }
  }
  return out;
}

// Windows of 2 x 2 that may reach beyond the end.
Planes Pool(Planes in) {
  Planes out = MakePlanes(in.channels, (in.height + 1) / 2, (in.width + 1) / 2);
  for (int o = 0; o < out.channels; ++o) {
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        double largest = -INFINITY;
        for (int dy = 2 * y; dy < std::min(2 * y + 2, in.height); ++dy) {
          for (int dx = 2 * x; dx < std::min(2 * x + 2, in.width); ++dx)
            largest = std::max(largest, in.At(o, dy, dx));
        }
        out.At(o, y, x) = largest;
      }
    }
  }
  return out;
}

const std::pair<int, int> kSizes[] = {{12, 12}, {13, 13}, {12, 13},  {45, 17},
                                      {46, 18}, {78, 31}, {141, 40}, {142, 23}};

TEST(PnetScan, EveryInstructionSetFindsTheSameCells) {
  if (!PnetScan::IsFast()) GTEST_SKIP() << "this processor has the plain loop only";
  PnetScan scan(RandomWeights(1));
  for (const auto& [width, height] : kSizes) {
    const PnetLevel level = LevelOf(RandomPixels(width, height, 2), width, height);
    std::size_t found = 0;
    for (const float least : {-3.0F, -0.5F, 0.0F, 0.5F, 3.0F}) {
      std::vector<PnetCell> fast, plain;
      scan.Scan(level, least, fast);
      scan.ScanPlainly(level, least, plain);
      EXPECT_EQ(fast, plain) << width << "x" << height << " from " << least;
      found += plain.size();
    }
    const auto cells = static_cast<std::size_t>(PnetCells(width) * PnetCells(height));
    EXPECT_LT(found, 5 * cells) << "every threshold lets all pass: the test shows nothing";
    EXPECT_GT(found, 0U);
  }
}

TEST(PnetExact, EqualsAPlainComputation) {
  const PnetWeights weights = RandomWeights(3);
  PnetExact exact(weights);
  for (const auto& [width, height] : kSizes) {
    const auto pixels = RandomPixels(width, height, 4);
    const PnetLevel level = LevelOf(pixels, width, height);
    Planes in = MakePlanes(3, height, width);
    for (int i = 0; i < 3 * width * height; ++i) {
      const int pixel = i % (width * height);
      const float value = pixels[static_cast<std::size_t>(4 * pixel + i / (width * height))];
      in.values[static_cast<std::size_t>(i)] = (static_cast<double>(value) - 127.5) / 128;
    }
    Planes last =
        Convolve(Convolve(Pool(Convolve(in, weights.conv1, weights.bias1, weights.slope1, 3)),
                          weights.conv2, weights.bias2, weights.slope2, 3),
                 weights.conv3, weights.bias3, weights.slope3, 3);
    Planes scores = Convolve(last, weights.scores, weights.scores_bias, {}, 1);
    Planes offsets = Convolve(last, weights.offsets, weights.offsets_bias, {}, 1);
    ASSERT_EQ(scores.width, PnetCells(width));
    ASSERT_EQ(scores.height, PnetCells(height));
    // All cells, then every third of them: no answer hangs on who is asked about beside it, nor on
    // who was before.
    for (const int step : {1, 3}) {
      std::vector<PnetCell> cells;
      for (int i = 0; i < scores.width * scores.height; i += step)
        cells.push_back({i % scores.width, i / scores.width});
      std::vector<PnetAnswer> answers;
      exact.Judge(level, cells, answers);
      ASSERT_EQ(answers.size(), cells.size());
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto [column, row] = cells[i];
        const double difference = scores.At(1, row, column) - scores.At(0, row, column);
        EXPECT_NEAR(answers[i].score, 1 / (1 + std::exp(-difference)), 1e-4);
        for (int side = 0; side < 4; ++side) {
          EXPECT_NEAR(answers[i].offsets[static_cast<std::size_t>(side)],
                      offsets.At(side, row, column), 1e-4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace vigil::vision
