// P-Net's scan without any instruction set: what the fast kernel must equal.
#include <algorithm>
#include <array>
#include <cmath>

#include "vision/detectors/byte_products.h"
#include "vision/detectors/pnet_kernels.h"

namespace vigil::vision {
namespace {

template <class Epilogue>
float Activate(const Epilogue& epilogue, std::size_t channel, std::int32_t sum) {
  const float value =
      std::fma(static_cast<float>(sum), epilogue.scale[channel], epilogue.bias[channel]);
  return value < 0 ? value * epilogue.slope[channel] : value;
}

template <class Epilogue>
std::uint32_t ToByte(const Epilogue& epilogue, std::size_t channel, float value) {
  return ByteOf(value + epilogue.zero[channel]);
}

template <int groups, class Weights>
std::int32_t Convolve(const Weights& weights, std::size_t output,
                      const std::uint32_t* const rows[3], std::size_t column, std::size_t pitch) {
  std::int32_t sum = 0;
  for (std::size_t tap = 0; tap < 9; ++tap) {
    for (std::size_t group = 0; group < groups; ++group) {
      sum += ProductOfBytes(rows[tap / 3][group * pitch + column + tap % 3],
                            weights[tap * groups + group][output]);
    }
  }
  return sum;
}

}  // namespace

void PlainPnetKernel::PoolRow(const PnetScan::Tables& tables, const PnetLevel& level, int row,
                              int columns, std::uint32_t* out, std::size_t pitch) {
  const auto pixel = [&level](int y, int x) { return level.Half(y, x % 2 == 1)[x / 2]; };
  for (int column = 0; column < columns; ++column) {
    std::array<std::uint32_t, PnetScan::kGroups1> packed{};
    for (std::size_t channel = 0; channel < PnetScan::kChannels1; ++channel) {
      float highest = -INFINITY;
      for (int y = 2 * row; y < std::min(2 * row + 2, level.Height() - 2); ++y) {
        for (int x = 2 * column; x < std::min(2 * column + 2, level.Width() - 2); ++x) {
          std::int32_t sum = 0;
          for (int tap = 0; tap < 9; ++tap) {
            sum += ProductOfBytes(pixel(y + tap / 3, x + tap % 3),
                                  tables.weights1[channel][static_cast<std::size_t>(tap)]);
          }
          highest = std::max(highest, Activate(tables.epilogue1, channel, sum));
        }
      }
      packed[channel / 4] |= ToByte(tables.epilogue1, channel, highest) << (8 * (channel % 4));
    }
    for (std::size_t group = 0; group < packed.size(); ++group) {
      out[group * pitch + static_cast<std::size_t>(column)] = packed[group];
    }
  }
}

void PlainPnetKernel::SecondRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                                int columns, std::uint32_t* out, std::size_t pitch) {
  for (std::size_t column = 0; column < static_cast<std::size_t>(columns); ++column) {
    std::array<std::uint32_t, PnetScan::kGroups2> packed{};
    for (std::size_t channel = 0; channel < PnetScan::kChannels2; ++channel) {
      const float value =
          Activate(tables.epilogue2, channel,
                   Convolve<PnetScan::kGroups1>(tables.weights2, channel, rows, column, pitch));
      packed[channel / 4] |= ToByte(tables.epilogue2, channel, value) << (8 * (channel % 4));
    }
    for (std::size_t group = 0; group < packed.size(); ++group) {
      out[group * pitch + column] = packed[group];
    }
  }
}

void PlainPnetKernel::ThirdRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                               int columns, std::size_t pitch, float difference_min, int row,
                               std::vector<PnetCell>& cells) {
  for (int column = 0; column < columns; ++column) {
    float difference = tables.difference_bias;
    for (std::size_t channel = 0; channel < PnetScan::kChannels3; ++channel) {
      const std::int32_t sum = Convolve<PnetScan::kGroups2>(
          tables.weights3, channel, rows, static_cast<std::size_t>(column), pitch);
      difference = std::fma(Activate(tables.epilogue3, channel, sum), tables.difference[channel],
                            difference);
    }
    if (difference >= difference_min) cells.push_back({column, row});
  }
}

}  // namespace vigil::vision
