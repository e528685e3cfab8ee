// See parts.h.
#include "drawing/parts.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace vigil::drawing {
namespace {

Point At(double x, double y) { return {static_cast<float>(x), static_cast<float>(y)}; }

double Share(double value) { return std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : 0; }

constexpr double kScaleBarTop = 26;
constexpr double kScaleBarHeight = 12;
constexpr double kScaleMarkHeight = 19;

}  // namespace

Rect Panel(Canvas& canvas, const Rect& rect, std::string_view title) {
  canvas.Fill(rect, kSurface, 8);
  canvas.Text(
      title, At(rect.x + kPanelPadding, rect.y + kPanelPadding - 2),
      {.size_px = 15, .color = kText, .bold = true, .width_max = rect.width - 2 * kPanelPadding});
  return {rect.x + kPanelPadding, rect.y + kPanelTop, rect.width - 2 * kPanelPadding,
          rect.height - kPanelExtra};
}

void Chip(Canvas& canvas, Point top_right, std::string_view word, const Color& color) {
  const TextStyle style{.size_px = 15, .color = color, .bold = true};
  const TextSize size = canvas.Measure(word, style);
  const Rect pill{top_right.x - size.width - 48, top_right.y, size.width + 48, 34};
  canvas.Fill(pill, color.Faded(0.14), 17);
  canvas.Outline(pill, color, 1.5, 17);
  const double middle = pill.y + pill.height / 2;
  canvas.Triangle(At(pill.x + 14, middle + 6), At(pill.x + 28, middle + 6),
                  At(pill.x + 21, middle - 7), color);
  canvas.Text(word, At(pill.x + 35, middle - size.height / 2), style);
}

Rect PictureOr(Canvas& canvas, const RgbImage& image, const Rect& room, std::string_view missing) {
  if (!image.Empty()) {
    const Rect rect = FitInto(room, image.width, image.height);
    canvas.Picture(image, rect, 4);
    return rect;
  }
  canvas.Fill(room, kRaised, 4);
  const TextStyle style{.size_px = 14, .color = kMuted, .align = Align::kCenter};
  const TextSize size = canvas.Measure(missing, style);
  if (size.width <= room.width - 24) {
    canvas.Text(missing, At(room.x + room.width / 2, room.y + (room.height - size.height) / 2),
                style);
  } else {
    TextStyle wrapped = Body(kMuted);
    wrapped.width_max = room.width - 24;
    wrapped.lines_max = 4;
    const TextSize block = canvas.Measure(missing, wrapped);
    canvas.Text(missing, At(room.x + 12, room.y + (room.height - block.height) / 2), wrapped);
  }
  return room;
}

void FaceBox(Canvas& canvas, const Rect& box, const Rect& picture, std::string_view label,
             const Color& color) {
  canvas.Clip(picture);
  // A dark line outside keeps the box visible on bright ground.
  canvas.Outline(box.Inset(-4), kBackground.Faded(0.7), 2, 3);
  canvas.Outline(box.Inset(-2.5), color, 2.5, 2);
  if (!label.empty()) {
    const TextStyle style{.size_px = 13, .color = kBackground, .bold = true, .width_max = 280};
    const TextSize size = canvas.Measure(label, style);
    const double width = size.width + 12;
    const double x =
        std::clamp(box.x - 2.5, picture.x, std::max(picture.x, picture.Right() - width));
    const double above = box.y - 7 - size.height - 4;
    const double y = above >= picture.y ? above : box.Bottom() + 5;
    canvas.Fill({x, y, width, size.height + 4}, color, 3);
    canvas.Text(label, At(x + 6, y + 2), style);
  }
  canvas.Unclip();
}

void Meters(Canvas& canvas, const Rect& room, double row_height, const std::vector<MeterRow>& rows,
            double label_width, double value_width) {
  double y = room.y;
  for (const MeterRow& row : rows) {
    if (y + row_height > room.Bottom() + 1) return;
    TextStyle label = Body(kMuted);
    label.width_max = label_width - 8;
    const double text_y = y + (row_height - canvas.Measure(row.label, label).height) / 2;
    canvas.Text(row.label, At(room.x, text_y), label);
    const Rect bar{room.x + label_width, y + row_height / 2 - 4,
                   room.width - label_width - value_width, 8};
    canvas.Fill(bar, kRaised, 4);
    // A filled part narrower than its own rounding would not show.
    const double filled = Share(row.share) * bar.width;
    if (filled > 0) canvas.Fill({bar.x, bar.y, std::max(filled, 3.0), bar.height}, row.color, 4);
    TextStyle value = Body();
    value.align = Align::kRight;
    canvas.Text(row.value, At(room.Right(), text_y), value);
    y += row_height;
  }
}

