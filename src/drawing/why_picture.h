// The why picture: one sighting of an incident with every step of its decision, for people.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/image.h"
#include "core/incident.h"
#include "drawing/canvas.h"

namespace vigil::drawing {

// Pictures that are empty are told as missing, with the reason given.
struct WhyPicture {
  std::string incident_id;
  std::string person_name;
  bool person_deleted = false;
  Sighting sighting;
  std::vector<std::string> candidate_names;  // of sighting.decision.candidates, in their order
  RgbImage frame;
  std::string frame_missing;
  RgbImage crop;
  std::string crop_missing;
  RgbImage reference;  // the enrolled face cut out as the crop was
  std::string reference_missing;
  // A rate in words, "about 1 in 4,000".
  std::function<std::string(double rate)> rate_text;
};

inline constexpr int kWhyWidth = 1440;
inline constexpr int kWhyHeight = 1254;

// Always kWhyWidth x kWhyHeight: frame with the box, crop beside the enrolled face, similarity
// against threshold and floor, candidates, quality in parts, how the odds were computed, the looks
// considered, time by stage, versions. Pure; `why.rate_text` must be set.
Canvas DrawWhy(const WhyPicture& why);

}  // namespace vigil::drawing
