// How useful a face's picture is for recognition, and why not when it is not.
#pragma once

#include <optional>
#include <string_view>

namespace vigil {

enum class UnrecognisableReason { kTooSmall, kTurnedAway, kBlurred, kDark, kOccluded };

// "too_small", "turned_away", "blurred", "dark", "occluded": the words of the API and the logs.
std::string_view ReasonName(UnrecognisableReason reason);

// From this likelihood on a face counts as covered, and as live. Models are scaled to it.
inline constexpr float kCoveredFrom = 0.5F;
inline constexpr float kLiveFrom = 0.5F;

struct FaceQuality {
  float score = 0;       // 0..1; ranks shots of one track
  float face_px = 0;     // shorter side of the box
  float sharpness = 0;   // 0..1
  float frontal = 0;     // 0 profile .. 1 frontal, from the landmarks
  float brightness = 0;  // 0..1 mean luma of the crop
  // How likely mouth and nose are covered (by a mask, a scarf, a hand), 0..1. Absent until the face
  // was embedded, and where the embedder cannot tell.
  std::optional<float> covered{};
  // How likely a living face is seen rather than a picture or a screen, 0..1. Absent until it was
  // looked at, and where nothing looks.
  std::optional<float> live{};
  // Set when the face cannot carry a decision at all.
  std::optional<UnrecognisableReason> unrecognisable;
  bool operator==(const FaceQuality&) const = default;
};

}  // namespace vigil
