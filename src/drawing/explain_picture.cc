// See explain_picture.h. Every panel's height is fixed, so that two photos stand side by side.
#include "drawing/explain_picture.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/check.h"
#include "base/format.h"
#include "drawing/parts.h"

namespace vigil::drawing {
namespace {

constexpr double kColumnWidth = 760;
constexpr double kTop = 104;
constexpr double kPyramidHeight = kPanelExtra + 214;
constexpr double kStagesHeight = kPanelExtra + 290;
constexpr double kFaceHeight = kPanelExtra + 234;
constexpr double kEmbeddingHeight = kPanelExtra + 84;
constexpr double kColumnHeight =
    kPyramidHeight + kStagesHeight + kFaceHeight + kEmbeddingHeight + 3 * kGap;

Point At(double x, double y) { return {static_cast<float>(x), static_cast<float>(y)}; }

std::string Count(std::size_t count, std::string_view what) {
  return format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Rect ToCanvas(const Box& box, const RgbImage& image, const Rect& picture) {
  const double scale = picture.width / image.width;
  return {picture.x + box.x1 * scale, picture.y + box.y1 * scale, box.Width() * scale,
          box.Height() * scale};
}

void DrawLandmarks(Canvas& canvas, const Landmarks& landmarks, const RgbImage& image,
                   const Rect& picture, double radius) {
  const double scale = picture.width / image.width;
  for (const Point& point : landmarks) {
    const Point at = At(picture.x + point.x * scale, picture.y + point.y * scale);
    canvas.Disc(at, radius + 1.5, kBackground.Faded(0.8));
    canvas.Disc(at, radius, kGood);
  }
}

void DrawPyramid(Canvas& canvas, const Rect& rect, const ExplainPhoto& photo) {
  const Rect room = Panel(canvas, rect, "1  The photo at every scale");
  if (photo.levels.empty()) {
    canvas.Text("This detector looks at one scale, or the photo is too small for it.",
                At(room.x, room.y), Body(kMuted));
    return;
  }
  constexpr double kPictureHeight = 172;
  constexpr double kBetween = 14;
  constexpr double kWordsWidth = 210;
  constexpr double kWindow = 12;  // what the first network looks through, pixels of the level
  double widths = 0;
  for (const ExplainLevel& level : photo.levels) widths += level.width;
  const double between = kBetween * static_cast<double>(photo.levels.size() - 1);
  const double scale = std::min(kPictureHeight / photo.levels.front().height,
                                (room.width - kWordsWidth - kGap - between) / widths);
  double x = room.x;
  double described_until = room.x;
  for (const ExplainLevel& level : photo.levels) {
    const Rect picture{x, room.y + kPictureHeight - level.height * scale, level.width * scale,
                       level.height * scale};
    canvas.Picture(photo.image, picture, 2);
    const double side = kWindow * scale;
    canvas.Outline({picture.x, picture.Bottom() - side, side, side}, kBackground.Faded(0.8), 3);
    canvas.Outline({picture.x, picture.Bottom() - side, side, side}, kAccent, 1.5);
    // Where the pictures get smaller than their words, the words end.
    const std::string size = format("{} x {}", level.width, level.height);
    const double size_width = canvas.Measure(size, Label()).width;
    if (x >= described_until && size_width <= picture.width + kBetween) {
      canvas.Text(size, At(x, room.y + kPictureHeight + 6), Label());
      canvas.Text(format("{} found", level.candidates), At(x, room.y + kPictureHeight + 22),
                  Label(kAccent));
      described_until = x + size_width + 4;
    }
    x += picture.width + kBetween;
  }
  TextStyle style = Body(kMuted);
  style.width_max = kWordsWidth;
  style.lines_max = 7;
  const ExplainLevel& last = photo.levels.back();
  canvas.Text(format("{}, down to {} x {}. The first network looks through a window of 12 x 12 "
                     "pixels, drawn in blue: a face of any size fills it at one of the scales.",
                     Count(photo.levels.size(), "scale"), last.width, last.height),
              At(room.Right() - kWordsWidth, room.y), style);
}

void DrawStages(Canvas& canvas, const Rect& rect, const ExplainPhoto& photo) {
  const std::size_t stages = std::min<std::size_t>(photo.stages.size(), 3);
  const Rect room =
      Panel(canvas, rect,
            stages == 3 ? "2  Three networks, each sorting out what the one before let through"
                        : "2  The detector: its one network finds faces and landmarks");
  constexpr double kBetween = 14;
  constexpr double kPictureHeight = 262;
  const double width = (room.width - 2 * kBetween) / 3;
  for (std::size_t i = 0; i < stages; ++i) {
    const ExplainStage& stage = photo.stages[i];
    const bool last = i + 1 == stages;
    const Color color = last ? kGood : i == 0 ? kAccent : kPossible;
    const Rect place{room.x + static_cast<double>(i) * (width + kBetween), room.y, width,
                     kPictureHeight};
    const Rect picture = PictureOr(canvas, photo.image, place, "");
    canvas.Clip(picture);
    // Many boxes lie on each other: the surer, the stronger.
    for (const Detection& candidate : stage.candidates) {
      const double strength = std::clamp<double>(candidate.score, 0.35, 1);
      canvas.Outline(ToCanvas(candidate.box, photo.image, picture), color.Faded(strength),
                     i == 0 && !last ? 1.2 : 2.2, 2);
    }
    canvas.Unclip();
    if (last) {
      for (const Detection& found : stage.candidates) {
        DrawLandmarks(canvas, found.landmarks, photo.image, picture, 2);
      }
    }
    TextStyle style = Body(color);
    style.align = Align::kCenter;
    canvas.Text(
        format("{}: {}", stage.name, Count(stage.candidates.size(), last ? "face" : "candidate")),
        At(place.x + place.width / 2, place.Bottom() + 8), style);
  }
}

// The photo around the face, so large that its landmarks can be judged.
void DrawCloseUp(Canvas& canvas, const Rect& place, const ExplainPhoto& photo) {
  const Box& box = photo.face->box;
  const double side = 1.5 * std::max(box.Width(), box.Height());
  const double scale = place.width / side;
  const Rect picture{place.x + place.width / 2 - box.Center().x * scale,
                     place.y + place.height / 2 - box.Center().y * scale, photo.image.width * scale,
                     photo.image.height * scale};
  canvas.Fill(place, kRaised, 4);
  canvas.Clip(place);
  canvas.Picture(photo.image, picture);
  FaceBox(canvas, ToCanvas(box, photo.image, picture), place, "", kGood);
  DrawLandmarks(canvas, photo.face->landmarks, photo.image, picture, 3.5);
  canvas.Unclip();
}

void DrawFace(Canvas& canvas, const Rect& rect, const ExplainPhoto& photo) {
  const Rect room =
      Panel(canvas, rect, "3  The face: landmarks, the crop for the embedder, quality");
  if (!photo.face) {
    canvas.Text("No face was found.", At(room.x, room.y), Body(kMuted));
    return;
  }
  constexpr double kSide = 208;
  const Rect close_up{room.x, room.y, kSide, kSide};
  const Rect crop{room.x + kSide + 16, room.y, kSide, kSide};
  DrawCloseUp(canvas, close_up, photo);
  PictureOr(canvas, photo.crop, crop, "");
  canvas.Text(
      format("Box {:.0f} x {:.0f} pixels", photo.face->box.Width(), photo.face->box.Height()),
      At(close_up.x, close_up.Bottom() + 8), Label());
  canvas.Text(format("Crop {} x {} pixels", photo.crop.width, photo.crop.height),
              At(crop.x, crop.Bottom() + 8), Label());
  const FaceQuality& quality = photo.quality;
  const double left = crop.Right() + 20;
  const std::vector<MeterRow> rows = QualityRows(quality, photo.face->score);
  Meters(canvas, {left, room.y, room.Right() - left, room.height}, rows.size() > 6 ? 24 : 31, rows,
         88, 60);
  if (quality.unrecognisable) {
    canvas.Text(format("Not recognisable: {}", ReasonName(*quality.unrecognisable)),
                At(left, room.y + 192), Body(kPossible));
  }
}

void DrawEmbedding(Canvas& canvas, const Rect& rect, const ExplainPhoto& photo) {
  const Rect room =
      Panel(canvas, rect,
            photo.embedding.empty()
                ? "4  The embedding"
                : format("4  The embedding: {} numbers, one stripe each", photo.embedding.size()));
  if (photo.embedding.empty()) {
    canvas.Text("Without a face there is none.", At(room.x, room.y), Body(kMuted));
    return;
  }
  const Rect strip{room.x, room.y, room.width, 56};
  canvas.Fill(strip, kRaised);
  float largest = 1e-6F;
  for (const float value : photo.embedding) largest = std::max(largest, std::abs(value));
  const double cell = strip.width / static_cast<double>(photo.embedding.size());
  const double middle = strip.y + strip.height / 2;
  for (std::size_t i = 0; i < photo.embedding.size(); ++i) {
    const double height = std::abs(photo.embedding[i]) / largest * strip.height / 2;
    const bool positive = photo.embedding[i] >= 0;
    canvas.Fill({strip.x + static_cast<double>(i) * cell, positive ? middle - height : middle,
                 std::max(cell - 1, cell * 0.7), height},
                positive ? kPossible : kAccent);
  }
  canvas.Text(
      "Up and amber: above zero. Down and blue: below. Together a point on the unit sphere.",
      At(room.x, strip.Bottom() + 8), Label());
}

void DrawComparison(Canvas& canvas, const Rect& rect, const ExplainPicture& explain) {
  const Rect room = Panel(canvas, rect, "5  How alike: the cosine of the two embeddings");
  std::vector<ScaleMark> marks;
  marks.reserve(explain.thresholds.size() + 1);
  double needed = explain.floor;
  for (const ExplainThreshold& threshold : explain.thresholds) {
    marks.push_back({threshold.label, threshold.value, kText});
  }
  if (!explain.thresholds.empty()) needed = explain.thresholds.front().value;
  marks.push_back({"never below", explain.floor, kMuted});
  const Color color = explain.similarity >= needed          ? kGood
                      : explain.similarity >= explain.floor ? kPossible
                                                            : kAccent;
  SimilarityScale(canvas, {room.x, room.y - 8, room.width, room.height}, explain.similarity, color,
                  marks);
  TextStyle style = Body();
  style.width_max = room.width;
  canvas.Text(explain.verdict, At(room.x, room.y + SimilarityScaleHeight(marks.size())), style);
}

void DrawColumn(Canvas& canvas, double x, const ExplainPhoto& photo) {
  Rect rect{x, kTop, kColumnWidth, kPyramidHeight};
  const auto next = [&](double height) {
    rect.y = rect.Bottom() + kGap;
    rect.height = height;
  };
  DrawPyramid(canvas, rect, photo);
  next(kStagesHeight);
  DrawStages(canvas, rect, photo);
  next(kFaceHeight);
  DrawFace(canvas, rect, photo);
  next(kEmbeddingHeight);
  DrawEmbedding(canvas, rect, photo);
}

}  // namespace

Canvas DrawExplain(const ExplainPicture& explain) {
  VIGIL_CHECK(!explain.photos.empty() && explain.photos.size() <= 2, "one photo or two");
  const bool pair = explain.photos.size() == 2 && !explain.photos[0].embedding.empty() &&
                    !explain.photos[1].embedding.empty();
  const double width = kMargin * 2 + kColumnWidth * static_cast<double>(explain.photos.size()) +
                       kGap * static_cast<double>(explain.photos.size() - 1);
  const double comparison =
      pair ? kPanelExtra + SimilarityScaleHeight(explain.thresholds.size() + 1) + 22 : 0;
  const double bottom = kTop + kColumnHeight + (pair ? kGap + comparison : 0);
  Canvas canvas(static_cast<int>(width), static_cast<int>(bottom + 50), kBackground);
  std::string title = "How Vigil sees " + explain.photos.front().name;
  if (explain.photos.size() == 2) title += " and " + explain.photos.back().name;
  canvas.Text(title, At(kMargin, 24),
              {.size_px = 26, .color = kText, .bold = true, .width_max = width - 2 * kMargin});
  TextStyle style = Body(kMuted);
  style.width_max = width - 2 * kMargin;
  canvas.Text(explain.models, At(kMargin, 64), style);
  for (std::size_t i = 0; i < explain.photos.size(); ++i) {
    DrawColumn(canvas, kMargin + static_cast<double>(i) * (kColumnWidth + kGap), explain.photos[i]);
  }
  if (pair) {
    DrawComparison(canvas, {kMargin, kTop + kColumnHeight + kGap, width - 2 * kMargin, comparison},
                   explain);
  }
  canvas.Text("Drawn by Vigil. Nothing of it was stored elsewhere.", At(kMargin, bottom + 14),
              Label());
  return canvas;
}

}  // namespace vigil::drawing
