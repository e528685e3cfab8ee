// Measures an embedder on people one knows: how alike strangers look to it, and how alike photos of
// one person.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/embedding.h"
#include "core/model_info.h"

namespace vigil::pipeline {

// The face of one photo and whose it is.
struct LabelledEmbedding {
  std::string person;
  Embedding embedding;
};

// What holds at one threshold.
struct CalibrationPoint {
  double false_match_rate = 0;            // share of pairs of two people at least this similar
  double similarity = 0;                  // the threshold
  std::optional<double> true_match_rate;  // share of pairs of one person; needs genuine pairs
};

struct CalibrationReport {
  std::size_t people = 0;
  std::size_t photos = 0;
  std::size_t genuine_pairs = 0;
  std::size_t impostor_pairs = 0;
  double genuine_mean = 0;  // similarity; 0 without genuine pairs
  double impostor_mean = 0;
  std::vector<CalibrationPoint> points;  // falling rate, rising similarity

  ImpostorTail Tail() const;
};

// Rates looked for: 1 in 100, in 1,000, in 10,000 and in 100,000. A rate counts when at least
// kImpostorsAbove pairs lie above it. kInvalidArgument, saying what is missing, for fewer than
// kPeopleMin people or when not even 1 in 1,000 can be measured: a threshold for a real gallery
// would then be guessed. All embeddings must be of one space. Cost: pairs times dimension.
Result<CalibrationReport> MeasureCalibration(std::span<const LabelledEmbedding> faces);
inline constexpr std::size_t kCalibrationPeopleMin = 20;
inline constexpr std::size_t kCalibrationImpostorsAbove = 10;

}  // namespace vigil::pipeline
