// The inner loop of exact search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vigil::gallery {

// scores[i] = dot product of `probe` and row i of `rows` (row-major, `dimension` numbers each). On
// x86-64 the widest vector instructions of the machine are chosen at run time.
void DotProducts(const float* probe, const float* rows, std::size_t row_count,
                 std::size_t dimension, float* scores);

// Weights in the order that CodeScores wants them.
std::vector<float> WeightsForCodes(std::span<const float> weights);

// The same for rows of one byte a number: scores[i] = the sum of weights[j] * codes[i][j].
void CodeScores(const float* ordered_weights, const std::uint8_t* codes, std::size_t row_count,
                std::size_t dimension, float* scores);

}  // namespace vigil::gallery
