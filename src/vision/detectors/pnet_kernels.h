// The three layers of P-Net's scan, a row at a time: plain and with AVX-512 VNNI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vision/detectors/pnet.h"

namespace vigil::vision {

// Both kernels compute the same numbers: sums of whole numbers, then the same 32-bit operations in
// the same order (products added without rounding between).
//
// PoolRow: row `row` of the first layer after pooling, `columns` cells, into kGroups1 planes.
// SecondRow: one row of the second layer from three pooled rows, into kGroups2 planes.
// ThirdRow: the difference of scores of one row of cells from three rows of the second layer; cells
// that reach `difference_min` are appended. Planes lie `pitch` apart; kernels may read and write up
// to PnetLevel::kSlack beyond `columns`.
struct PlainPnetKernel {
  static void PoolRow(const PnetScan::Tables& tables, const PnetLevel& level, int row, int columns,
                      std::uint32_t* out, std::size_t pitch);
  static void SecondRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                        int columns, std::uint32_t* out, std::size_t pitch);
  static void ThirdRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                       int columns, std::size_t pitch, float difference_min, int row,
                       std::vector<PnetCell>& cells);
};

struct VnniPnetKernel {
  static bool IsSupported();
  static void PoolRow(const PnetScan::Tables& tables, const PnetLevel& level, int row, int columns,
                      std::uint32_t* out, std::size_t pitch);
  static void SecondRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                        int columns, std::uint32_t* out, std::size_t pitch);
  static void ThirdRow(const PnetScan::Tables& tables, const std::uint32_t* const rows[3],
                       int columns, std::size_t pitch, float difference_min, int row,
                       std::vector<PnetCell>& cells);
};

}  // namespace vigil::vision