std::vector<MeterRow> QualityRows(const FaceQuality& quality, float detector_score) {
  constexpr float kFullSize = 100;  // more does not make a look better
  std::vector<MeterRow> rows{
      {"Size", quality.face_px / kFullSize, format("{:.0f} px", quality.face_px)},
      {"Sharpness", quality.sharpness, Score(quality.sharpness)},
      {"Frontal", quality.frontal, Score(quality.frontal)},
      {"Brightness", quality.brightness, Score(quality.brightness)},
      {"Detector", detector_score, Score(detector_score)},
      {"Together", quality.score, Score(quality.score), kGood}};
  if (quality.covered) {
    rows.push_back({"Covered", *quality.covered, Score(*quality.covered),
                    *quality.covered >= kCoveredFrom ? kPossible : kAccent});
  }
  if (quality.live) {
    rows.push_back({"Live", *quality.live, Score(*quality.live),
                    *quality.live >= kLiveFrom ? kAccent : kPossible});
  }
  return rows;
}

void Facts(Canvas& canvas, const Rect& room, double row_height, const std::vector<FactRow>& rows) {
  double y = room.y;
  for (const FactRow& row : rows) {
    if (y + row_height > room.Bottom() + 1) return;
    const TextSize label = canvas.Text(row.label, At(room.x, y), Body(kMuted));
    TextStyle value = Body(row.color);
    value.align = Align::kRight;
    value.width_max = room.width - label.width - 16;
    canvas.Text(row.value, At(room.Right(), y), value);
    y += row_height;
  }
}

void Table(Canvas& canvas, const Rect& room, double row_height, const std::vector<double>& ends,
           const std::vector<std::vector<std::string>>& rows) {
  double y = room.y;
  for (std::size_t row = 0; row < rows.size(); ++row, y += row_height) {
    if (y + row_height > room.Bottom() + 1) return;
    for (std::size_t column = 0; column < std::min(ends.size(), rows[row].size()); ++column) {
      TextStyle style = row == 0 ? Label() : Body();
      style.width_max = ends[column] - (column == 0 ? 0 : ends[column - 1] + 8);
      if (column > 0) style.align = Align::kRight;
      const double x = column == 0 ? room.x : room.x + ends[column];
      canvas.Text(rows[row][column], At(x, y), style);
    }
  }
}

double SimilarityScaleHeight(std::size_t marks) {
  return kScaleBarTop + kScaleBarHeight + 6 + kScaleMarkHeight * static_cast<double>(marks);
}

void SimilarityScale(Canvas& canvas, const Rect& room, double similarity, const Color& color,
                     const std::vector<ScaleMark>& marks) {
  const Rect bar{room.x, room.y + kScaleBarTop, room.width, kScaleBarHeight};
  const auto x_of = [&](double value) { return bar.x + Share(value) * bar.width; };
  canvas.Fill(bar, kRaised, 6);
  const double end = x_of(similarity);
  if (end > bar.x) canvas.Fill({bar.x, bar.y, std::max(end - bar.x, 6.0), bar.height}, color, 6);

  const TextStyle style{.size_px = 17, .color = color, .bold = true};
  const std::string text = Score(similarity);
  const double width = canvas.Measure(text, style).width;
  canvas.Text(text, At(std::clamp(end - width / 2, bar.x, bar.Right() - width), room.y), style);

  // All lines first, so that none runs through another's words.
  const double first_label = bar.Bottom() + 6;
  double y = first_label;
  for (const ScaleMark& mark : marks) {
    canvas.Fill({x_of(mark.value) - 1, bar.y - 4, 2, y - bar.y + 14}, mark.color);
    y += kScaleMarkHeight;
  }
  y = first_label;
  for (const ScaleMark& mark : marks) {
    const double x = x_of(mark.value);
    const std::string label = format("{}  {}", mark.label, Score(mark.value));
    const TextSize size = canvas.Measure(label, Label(mark.color));
    // Beside the line, on the side that has room.
    const bool right = x + 8 + size.width <= bar.Right();
    const double left = right ? x + 8 : x - 8 - size.width;
    canvas.Fill({left - 4, y, size.width + 8, size.height}, kSurface);
    canvas.Text(label, At(left, y), Label(mark.color));
    y += kScaleMarkHeight;
  }
}

std::string Score(double value) { return format("{:.3f}", value); }

}  // namespace vigil::drawing
