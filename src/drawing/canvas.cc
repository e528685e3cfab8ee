// Cairo draws the shapes, Pango the text.
#include "drawing/canvas.h"

#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <string>
#include <utility>

#include "base/check.h"

namespace vigil::drawing {
namespace {

// Fontconfig goes on to any other installed font for the scripts that these lack.
constexpr const char* kFonts = "Inter, DejaVu Sans, sans-serif";
constexpr int kSideMax = 20'000;

struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct ContextDeleter {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};
struct LayoutDeleter {
  void operator()(PangoLayout* layout) const { g_object_unref(layout); }
};
using SurfacePtr = std::unique_ptr<cairo_surface_t, SurfaceDeleter>;
using LayoutPtr = std::unique_ptr<PangoLayout, LayoutDeleter>;

// What Pango takes without complaint: valid UTF-8 on one line.
std::string Harmless(std::string_view text) {
  char* valid = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  std::string line(valid);
  g_free(valid);
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return line;
}

SurfacePtr SurfaceOf(const RgbImage& image) {
  SurfacePtr surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, image.width, image.height));
  unsigned char* data = cairo_image_surface_get_data(surface.get());
  if (data == nullptr) return surface;
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* from = image.Row(y);
    unsigned char* to = data + static_cast<std::ptrdiff_t>(y) * stride;
    for (int x = 0; x < image.width; ++x, from += 3, to += sizeof(std::uint32_t)) {
      const std::uint32_t pixel = static_cast<std::uint32_t>(from[0]) << 16U |
                                  static_cast<std::uint32_t>(from[1]) << 8U | from[2];
      std::memcpy(to, &pixel, sizeof pixel);
    }
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

cairo_status_t Append(void* bytes, const unsigned char* data, unsigned int length) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  static_cast<Bytes*>(bytes)->insert(static_cast<Bytes*>(bytes)->end(), first, first + length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

struct Canvas::State {
  SurfacePtr surface;
  std::unique_ptr<cairo_t, ContextDeleter> context;

  void SetColor(const Color& color) const {
    cairo_set_source_rgba(context.get(), color.red, color.green, color.blue, color.alpha);
  }
  void Path(const Rect& rect, double radius) const {
    cairo_t* cr = context.get();
    radius = std::min({radius, rect.width / 2, rect.height / 2});
    if (radius <= 0) {
      cairo_rectangle(cr, rect.x, rect.y, rect.width, rect.height);
      return;
    }
    constexpr double kQuarter = std::numbers::pi / 2;
    cairo_new_sub_path(cr);
    cairo_arc(cr, rect.Right() - radius, rect.y + radius, radius, -kQuarter, 0);
    cairo_arc(cr, rect.Right() - radius, rect.Bottom() - radius, radius, 0, kQuarter);
    cairo_arc(cr, rect.x + radius, rect.Bottom() - radius, radius, kQuarter, 2 * kQuarter);
    cairo_arc(cr, rect.x + radius, rect.y + radius, radius, 2 * kQuarter, 3 * kQuarter);
    cairo_close_path(cr);
  }
  LayoutPtr LayoutOf(std::string_view text, const TextStyle& style) const {
    LayoutPtr layout(pango_cairo_create_layout(context.get()));
    PangoFontDescription* font = pango_font_description_from_string(kFonts);
    pango_font_description_set_absolute_size(font, style.size_px * PANGO_SCALE);
    pango_font_description_set_weight(font,
                                      style.bold ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout.get(), font);
    pango_font_description_free(font);
    // Figures of one width, so that columns of numbers stand under each other.
    PangoAttrList* attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1"));
    pango_layout_set_attributes(layout.get(), attributes);
    pango_attr_list_unref(attributes);
    if (style.width_max > 0) {
      pango_layout_set_width(layout.get(), static_cast<int>(style.width_max * PANGO_SCALE));
      pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
      pango_layout_set_height(layout.get(), -style.lines_max);
      pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    }
    const std::string line = Harmless(text);
    pango_layout_set_text(layout.get(), line.data(), static_cast<int>(line.size()));
    return layout;
  }
};

Rect FitInto(const Rect& room, int picture_width, int picture_height) {
  const double scale = std::min(room.width / picture_width, room.height / picture_height);
  const double width = picture_width * scale;
  const double height = picture_height * scale;
  return {room.x + (room.width - width) / 2, room.y + (room.height - height) / 2, width, height};
}

Canvas::Canvas(int width, int height, const Color& background) : state_(std::make_unique<State>()) {
  VIGIL_CHECK(width > 0 && height > 0 && std::max(width, height) <= kSideMax,
              "a canvas has 1 to 20,000 pixels a side");
  state_->surface.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  state_->context.reset(cairo_create(state_->surface.get()));
  state_->SetColor(background);
  cairo_paint(state_->context.get());
}

Canvas::~Canvas() = default;
Canvas::Canvas(Canvas&& other) noexcept = default;
Canvas& Canvas::operator=(Canvas&& other) noexcept = default;

void Canvas::Fill(const Rect& rect, const Color& color, double radius) {
  state_->SetColor(color);
  state_->Path(rect, radius);
  cairo_fill(state_->context.get());
}

void Canvas::Outline(const Rect& rect, const Color& color, double line_px, double radius) {
  state_->SetColor(color);
  state_->Path(rect.Inset(line_px / 2), radius);
  cairo_set_line_width(state_->context.get(), line_px);
  cairo_stroke(state_->context.get());
}

void Canvas::Line(Point from, Point to, const Color& color, double line_px) {
  cairo_t* cr = state_->context.get();
  state_->SetColor(color);
  cairo_move_to(cr, from.x, from.y);
  cairo_line_to(cr, to.x, to.y);
  cairo_set_line_width(cr, line_px);
  cairo_stroke(cr);
}

void Canvas::Disc(Point center, double radius, const Color& color) {
  state_->SetColor(color);
  cairo_new_sub_path(state_->context.get());
  cairo_arc(state_->context.get(), center.x, center.y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(state_->context.get());
}

void Canvas::Triangle(Point a, Point b, Point c, const Color& color) {
  cairo_t* cr = state_->context.get();
  state_->SetColor(color);
  cairo_move_to(cr, a.x, a.y);
  cairo_line_to(cr, b.x, b.y);
  cairo_line_to(cr, c.x, c.y);
  cairo_close_path(cr);
  cairo_fill(cr);
}

void Canvas::Picture(const RgbImage& image, const Rect& rect, double radius) {
  if (image.Empty() || rect.width <= 0 || rect.height <= 0) return;
  const SurfacePtr picture = SurfaceOf(image);
  cairo_t* cr = state_->context.get();
  cairo_save(cr);
  state_->Path(rect, radius);
  cairo_clip(cr);
  cairo_translate(cr, rect.x, rect.y);
  cairo_scale(cr, rect.width / image.width, rect.height / image.height);
  cairo_set_source_surface(cr, picture.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
  // Without it the edges mix with the transparency outside.
  cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
  cairo_paint(cr);
  cairo_restore(cr);
}

TextSize Canvas::Text(std::string_view text, Point anchor, const TextStyle& style) {
  const LayoutPtr layout = state_->LayoutOf(text, style);
  PangoRectangle extents;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &extents);
  double x = anchor.x;
  if (style.align == Align::kCenter) x -= extents.width / 2.0;
  if (style.align == Align::kRight) x -= extents.width;
  // A line that runs from right to left begins at the right end of its room.
  x -= extents.x;
  state_->SetColor(style.color);
  cairo_move_to(state_->context.get(), x, anchor.y);
  pango_cairo_show_layout(state_->context.get(), layout.get());
  return {static_cast<double>(extents.width), static_cast<double>(extents.height)};
}

TextSize Canvas::Measure(std::string_view text, const TextStyle& style) const {
  const LayoutPtr layout = state_->LayoutOf(text, style);
  PangoRectangle extents;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &extents);
  return {static_cast<double>(extents.width), static_cast<double>(extents.height)};
}

void Canvas::Clip(const Rect& rect) {
  cairo_save(state_->context.get());
  state_->Path(rect, 0);
  cairo_clip(state_->context.get());
}

void Canvas::Unclip() { cairo_restore(state_->context.get()); }

RgbImage Canvas::Pixels() const {
  cairo_surface_t* surface = state_->surface.get();
  cairo_surface_flush(surface);
  RgbImage image{
      cairo_image_surface_get_width(surface), cairo_image_surface_get_height(surface), {}};
  const unsigned char* data = cairo_image_surface_get_data(surface);
  if (data == nullptr) return {};
  const int stride = cairo_image_surface_get_stride(surface);
  image.pixels.reserve(static_cast<std::size_t>(image.width) *
                       static_cast<std::size_t>(image.height) * 3);
  for (int y = 0; y < image.height; ++y) {
    const unsigned char* from = data + static_cast<std::ptrdiff_t>(y) * stride;
    for (int x = 0; x < image.width; ++x, from += sizeof(std::uint32_t)) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, from, sizeof pixel);
      image.pixels.insert(image.pixels.end(), {static_cast<std::uint8_t>(pixel >> 16U & 0xFFU),
                                               static_cast<std::uint8_t>(pixel >> 8U & 0xFFU),
                                               static_cast<std::uint8_t>(pixel & 0xFFU)});
    }
  }
  return image;
}

Result<Bytes> Canvas::Png() const {
  cairo_status_t status = cairo_status(state_->context.get());
  Bytes bytes;
  if (status == CAIRO_STATUS_SUCCESS) {
    status = cairo_surface_write_to_png_stream(state_->surface.get(), &Append, &bytes);
  }
  if (status == CAIRO_STATUS_SUCCESS) return bytes;
  return Fail(ErrorCode::kInternal,
              std::string("drawing failed: ") + cairo_status_to_string(status));
}

}  // namespace vigil::drawing
