// Embeddings and probes as small integers, with bounds on what that loses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vigil::gallery {

// A reference as the scan reads it: number i is about (code - 127.5) * scale from its whole code of
// one byte, about 16 * (code / 16 - 7.5) * scale from the upper half alone. The errors are the
// lengths of the differences to the true row, rounded up.
struct RowCode {
  std::vector<std::uint8_t> coarse;  // upper halves in plane order (scan_kernels.h), padded / 2
  std::vector<std::uint8_t> fine;    // lower halves
  float scale = 0;
  float coarse_error = 0;
  float fine_error = 0;
  float length = 0;  // of the row, rounded up
};

// A probe: number i is about codes[i] * scale.
struct ProbeCode {
  std::vector<std::int8_t> codes;  // -127 to 127, padded with 0
  float scale = 0;
  std::int32_t code_sum = 0;
  double length = 0;
  double error = 0;  // length of the difference to the true probe
};

// `row` must be finite. `code` is written over, so that its memory is used again.
void EncodeRow(std::span<const float> row, RowCode& code);

// `probe` must be finite.
ProbeCode EncodeProbe(std::span<const float> probe);

}  // namespace vigil::gallery
