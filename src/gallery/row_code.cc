// Uniform steps with a scale of each row's own; numbers beyond its range are cut off when that
// makes the others finer.
#include "gallery/row_code.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gallery/scan_kernels.h"

namespace vigil::gallery {
namespace {

constexpr std::size_t kLine = 64;

float RoundedUp(double value) {
  const auto nearest = static_cast<float>(value * (1 + 1e-6));
  return std::nextafter(nearest, std::numeric_limits<float>::infinity());
}

float InverseOf(float scale) {
  const float inverse = 1 / scale;
  return std::isfinite(inverse) ? inverse : 0;
}

int CodeOf(float number, float inverse_scale) {
  return static_cast<int>(std::clamp(number * inverse_scale + 128.0F, 0.0F, 255.0F));
}

// What a scale costs: the squared error of the coarse codes, and some of that of the whole codes,
// whose rescoring costs more a row.
float Cost(std::span<const float> row, float scale) {
  const float inverse = InverseOf(scale);
  float coarse = 0;
  float whole = 0;
  for (const float number : row) {
    const int code = CodeOf(number, inverse);
    const float coarse_difference = number - scale * static_cast<float>((code & ~15) - 120);
    const float difference = number - scale * (static_cast<float>(code) - 127.5F);
    coarse += coarse_difference * coarse_difference;
    whole += difference * difference;
  }
  return coarse + whole;
}

float BestScale(std::span<const float> row, double length) {
  float largest = 0;
  for (const float number : row) largest = std::max(largest, std::abs(number));
  const auto deviation = static_cast<float>(length / std::sqrt(static_cast<double>(row.size())));
  float best = largest / 127.0F;
  float best_cost = std::numeric_limits<float>::infinity();
  for (const float range : {2.6F, 2.9F, 3.3F}) {
    if (range * deviation >= largest) break;
    const float scale = range * deviation / 127.5F;
    const float cost = Cost(row, scale);
    if (cost < best_cost) {
      best_cost = cost;
      best = scale;
    }
  }
  return Cost(row, largest / 127.0F) <= best_cost ? largest / 127.0F : best;
}

double LengthOf(std::span<const float> numbers) {
  double squares = 0;
  for (const float number : numbers) squares += double{number} * number;
  return std::sqrt(squares);
}

}  // namespace

void EncodeRow(std::span<const float> row, RowCode& code) {
  const std::size_t padded = PaddedDimension(row.size());
  code.coarse.assign(padded / 2, 0);
  code.fine.assign(padded / 2, 0);
  const double length = LengthOf(row);
  code.length = RoundedUp(length);
  code.scale = BestScale(row, length);
  const float inverse = InverseOf(code.scale);
  double coarse_squares = 0;
  double fine_squares = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int whole = CodeOf(row[i], inverse);
    const int upper = whole / 16;
    const double coarse_difference = row[i] - 16 * (upper - 7.5) * double{code.scale};
    const double fine_difference = row[i] - (whole - 127.5) * double{code.scale};
    coarse_squares += coarse_difference * coarse_difference;
    fine_squares += fine_difference * fine_difference;
    const std::size_t byte = i / kPadding * kLine + i % kLine;
    const int shift = i % kPadding < kLine ? 0 : 4;
    code.coarse[byte] = static_cast<std::uint8_t>(code.coarse[byte] | upper << shift);
    code.fine[byte] = static_cast<std::uint8_t>(code.fine[byte] | whole % 16 << shift);
  }
  code.coarse_error = RoundedUp(std::sqrt(coarse_squares));
  code.fine_error = RoundedUp(std::sqrt(fine_squares));
}

ProbeCode EncodeProbe(std::span<const float> probe) {
  ProbeCode code;
  code.codes.assign(PaddedDimension(probe.size()), 0);
  code.length = LengthOf(probe);
  float largest = 0;
  for (const float number : probe) largest = std::max(largest, std::abs(number));
  code.scale = largest / 127.0F;
  const float inverse = InverseOf(code.scale);
  double squares = 0;
  for (std::size_t i = 0; i < probe.size(); ++i) {
    const auto rounded =
        static_cast<int>(std::lround(std::clamp(probe[i] * inverse, -127.0F, 127.0F)));
    code.codes[i] = static_cast<std::int8_t>(rounded);
    code.code_sum += rounded;
    const double difference = probe[i] - rounded * double{code.scale};
    squares += difference * difference;
  }
  code.error = std::sqrt(squares);
  return code;
}

}  // namespace vigil::gallery
