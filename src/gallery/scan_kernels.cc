// The plain kernels, which say what the others must equal, and the choice between them.
#include "gallery/scan_kernels.h"

#include <array>
#include <cstring>
#include <vector>

namespace vigil::gallery {
namespace {

constexpr std::size_t kLine = 64;

std::int32_t HalfProducts(const std::uint8_t* bytes, std::size_t first_byte, std::size_t count,
                          const std::int8_t* probe) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t byte = first_byte + i;
    const std::int8_t* numbers = probe + byte / kLine * kPadding + byte % kLine;
    sum += (bytes[i] & 15) * numbers[0] + (bytes[i] >> 4) * numbers[kLine];
  }
  return sum;
}

void Coarse(const std::uint8_t* groups, std::size_t group_count, std::size_t padded,
            const std::int8_t* probe, std::int32_t* sums) {
  for (std::size_t row = 0; row < group_count * kGroupRows; ++row) {
    const std::uint8_t* bytes =
        groups + row / kGroupRows * kGroupRows * padded / 2 + row % kGroupRows * 4;
    sums[row] = 0;
    for (std::size_t byte = 0; byte < padded / 2; byte += 4, bytes += kLine) {
      sums[row] += HalfProducts(bytes, byte, 4, probe);
    }
  }
}

std::int32_t Fine(const std::uint8_t* row, std::size_t padded, const std::int8_t* probe) {
  return HalfProducts(row, 0, padded / 2, probe);
}

void Join(const std::uint8_t* coarse_group, const std::uint8_t* fine_rows, std::size_t padded,
          std::uint8_t* wide_group) {
  for (std::size_t step = 0; step < padded / 8; ++step) {
    for (std::size_t i = 0; i < kLine; ++i) {
      const unsigned coarse = coarse_group[step * kLine + i];
      const unsigned fine = fine_rows[i / 4 * padded / 2 + step * 4 + i % 4];
      wide_group[2 * step * kLine + i] =
          static_cast<std::uint8_t>((coarse & 15) << 4 | (fine & 15));
      wide_group[(2 * step + 1) * kLine + i] =
          static_cast<std::uint8_t>((coarse & 0xF0) | fine >> 4);
    }
  }
}

void Wide(const std::uint8_t* wide_groups, std::size_t padded, const std::int32_t* probes,
          std::size_t probe_count, std::int32_t* sums) {
  for (std::size_t probe = 0; probe < probe_count; ++probe) {
    for (std::size_t row = 0; row < kTileRows; ++row) {
      const std::uint8_t* codes =
          wide_groups + row / kGroupRows * kGroupRows * padded + row % kGroupRows * 4;
      std::int32_t sum = 0;
      for (std::size_t half_step = 0; half_step < padded / 4; ++half_step) {
        std::array<std::int8_t, 4> four;
        std::memcpy(four.data(), probes + half_step * probe_count + probe, 4);
        for (std::size_t i = 0; i < 4; ++i) sum += codes[half_step * kLine + i] * four[i];
      }
      sums[probe * kTileRows + row] = sum;
    }
  }
}

std::uint32_t Screen(const std::int32_t* sums, const float* scales, const float* errors,
                     const BoundTerms& terms, float threshold) {
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < kGroupRows; ++i) {
    const float bound =
        static_cast<float>(2 * sums[i] + terms.offset) * (terms.scale_factor * scales[i]) +
        (terms.error_factor * errors[i] + terms.slack);
    // What is not a number may be anything.
    if (!(bound < threshold)) mask |= 1U << i;
  }
  return mask;
}

constexpr ScanKernels kPlainKernels{"plain", Coarse, Fine, Join, Wide, Screen};

}  // namespace

std::span<const ScanKernels> AvailableScanKernels() {
  static const std::vector<ScanKernels> kernels = [] {
    std::vector<ScanKernels> available;
#if defined(__x86_64__)
    if (internal::MachineHasAvx512Vnni()) available.push_back(internal::kAvx512Kernels);
    if (internal::MachineHasAvx2()) available.push_back(internal::kAvx2Kernels);
#endif
    available.push_back(kPlainKernels);
    return available;
  }();
  return kernels;
}

void PackProbes(std::span<const std::int8_t* const> probes, std::size_t padded,
                std::int32_t* packed) {
  for (std::size_t byte = 0; byte < padded / 2; byte += 4) {
    for (const std::size_t half : {std::size_t{0}, kLine}) {
      for (const std::int8_t* probe : probes) {
        std::memcpy(packed++, probe + byte / kLine * kPadding + byte % kLine + half, 4);
      }
    }
  }
}

}  // namespace vigil::gallery
