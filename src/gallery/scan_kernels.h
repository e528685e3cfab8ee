// The integer inner loops of the exact scan, in the widest instructions of the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vigil::gallery {

// A row's code has one byte a number, cut in two: the upper four bits lie in the coarse plane, the
// lower four in the fine plane. In both, byte 64 * line + place of a row holds number
// 128 * line + place in its low half and number 128 * line + 64 + place in its high half, so a
// dimension is padded to a multiple of kPadding. Padding holds any code: its probe codes are 0.
//
// The fine plane is row after row. The coarse plane is made of groups of kGroupRows rows: four
// bytes of the first row, the same four of the second, and so on, then the next four of each.
constexpr std::size_t kGroupRows = 16;
constexpr std::size_t kPadding = 128;
// How many groups and probes the wide kernel takes at once: their sums fill the registers.
constexpr std::size_t kTileGroups = 2;
constexpr std::size_t kTileRows = kTileGroups * kGroupRows;
constexpr std::size_t kTileProbes = 12;

constexpr std::size_t PaddedDimension(std::size_t dimension) {
  return (dimension + kPadding - 1) / kPadding * kPadding;
}

// The upper bound of a row's similarity is
//   (2 * sum + offset) * scale_factor * scale + error_factor * error + slack
// with `scale` and `error` of the row.
struct BoundTerms {
  std::int32_t offset = 0;
  float scale_factor = 0;
  float error_factor = 0;
  float slack = 0;
};

// One implementation. All of them give the same integers. `padded` is a padded dimension.
struct ScanKernels {
  const char* name = "";
  // sums[i] = sum of coarse code times probe code over row i of `group_count` groups.
  void (*coarse)(const std::uint8_t* groups, std::size_t group_count, std::size_t padded,
                 const std::int8_t* probe, std::int32_t* sums) = nullptr;
  // The same sum over the fine code of one row.
  std::int32_t (*fine)(const std::uint8_t* row, std::size_t padded,
                       const std::int8_t* probe) = nullptr;
  // Joins a group of the coarse plane and its 16 rows of the fine plane to whole bytes, as the wide
  // kernel reads them: per four bytes of a plane, 64 bytes of low halves, then 64 of high halves.
  void (*join)(const std::uint8_t* coarse_group, const std::uint8_t* fine_rows, std::size_t padded,
               std::uint8_t* wide_group) = nullptr;
  // Sums of whole codes times probe codes for kTileGroups joined groups, one after the other, and
  // `probe_count` (1 to kTileProbes) probes packed by PackProbes: sums[probe * kTileRows + row].
  void (*wide)(const std::uint8_t* wide_groups, std::size_t padded, const std::int32_t* probes,
               std::size_t probe_count, std::int32_t* sums) = nullptr;
  // Bit i says that row i of 16 may reach `threshold`: its upper bound is not below it.
  std::uint32_t (*screen)(const std::int32_t* sums, const float* scales, const float* errors,
                          const BoundTerms& terms, float threshold) = nullptr;
};

// Those that this machine can run, the fastest first; the last is plain C++.
std::span<const ScanKernels> AvailableScanKernels();

// Writes `probes` (each of `padded` codes; 1 to kTileProbes of them) in the order in which the wide
// kernel reads them: padded / 4 * probes.size() numbers of four codes each.
void PackProbes(std::span<const std::int8_t* const> probes, std::size_t padded,
                std::int32_t* packed);

namespace internal {
bool MachineHasAvx512Vnni();
bool MachineHasAvx2();
extern const ScanKernels kAvx512Kernels;
extern const ScanKernels kAvx2Kernels;
}  // namespace internal

}  // namespace vigil::gallery
