// What the composed pictures share: colours, panels, bars and the scale of similarity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/face_quality.h"
#include "drawing/canvas.h"

namespace vigil::drawing {

// The dark theme of the dashboard. Each text colour has a contrast of at least 4.5:1 on each
// background, each line 3:1.
inline constexpr Color kBackground = Hex(0x101418);
inline constexpr Color kSurface = Hex(0x181d23);
inline constexpr Color kRaised = Hex(0x222932);
inline constexpr Color kText = Hex(0xe6eaee);
inline constexpr Color kMuted = Hex(0xa3adb8);
inline constexpr Color kEdge = Hex(0x66727f);
inline constexpr Color kAccent = Hex(0x6cb6ff);
inline constexpr Color kMatch = Hex(0xff8a80);
inline constexpr Color kPossible = Hex(0xffc266);
inline constexpr Color kGood = Hex(0x7ddc9a);

inline constexpr double kMargin = 32;
inline constexpr double kGap = 20;
inline constexpr double kPanelPadding = 16;
// What a panel takes above and below its content.
inline constexpr double kPanelTop = 50;
inline constexpr double kPanelExtra = kPanelTop + kPanelPadding;

inline TextStyle Body(const Color& color = kText) { return {.size_px = 14, .color = color}; }
inline TextStyle Label(const Color& color = kMuted) { return {.size_px = 12, .color = color}; }

// Draws the panel's ground and title and gives the room for its content.
Rect Panel(Canvas& canvas, const Rect& rect, std::string_view title);

// A rounded word with a sign beside it, so that colour alone says nothing; its right end is at
// `top_right`.
void Chip(Canvas& canvas, Point top_right, std::string_view word, const Color& color);

// A picture fitted into `room`, or, where it is empty, `missing` in its place. Gives the rectangle
// it took.
Rect PictureOr(Canvas& canvas, const RgbImage& image, const Rect& room, std::string_view missing);

// A face's box, `label` above it or, where there is no room, inside.
void FaceBox(Canvas& canvas, const Rect& box, const Rect& picture, std::string_view label,
             const Color& color);

// One line of label, bar and value; `share` of the bar is filled, 0..1.
struct MeterRow {
  std::string label;
  double share = 0;
  std::string value;
  Color color = kAccent;
};
void Meters(Canvas& canvas, const Rect& room, double row_height, const std::vector<MeterRow>& rows,
            double label_width, double value_width);

// The parts of a face's quality, and whether it is covered and live where that is known;
// `detector_score` of its detection.
std::vector<MeterRow> QualityRows(const FaceQuality& quality, float detector_score);

// One line of label and value.
struct FactRow {
  std::string label;
  std::string value;
  Color color = kText;
};
void Facts(Canvas& canvas, const Rect& room, double row_height, const std::vector<FactRow>& rows);

// Columns of text, the first line muted. `ends` are the columns' right ends, from the left of
// `room`; the first column is written from the left.
void Table(Canvas& canvas, const Rect& room, double row_height, const std::vector<double>& ends,
           const std::vector<std::vector<std::string>>& rows);

// A similarity on the scale from 0 to 1 with the values it is held against, each on a line of its
// own below, so that near ones do not cover each other.
struct ScaleMark {
  std::string label;
  double value = 0;
  Color color = kMuted;
};
void SimilarityScale(Canvas& canvas, const Rect& room, double similarity, const Color& color,
                     const std::vector<ScaleMark>& marks);
// The height that SimilarityScale takes.
double SimilarityScaleHeight(std::size_t marks);

// "0.812"
std::string Score(double value);

}  // namespace vigil::drawing
