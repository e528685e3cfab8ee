// Drawing into pixels: what is drawn is there, what lies outside is not, and no text does harm.
#include "drawing/canvas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

// Fontconfig keeps what it read of the fonts until the process ends and lets go of it without
// freeing; the leak sanitizer asks here before it complains.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }

// GLib locks by system calls that the thread sanitizer does not know, so that it sees races between
// the libraries' own threads where there are locks.
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

namespace vigil::drawing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Le;

constexpr Color kWhite = Hex(0xffffff);
constexpr Color kBlack = Hex(0x000000);

std::array<int, 3> PixelAt(const Canvas& canvas, int x, int y) {
  const RgbImage image = canvas.Pixels();
  const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

// Pixels of `canvas` that are not the background.
int Inked(const Canvas& canvas) {
  const RgbImage image = canvas.Pixels();
  int count = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) count += image.pixels[i] != 255;
  return count;
}

TEST(Canvas, FillsExactlyTheRectangle) {
  Canvas canvas(20, 10, kWhite);
  canvas.Fill({5, 2, 4, 3}, Hex(0x102030));
  EXPECT_THAT(PixelAt(canvas, 5, 2), ElementsAre(16, 32, 48));
  EXPECT_THAT(PixelAt(canvas, 8, 4), ElementsAre(16, 32, 48));
  EXPECT_THAT(PixelAt(canvas, 4, 2), ElementsAre(255, 255, 255));
  EXPECT_EQ(Inked(canvas), 12);
}

TEST(Canvas, ClipsUntilToldOtherwise) {
  Canvas canvas(20, 10, kWhite);
  canvas.Clip({0, 0, 10, 10});
  canvas.Fill({0, 0, 20, 10}, kBlack);
  EXPECT_EQ(Inked(canvas), 100);
  canvas.Unclip();
  canvas.Fill({0, 0, 20, 10}, kBlack);
  EXPECT_EQ(Inked(canvas), 200);
}

TEST(Canvas, ScalesAPictureIntoItsRectangle) {
  RgbImage image{2, 1, {200, 0, 0, 0, 0, 200}};
  Canvas canvas(40, 20, kWhite);
  canvas.Picture(image, {0, 0, 40, 20});
  EXPECT_THAT(PixelAt(canvas, 2, 10), ElementsAre(200, 0, 0));
  EXPECT_THAT(PixelAt(canvas, 37, 10), ElementsAre(0, 0, 200));
  canvas.Picture({}, {0, 0, 40, 20});
  EXPECT_THAT(PixelAt(canvas, 2, 10), ElementsAre(200, 0, 0)) << "an empty picture draws nothing";
}

TEST(Canvas, WritesWhereItIsTold) {
  Canvas canvas(200, 40, kWhite);
  const TextSize size = canvas.Text("Vigil", {100, 10}, {.size_px = 16, .color = kBlack});
  EXPECT_THAT(size.width, AllOf(Ge(25), Le(60)));
  EXPECT_GT(Inked(canvas), 40);
  const RgbImage image = canvas.Pixels();
  for (int x = 0; x < 99; ++x) ASSERT_EQ(image.Row(20)[x * 3], 255) << "ink left of the anchor";
}

TEST(Canvas, AlignsAndShortensText) {
  Canvas canvas(400, 100, kWhite);
  const TextStyle plain{.size_px = 14, .color = kBlack};
  const std::string text = "A name that is far too long for its place";
  TextStyle bounded = plain;
  bounded.width_max = 80;
  EXPECT_THAT(canvas.Measure(text, plain).width, Gt(200));
  EXPECT_THAT(canvas.Measure(text, bounded).width, Le(80));
  const double line = canvas.Measure(text, bounded).height;
  bounded.lines_max = 3;
  EXPECT_GT(canvas.Measure(text, bounded).height, 2 * line);
  TextStyle right = plain;
  right.align = Align::kRight;
  canvas.Text("12.5", {390, 10}, right);
  const RgbImage image = canvas.Pixels();
  for (int x = 391; x < 400; ++x) ASSERT_EQ(image.Row(18)[x * 3], 255) << "ink right of the anchor";
}

TEST(Canvas, KeepsFiguresOfOneWidth) {
  const Canvas canvas(100, 40, kWhite);
  const TextStyle style{.size_px = 14, .color = kBlack};
  EXPECT_EQ(canvas.Measure("1111", style).width, canvas.Measure("8888", style).width);
}

TEST(Canvas, TakesTextOfAnyKind) {
  Canvas canvas(600, 60, kWhite);
  const TextStyle style{.size_px = 14, .color = kBlack, .width_max = 500};
  for (const std::string& text :
       {std::string(), std::string("\xff\xfe broken \xc3"), std::string("two\nlines\tand\x01more"),
        std::string("محمد الأمين"), std::string("山田 太郎"), std::string("zero\0inside", 11),
        std::string(10'000, 'x')}) {
    const TextSize size = canvas.Text(text, {10, 10}, style);
    EXPECT_LE(size.width, 500);
    EXPECT_LE(size.height, 40) << "one line";
  }
}

TEST(Canvas, GivesAPng) {
  Canvas canvas(30, 20, kWhite);
  const Result<Bytes> png = canvas.Png();
  ASSERT_TRUE(png.has_value());
  const std::array<unsigned char, 8> magic{0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
  EXPECT_TRUE(std::equal(magic.begin(), magic.end(), png->begin(),
                         [](unsigned char a, std::byte b) { return std::byte{a} == b; }));
}

TEST(Canvas, DrawsInSeveralThreadsAtATime) {
  const auto draw = [] {
    Canvas canvas(200, 60, kWhite);
    for (int i = 0; i < 20; ++i) {
      canvas.Text("Vigil " + std::to_string(i), {10, 10}, {.size_px = 14, .color = kBlack});
    }
    return Inked(canvas);
  };
  const int expected = draw();
  std::vector<std::jthread> threads;
  std::array<int, 4> inked{};
  for (int& count : inked) threads.emplace_back([&count, &draw] { count = draw(); });
  threads.clear();
  EXPECT_THAT(inked, ::testing::Each(expected));
}

TEST(FitInto, KeepsTheShapeInTheMiddle) {
  EXPECT_EQ(FitInto({0, 0, 100, 100}, 200, 100), (Rect{0, 25, 100, 50}));
  EXPECT_EQ(FitInto({10, 10, 100, 50}, 50, 50), (Rect{35, 10, 50, 50}));
}

}  // namespace
}  // namespace vigil::drawing
