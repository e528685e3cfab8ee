// Snapshots must show the colours that the camera meant, from every layout and colour space.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <tuple>
#include <vector>

#include "fake_frame_source.h"
#include "media/photo.h"

namespace vigil::media {
namespace {

// One flat colour, in the given layout and colour space.
Frame FlatFrame(std::array<std::uint8_t, 3> yuv, PixelFormat layout, ColorSpace color, int width,
                int height) {
  Frame frame = MakeTestFrame(width, height, yuv[0]);
  const int chroma_width = (width + 1) / 2;
  const auto chroma =
      static_cast<std::size_t>(chroma_width) * static_cast<std::size_t>((height + 1) / 2);
  const auto luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(luma + 2 * chroma, yuv[0]);
  for (std::size_t i = 0; i < chroma; ++i) {
    const bool packed = layout == PixelFormat::kNv12;
    (*pixels)[luma + (packed ? 2 * i : i)] = yuv[1];
    (*pixels)[luma + (packed ? 2 * i + 1 : chroma + i)] = yuv[2];
  }
  frame.format = layout;
  frame.color = color;
  frame.planes[0] = {pixels->data(), width};
  frame.planes[1] = {pixels->data() + luma,
                     layout == PixelFormat::kNv12 ? 2 * chroma_width : chroma_width};
  frame.planes[2] =
      layout == PixelFormat::kNv12 ? Plane{} : Plane{pixels->data() + luma + chroma, chroma_width};
  frame.buffer = pixels;
  return frame;
}

class SnapshotColors : public testing::TestWithParam<std::tuple<PixelFormat, bool, bool>> {};

TEST_P(SnapshotColors, EqualTheFramesOwn) {
  const auto [layout, bt709, full_range] = GetParam();
  for (const std::array<std::uint8_t, 3> yuv : {std::array<std::uint8_t, 3>{120, 110, 150},
                                                {90, 140, 120},
                                                {180, 128, 128},
                                                {16, 128, 128},
                                                {100, 90, 170}}) {
    const Frame frame = FlatFrame(yuv, layout, {bt709, full_range}, 65, 47);
    const auto jpeg = EncodeJpeg(frame, 98);
    ASSERT_TRUE(jpeg.has_value()) << jpeg.error().message;
    const auto image = DecodePhoto(*jpeg);
    ASSERT_TRUE(image.has_value()) << image.error().message;
    ASSERT_EQ(image->width, 65);
    ASSERT_EQ(image->height, 47);
    const auto wanted = RgbAt(frame, 30, 20);
    const std::uint8_t* seen = image->Row(20) + 30 * 3;
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(seen[i], wanted[i], 4) << "channel " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SnapshotColors,
                         testing::Combine(testing::Values(PixelFormat::kI420, PixelFormat::kNv12),
                                          testing::Bool(), testing::Bool()));

TEST(Snapshot, ShrinksToTheWidthAndAverages) {
  Frame frame = MakeTestFrame(64, 48, 0);
  auto stripes = std::make_shared<std::vector<std::uint8_t>>(64 * 48);
  for (std::size_t i = 0; i < stripes->size(); ++i) (*stripes)[i] = i % 2 == 0 ? 40 : 80;
  frame.planes[0].data = stripes->data();
  frame.color.full_range = true;
  const auto jpeg = EncodeJpeg(frame, 98, 32);
  ASSERT_TRUE(jpeg.has_value()) << jpeg.error().message;
  const auto image = DecodePhoto(*jpeg);
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->width, 32);
  EXPECT_EQ(image->height, 24);
  EXPECT_NEAR(image->pixels[300], 60, 2);
}

TEST(Snapshot, NeverEnlarges) {
  const auto jpeg = EncodeJpeg(MakeTestFrame(64, 48), 80, 1000);
  ASSERT_TRUE(jpeg.has_value());
  EXPECT_EQ(SniffPhoto(*jpeg)->width, 64);
}

TEST(Snapshot, TakesRgbFrames) {
  auto image = std::make_shared<RgbImage>(RgbImage{30, 30, std::vector<std::uint8_t>(2700, 90)});
  const auto jpeg = EncodeJpeg(FrameOfImage(image), 90);
  ASSERT_TRUE(jpeg.has_value());
  EXPECT_NEAR(DecodePhoto(*jpeg)->pixels[0], 90, 1);
}

TEST(EncodeJpeg, RefusesWhatJpegCannotHold) {
  EXPECT_FALSE(EncodeJpeg(RgbImage{}, 90).has_value());
  EXPECT_FALSE(EncodeJpeg(Frame{}, 90).has_value());
  const RgbImage image{20, 20, std::vector<std::uint8_t>(1200)};
  EXPECT_FALSE(EncodeJpeg(image, 0).has_value());
  EXPECT_FALSE(EncodeJpeg(image, 101).has_value());
}

}  // namespace
}  // namespace vigil::media
