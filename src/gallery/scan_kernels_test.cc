// Every implementation against the plain one, and the plain one against the layout's own words.
#include "gallery/scan_kernels.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace vigil::gallery {
namespace {

constexpr std::uint32_t kSeed = 4711;

struct Rows {
  explicit Rows(std::size_t padded_dimension, std::mt19937& random, bool extreme)
      : padded(padded_dimension),
        coarse(kTileRows * padded / 2),
        fine(coarse.size()),
        probes(kTileProbes, std::vector<std::int8_t>(padded)) {
    for (auto* plane : {&coarse, &fine}) {
      for (std::uint8_t& byte : *plane) byte = extreme ? 255 : static_cast<std::uint8_t>(random());
    }
    for (auto& probe : probes) {
      const int fixed = random() % 2 == 0 ? 127 : -127;
      for (std::int8_t& code : probe) {
        code = static_cast<std::int8_t>(extreme ? fixed : static_cast<int>(random() % 255) - 127);
      }
    }
  }

  std::vector<std::int32_t> CoarseSums(const ScanKernels& kernels, std::size_t probe) const {
    std::vector<std::int32_t> sums(kTileRows);
    kernels.coarse(coarse.data(), kTileGroups, padded, probes[probe].data(), sums.data());
    return sums;
  }

  std::vector<std::int32_t> FineSums(const ScanKernels& kernels, std::size_t probe) const {
    std::vector<std::int32_t> sums;
    for (std::size_t row = 0; row < kTileRows; ++row) {
      sums.push_back(kernels.fine(fine.data() + row * padded / 2, padded, probes[probe].data()));
    }
    return sums;
  }

  std::vector<std::uint8_t> Joined(const ScanKernels& kernels) const {
    std::vector<std::uint8_t> wide(kTileRows * padded);
    for (std::size_t group = 0; group < kTileGroups; ++group) {
      kernels.join(coarse.data() + group * kGroupRows * padded / 2,
                   fine.data() + group * kGroupRows * padded / 2, padded,
                   wide.data() + group * kGroupRows * padded);
    }
    return wide;
  }

  std::vector<std::int32_t> WideSums(const ScanKernels& kernels, std::size_t count) const {
    std::vector<const std::int8_t*> tile;
    for (std::size_t i = 0; i < count; ++i) tile.push_back(probes[i].data());
    std::vector<std::int32_t> packed(padded / 4 * count);
    PackProbes(tile, padded, packed.data());
    std::vector<std::int32_t> sums(count * kTileRows);
    kernels.wide(Joined(kernels).data(), padded, packed.data(), count, sums.data());
    return sums;
  }

  std::size_t padded;
  std::vector<std::uint8_t> coarse;
  std::vector<std::uint8_t> fine;
  std::vector<std::vector<std::int8_t>> probes;
};

class ScanKernelsOfMachine : public ::testing::TestWithParam<ScanKernels> {};

INSTANTIATE_TEST_SUITE_P(All, ScanKernelsOfMachine, ::testing::ValuesIn(AvailableScanKernels()),
                         [](const auto& instance) {
                           std::string name = instance.param.name;
                           std::erase(name, '-');
                           return name;
                         });

TEST_P(ScanKernelsOfMachine, EqualThePlainOnesBitForBit) {
  const ScanKernels& plain = AvailableScanKernels().back();
  std::mt19937 random(kSeed);
  for (const std::size_t padded : {128U, 256U, 512U, 640U}) {
    for (const bool extreme : {false, true}) {
      const Rows rows(padded, random, extreme);
      EXPECT_EQ(rows.CoarseSums(GetParam(), 0), rows.CoarseSums(plain, 0)) << padded;
      EXPECT_EQ(rows.FineSums(GetParam(), 1), rows.FineSums(plain, 1)) << padded;
      EXPECT_EQ(rows.Joined(GetParam()), rows.Joined(plain)) << padded;
      for (std::size_t count = 1; count <= kTileProbes; ++count) {
        EXPECT_EQ(rows.WideSums(GetParam(), count), rows.WideSums(plain, count))
            << padded << " x " << count;
      }
    }
  }
}

// Whole sums are 16 coarse sums and the fine one: both ways through the codes say the same.
TEST_P(ScanKernelsOfMachine, AgreeBetweenCoarseFineAndWhole) {
  std::mt19937 random(kSeed);
  const Rows rows(256, random, false);
  const auto whole = rows.WideSums(GetParam(), kTileProbes);
  for (std::size_t probe = 0; probe < kTileProbes; ++probe) {
    const auto coarse = rows.CoarseSums(GetParam(), probe);
    const auto fine = rows.FineSums(GetParam(), probe);
    for (std::size_t row = 0; row < kTileRows; ++row) {
      EXPECT_EQ(whole[probe * kTileRows + row], 16 * coarse[row] + fine[row]);
    }
  }
}

TEST_P(ScanKernelsOfMachine, ScreenOutOnlyWhatIsBelow) {
  std::array<std::int32_t, kGroupRows> sums{};
  std::array<float, kGroupRows> scales{};
  std::array<float, kGroupRows> errors{};
  for (std::size_t i = 0; i < kGroupRows; ++i) {
    sums[i] = static_cast<std::int32_t>(i);
    scales[i] = 0.5F;
    errors[i] = 0.25F;
  }
  errors[2] = std::numeric_limits<float>::quiet_NaN();
  errors[3] = std::numeric_limits<float>::infinity();
  // The bound of row i is (2 i - 10) * 2 * 0.5 + 4 * 0.25 + 1 = 2 i - 8.
  const BoundTerms terms{.offset = -10, .scale_factor = 2, .error_factor = 4, .slack = 1};
  const std::uint32_t expected = 0xFF00U | 1U << 2U | 1U << 3U;
  EXPECT_EQ(GetParam().screen(sums.data(), scales.data(), errors.data(), terms, 8.0F), expected);
}

// One byte of each plane set: the sums name the two numbers that lie in it.
TEST(ScanKernels, KeepToTheLayoutOfThePlanes) {
  const ScanKernels& plain = AvailableScanKernels().back();
  constexpr std::size_t kPadded = 256;
  std::vector<std::int8_t> probe(kPadded);
  for (std::size_t i = 0; i < kPadded; ++i) probe[i] = static_cast<std::int8_t>(i % 101);
  std::vector<std::uint8_t> row(kPadded / 2);
  row[64 + 7] = 0x53;  // line 1, place 7: numbers 135 and 199
  EXPECT_EQ(plain.fine(row.data(), kPadded, probe.data()), 3 * probe[135] + 5 * probe[199]);
  std::vector<std::uint8_t> group(kGroupRows * kPadded / 2);
  group[(64 + 4) / 4 * 64 + 9 * 4 + 3] = 0x53;  // the same byte of row 9
  std::array<std::int32_t, kGroupRows> sums{};
  plain.coarse(group.data(), 1, kPadded, probe.data(), sums.data());
  for (std::size_t i = 0; i < kGroupRows; ++i) {
    EXPECT_EQ(sums[i], i == 9 ? 3 * probe[135] + 5 * probe[199] : 0);
  }
}

}  // namespace
}  // namespace vigil::gallery
