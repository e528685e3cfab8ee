// How useful a face's picture is for recognition, and why not when it is not.
#pragma once

#include <optional>
#include <string_view>

namespace vigil {

enum class UnrecognisableReason { kTooSmall, kTurnedAway, kBlurred, kDark, kOccluded };

// "too_small", "turned_away", "blurred", "dark", "occluded": the words of the API and the logs.
std::string_view ReasonName(UnrecognisableReason reason);

struct FaceQuality {
  float score = 0;       // 0..1; ranks shots of one track
  float face_px = 0;     // shorter side of the box
  float sharpness = 0;   // 0..1
  float frontal = 0;     // 0 profile .. 1 frontal, from the landmarks
  float brightness = 0;  // 0..1 mean luma of the crop
  // Set when the face cannot carry a decision at all.
  std::optional<UnrecognisableReason> unrecognisable;
  bool operator==(const FaceQuality&) const = default;
};

}  // namespace vigil
