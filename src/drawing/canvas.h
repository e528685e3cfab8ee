// A picture that is drawn: shapes, photos and text in any script.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/seal.h"
#include "core/geometry.h"
#include "core/image.h"

namespace vigil::drawing {

// Channels 0..1.
struct Color {
  double red = 0;
  double green = 0;
  double blue = 0;
  double alpha = 1;

  Color Faded(double share) const { return {red, green, blue, alpha * share}; }
  bool operator==(const Color&) const = default;
};

// 0x6cb6ff
constexpr Color Hex(unsigned rgb) {
  return {static_cast<double>(rgb >> 16U & 0xFFU) / 255,
          static_cast<double>(rgb >> 8U & 0xFFU) / 255, static_cast<double>(rgb & 0xFFU) / 255, 1};
}

// Pixels of the canvas, x to the right and y down.
struct Rect {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double Right() const { return x + width; }
  double Bottom() const { return y + height; }
  Rect Inset(double by) const { return {x + by, y + by, width - 2 * by, height - 2 * by}; }
  bool operator==(const Rect&) const = default;
};

// The largest rectangle of a picture's shape in the middle of `room`.
Rect FitInto(const Rect& room, int picture_width, int picture_height);

enum class Align { kLeft, kCenter, kRight };

struct TextStyle {
  double size_px = 14;  // height of the letters' em
  Color color;
  bool bold = false;
  Align align = Align::kLeft;  // of the anchor: its left end, its middle or its right end
  double width_max = 0;        // 0: no bound; else what is longer ends in an ellipsis
  int lines_max = 1;           // more: wrapped at width_max first
};

struct TextSize {
  double width = 0;
  double height = 0;
};

// Used by one thread at a time; several canvases may be drawn in several threads. Drawing outside
// the canvas is clipped. Text may be any bytes: broken UTF-8 shows as U+FFFD, line breaks as
// spaces. A canvas without memory behind it stays blank, and Png says so.
class Canvas {
 public:
  // Sides of 1 to 20,000 pixels.
  Canvas(int width, int height, const Color& background);
  ~Canvas();
  Canvas(Canvas&& other) noexcept;
  Canvas& operator=(Canvas&& other) noexcept;

  void Fill(const Rect& rect, const Color& color, double radius = 0);
  // The line lies inside the rectangle.
  void Outline(const Rect& rect, const Color& color, double line_px, double radius = 0);
  void Line(Point from, Point to, const Color& color, double line_px);
  void Disc(Point center, double radius, const Color& color);
  void Triangle(Point a, Point b, Point c, const Color& color);
  // Scaled into `rect`, whatever its shape, by averaging where it shrinks.
  void Picture(const RgbImage& image, const Rect& rect, double radius = 0);
  // Writes with the top of the line at `anchor` and tells the size it took.
  TextSize Text(std::string_view text, Point anchor, const TextStyle& style);
  TextSize Measure(std::string_view text, const TextStyle& style) const;

  // What follows is drawn inside `rect` alone, until Unclip.
  void Clip(const Rect& rect);
  void Unclip();

  RgbImage Pixels() const;
  // kInternal when the drawing library failed.
  Result<Bytes> Png() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vigil::drawing
