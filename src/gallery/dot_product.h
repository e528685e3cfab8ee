// The inner loop of exact search.
#pragma once

#include <cstddef>

namespace vigil::gallery {

// scores[i] = dot product of `probe` and row i of `rows` (row-major, `dimension` numbers each). On
// x86-64 the widest vector instructions of the machine are chosen at run time.
void DotProducts(const float* probe, const float* rows, std::size_t row_count,
                 std::size_t dimension, float* scores);

}  // namespace vigil::gallery
