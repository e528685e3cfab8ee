// Tests of the plain values: geometry, frames, embeddings.
#include <gtest/gtest.h>

#include <cmath>

#include "core/embedding.h"
#include "core/frame.h"
#include "core/geometry.h"

namespace vigil {
namespace {

TEST(IntersectionOverUnion, KnowsEqualHalfAndApart) {
  const Box box{0, 0, 10, 10};
  EXPECT_FLOAT_EQ(IntersectionOverUnion(box, box), 1);
  EXPECT_FLOAT_EQ(IntersectionOverUnion(box, {0, 0, 10, 5}), 0.5F);
  EXPECT_FLOAT_EQ(IntersectionOverUnion(box, {10, 0, 20, 10}), 0);
  EXPECT_FLOAT_EQ(IntersectionOverUnion({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

TEST(IntersectionOverUnion, IsZeroForNan) {
  const float nan = std::nanf("");
  EXPECT_FLOAT_EQ(IntersectionOverUnion({nan, nan, nan, nan}, {0, 0, 1, 1}), 0);
}

TEST(VisibleArea, CountsOnlyWhatIsInsideThePicture) {
  EXPECT_FLOAT_EQ(VisibleArea({10, 10, 20, 30}, 100, 100), 200);
  EXPECT_FLOAT_EQ(VisibleArea({-104, 148, 24, 305}, 250, 250), 24 * 102);
  EXPECT_FLOAT_EQ(VisibleArea({-30, -30, -10, -10}, 100, 100), 0);
}

TEST(Embedding, NormalisedHasUnitLengthAndZeroStays) {
  Embedding embedding{3, 4};
  Normalise(embedding);
  EXPECT_FLOAT_EQ(Similarity(embedding, embedding), 1);
  Embedding zero{0, 0};
  Normalise(zero);
  EXPECT_EQ(zero, (Embedding{0, 0}));
}

// Grey, and the primaries of BT.601 limited range, as its formula gives them.
TEST(Frame, ConvertsLimitedRangeBt601) {
  const std::array<std::uint8_t, 1> luma{81};
  const std::array<std::uint8_t, 1> blue_chroma{90};
  const std::array<std::uint8_t, 1> red_chroma{240};
  Frame frame;
  frame.width = frame.height = 1;
  frame.planes = {Plane{luma.data(), 1}, Plane{blue_chroma.data(), 1}, Plane{red_chroma.data(), 1}};
  const auto [red, green, blue] = RgbAt(frame, 0, 0);
  EXPECT_NEAR(red, 254, 2);
  EXPECT_NEAR(green, 0, 2);
  EXPECT_NEAR(blue, 0, 2);
}

TEST(Frame, Nv12AndI420OfOnePictureAgree) {
  const std::array<std::uint8_t, 6> luma{10, 60, 110, 160, 210, 250};  // 3 x 2, odd width
  const std::array<std::uint8_t, 4> interleaved{90, 160, 120, 140};
  const std::array<std::uint8_t, 2> u{90, 120};
  const std::array<std::uint8_t, 2> v{160, 140};
  Frame planar;
  planar.width = 3;
  planar.height = 2;
  planar.planes = {Plane{luma.data(), 3}, Plane{u.data(), 2}, Plane{v.data(), 2}};
  Frame semi = planar;
  semi.format = PixelFormat::kNv12;
  semi.planes = {Plane{luma.data(), 3}, Plane{interleaved.data(), 4}, Plane{}};
  EXPECT_EQ(ToRgb(planar).pixels, ToRgb(semi).pixels);
}

Frame ChequeredFrame(PixelFormat format, std::shared_ptr<std::vector<std::uint8_t>> bytes) {
  for (std::size_t i = 0; i < bytes->size(); ++i) (*bytes)[i] = static_cast<std::uint8_t>(i * 7);
  Frame frame;
  frame.width = 16;
  frame.height = 8;
  frame.format = format;
  const std::uint8_t* at = bytes->data();
  if (format == PixelFormat::kRgb24) {
    frame.planes = {Plane{at, 48}, {}, {}};
  } else if (format == PixelFormat::kNv12) {
    frame.planes = {Plane{at, 16}, Plane{at + 128, 16}, {}};
  } else {
    frame.planes = {Plane{at, 16}, Plane{at + 128, 8}, Plane{at + 160, 8}};
  }
  frame.buffer = std::move(bytes);
  return frame;
}

TEST(Frame, CutOutShowsTheSamePixels) {
  for (const auto format : {PixelFormat::kI420, PixelFormat::kNv12, PixelFormat::kRgb24}) {
    const Frame whole =
        ChequeredFrame(format, std::make_shared<std::vector<std::uint8_t>>(16 * 8 * 3));
    const Frame part = CutOut(whole, 5, 3, 6, 4);
    EXPECT_EQ(part.width, 6);
    EXPECT_EQ(part.height, 4);
    for (int y = 0; y < part.height; ++y) {
      for (int x = 0; x < part.width; ++x) {
        EXPECT_EQ(RgbAt(part, x, y), RgbAt(whole, x + 4, y + 2)) << x << " " << y;
      }
    }
  }
}

TEST(Frame, CutOutStaysInside) {
  const Frame whole =
      ChequeredFrame(PixelFormat::kI420, std::make_shared<std::vector<std::uint8_t>>(16 * 8 * 3));
  const Frame part = CutOut(whole, 12, 6, 100, 100);
  EXPECT_EQ(part.width, 4);
  EXPECT_EQ(part.height, 2);
  EXPECT_EQ(CutOut(whole, -5, -5, 4, 4).planes[0].data, whole.planes[0].data);
}

TEST(Frame, OfAnImageSharesItsPixels) {
  auto image = std::make_shared<RgbImage>(RgbImage{2, 1, {1, 2, 3, 4, 5, 6}});
  const Frame frame = FrameOfImage(image);
  EXPECT_EQ(frame.planes[0].data, image->pixels.data());
  EXPECT_EQ(ToRgb(frame).pixels, image->pixels);
}

}  // namespace
}  // namespace vigil
