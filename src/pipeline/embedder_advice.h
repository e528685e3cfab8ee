// Which embedder fits a gallery of a given size: what `vigil doctor` and the documentation say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/model_info.h"

namespace vigil::pipeline {

// The share of enrolled people who are missed at the threshold that names 1 % of strangers, as
// measured on LFW View 1 (one photo a person enrolled): straight lines over the logarithm of the
// gallery's size between and beyond 100 and 500 people. Nothing for an embedder that was not
// measured.
std::optional<double> MeasuredMissRate(const std::string& embedder_id, std::int64_t persons);

// What to tell whoever runs `embedder` on a gallery of `persons` people.
struct EmbedderAdvice {
  bool change = false;   // whether something should be done
  std::string sentence;  // what is known, for people
  std::string mend;      // what to do; empty unless `change`
};

// Calls for another embedder from kAdviceFromPersons people on, when a measured one misses less
// than half as many people; calls for a calibration when the embedder has none.
EmbedderAdvice AdviseEmbedder(const EmbedderInfo& embedder, std::int64_t persons);
inline constexpr std::int64_t kAdviceFromPersons = 50;

}  // namespace vigil::pipeline
