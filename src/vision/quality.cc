// Five plain measurements, each between 0 and 1, and their product, weighted by what they were
// measured to matter.
#include "vision/quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace vigil::vision {
namespace {

constexpr float kFacePxMin = 24;
constexpr float kFrontalMin = 0.15F;
constexpr float kSharpnessMin = 0.12F;
constexpr float kBrightnessMin = 0.08F;

// Fitted by tools/quality/fit.py (seed 7, three degraded copies of each photo) on the 7,097 shots
// of the people of LFW View 1's pairsDevTrain: how much of the similarity of a perfect shot is
// left, as a product of the parts to the power of these. docs/performance.md says what it is worth.
constexpr float kSizeWeight = 0.122F;
constexpr float kSharpnessWeight = 1.046F;
constexpr float kFrontalWeight = 0.058F;
constexpr float kLightWeight = 0.251F;
constexpr float kDetectorWeight = 2;
// From here on more of it does not help.
constexpr float kFacePxFull = 100;
constexpr float kSharpnessFull = 0.7F;
constexpr float kDarkFull = 0.35F;
constexpr float kBurntFull = 0.35F;
constexpr float kPartMin = 0.02F;

// Sharpness is judged at this size, whatever the face's: what a face of 40 pixels shows if it is in
// focus.
constexpr int kGridSide = 40;

// Mean lumas (BT.601, 0..255) of the cells of a grid over the crop.
std::array<float, kGridSide * kGridSide> LumaGrid(const RgbImage& image) {
  std::array<float, kGridSide * kGridSide> grid{};
  for (int row = 0; row < kGridSide; ++row) {
    const int y1 = row * image.height / kGridSide;
    const int y2 = std::max(y1 + 1, (row + 1) * image.height / kGridSide);
    for (int column = 0; column < kGridSide; ++column) {
      const int x1 = column * image.width / kGridSide;
      const int x2 = std::max(x1 + 1, (column + 1) * image.width / kGridSide);
      float sum = 0;
      for (int y = y1; y < y2; ++y) {
        for (int x = x1; x < x2; ++x) {
          const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
          sum += 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
        }
      }
      grid[static_cast<std::size_t>(row) * kGridSide + static_cast<std::size_t>(column)] =
          sum / static_cast<float>((y2 - y1) * (x2 - x1));
    }
  }
  return grid;
}

float MeanOf(const std::array<float, kGridSide * kGridSide>& grid) {
  float sum = 0;
  for (const float luma : grid) sum += luma;
  return sum / static_cast<float>(grid.size());
}

// Amplitude of the Laplacian against that of the luma: independent of brightness and contrast.
// Portraits reach 1, faces of 40 to 60 pixels in street video 0.3 to 0.5, a face blurred by a tenth
// of its width stays below 0.1.
float Sharpness(const std::array<float, kGridSide * kGridSide>& grid, float mean) {
  constexpr float kSharpRatio = 0.5F;
  constexpr float kNoise = 4;  // variance that sensor noise alone reaches: flat crops are not sharp
  float variance = 0;
  for (const float luma : grid) variance += (luma - mean) * (luma - mean);
  variance /= static_cast<float>(grid.size());
  float energy = 0;
  for (int row = 1; row + 1 < kGridSide; ++row) {
    for (int column = 1; column + 1 < kGridSide; ++column) {
      const auto at = static_cast<std::size_t>(row) * kGridSide + static_cast<std::size_t>(column);
      const float laplacian =
          grid[at - 1] + grid[at + 1] + grid[at - kGridSide] + grid[at + kGridSide] - 4 * grid[at];
      energy += laplacian * laplacian;
    }
  }
  energy /= static_cast<float>((kGridSide - 2) * (kGridSide - 2));
  return std::min(1.0F, std::sqrt(energy / (variance + kNoise) / kSharpRatio));
}

Point Middle(const Point& a, const Point& b) { return {(a.x + b.x) / 2, (a.y + b.y) / 2}; }

// Turned to a side, the nose leaves the line from between the eyes to the middle of the mouth, and
// the eyes draw together; nodding, it wanders along that line. A tilted head changes none of them.
// Three-quarter views, nose below one eye, keep about a third.
float Frontal(const Landmarks& landmarks) {
  const Point eyes = Middle(landmarks[0], landmarks[1]);
  const Point mouth = Middle(landmarks[3], landmarks[4]);
  const Point nose{landmarks[2].x - eyes.x, landmarks[2].y - eyes.y};
  const Point down{mouth.x - eyes.x, mouth.y - eyes.y};
  const float eye_distance =
      std::hypot(landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y);
  const float face_length = std::hypot(down.x, down.y);
  if (!(eye_distance > 0) || !(face_length > 0)) return 0;
  const float aside = std::abs(nose.x * down.y - nose.y * down.x) / face_length / eye_distance;
  const float along = (nose.x * down.x + nose.y * down.y) / (face_length * face_length);
  const float turn = std::clamp(1 - aside / 0.75F, 0.0F, 1.0F);
  const float nod = std::min(1.0F, 2.5F * std::clamp(1 - std::abs(2 * along - 1.1F), 0.0F, 1.0F));
  const float spread = std::min(1.0F, eye_distance / face_length / 0.6F);
  return turn * nod * spread;
}

// 1 in good light, falling towards black and towards burnt out.
float Exposure(float brightness) {
  return std::min(brightness / kDarkFull, (1 - brightness) / kBurntFull);
}

float Weighed(float part, float weight) {
  return std::pow(std::clamp(part, kPartMin, 1.0F), weight);
}

std::optional<UnrecognisableReason> ReasonAgainst(const FaceQuality& quality) {
  if (quality.face_px < kFacePxMin) return UnrecognisableReason::kTooSmall;
  if (quality.brightness < kBrightnessMin) return UnrecognisableReason::kDark;
  if (quality.frontal < kFrontalMin) return UnrecognisableReason::kTurnedAway;
  if (quality.sharpness < kSharpnessMin) return UnrecognisableReason::kBlurred;
  return std::nullopt;
}

}  // namespace

FaceQuality AssessQuality(const Frame& frame, const FaceCrop& crop, const Detection& detection) {
  FaceQuality quality;
  // Only the part inside the picture counts.
  const Box& box = detection.box;
  const float width = std::min(box.x2, static_cast<float>(frame.width)) - std::max(box.x1, 0.0F);
  const float height = std::min(box.y2, static_cast<float>(frame.height)) - std::max(box.y1, 0.0F);
  quality.face_px = std::max(0.0F, std::min(width, height));
  quality.frontal = Frontal(detection.landmarks);
  if (!crop.image.Empty()) {
    const auto grid = LumaGrid(crop.image);
    const float mean = MeanOf(grid);
    quality.brightness = std::clamp(mean / 255, 0.0F, 1.0F);
    quality.sharpness = Sharpness(grid, mean);
  }
  quality.score = Weighed(quality.face_px / kFacePxFull, kSizeWeight) *
                  Weighed(quality.sharpness / kSharpnessFull, kSharpnessWeight) *
                  Weighed(quality.frontal, kFrontalWeight) *
                  Weighed(Exposure(quality.brightness), kLightWeight) *
                  Weighed(detection.score, kDetectorWeight);
  quality.unrecognisable = ReasonAgainst(quality);
  return quality;
}

}  // namespace vigil::vision
