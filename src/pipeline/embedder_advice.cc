// See embedder_advice.h; bench/open_set.py makes the figures.
#include "pipeline/embedder_advice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/format.h"

namespace vigil::pipeline {
namespace {

struct MissRates {
  std::string_view embedder;
  double at_100;
  double at_500;
};

constexpr std::array kMeasured = {MissRates{"facenet-128", 0.056, 0.099},
                                  MissRates{"sface", 0.017, 0.025}};

}  // namespace

std::optional<double> MeasuredMissRate(const std::string& embedder_id, std::int64_t persons) {
  const auto found = std::ranges::find(kMeasured, embedder_id, &MissRates::embedder);
  if (found == kMeasured.end()) return std::nullopt;
  const double steps =
      std::log(static_cast<double>(std::max<std::int64_t>(persons, 1)) / 100) / std::log(5.0);
  return std::clamp(found->at_100 + (found->at_500 - found->at_100) * steps, 0.0, 1.0);
}

EmbedderAdvice AdviseEmbedder(const EmbedderInfo& embedder, std::int64_t persons) {
  const std::string& id = embedder.space.model_id;
  if (embedder.impostor_tail.points.size() < 2) {
    return {
        .change = true,
        .sentence = format("the embedder {} is not calibrated: only its floor of {:.2f} protects "
                           "strangers, whatever the size of the gallery",
                           id, embedder.threshold_floor),
        .mend =
            "run `vigil models calibrate --people DIR --save` on photos of at least 20 "
            "people, or choose a calibrated embedder"};
  }
  const auto misses = MeasuredMissRate(id, persons);
  if (!misses)
    return {.change = false, .sentence = format("the embedder {} is calibrated", id), .mend = {}};
  const std::string known = format(
      "with {} people enrolled, {} misses about {:.0f} in 100 of them at the threshold that "
      "names 1 stranger in 100",
      persons, id, std::ceil(*misses * 100));
  for (const MissRates& other : kMeasured) {
    const double theirs = *MeasuredMissRate(std::string(other.embedder), persons);
    if (persons < kAdviceFromPersons || theirs * 2 >= *misses) continue;
    return {
        .change = true,
        .sentence = format("{}; {} about {:.0f}", known, other.embedder, std::ceil(theirs * 100)),
        .mend = format("install it with `vigil models install {0}` and set embedder = \"{0}\" "
                       "under [models]; people must be enrolled again for it",
                       other.embedder)};
  }
  return {.change = false, .sentence = known, .mend = {}};
}

}  // namespace vigil::pipeline
