// Equal to Pillow, bit for bit.
#include "vision/bilinear_resize.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "golden/golden.h"

namespace vigil::vision {
namespace {

// As `pattern` in tests/golden/make_golden.py.
RgbImage Pattern(int width, int height) {
  RgbImage image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        image.pixels.push_back(
            static_cast<std::uint8_t>((x * 37 + y * 91 + channel * 53 + x * y % 251) % 256));
      }
    }
  }
  return image;
}

TEST(BilinearResize, EqualsPillow) {
  const json::value golden = ReadGolden();
  const auto& resizes = golden.at("resizes").as_array();
  ASSERT_GE(resizes.size(), 8U);
  for (const json::value& resize : resizes) {
    const auto side = [&](const char* which, std::size_t i) {
      return resize.at(which).as_array()[i].to_number<int>();
    };
    const RgbImage resized =
        ResizeBilinear(Pattern(side("from", 0), side("from", 1)), side("to", 0), side("to", 1));
    EXPECT_EQ(Sha256Hex(std::as_bytes(std::span(resized.pixels))),
              resize.at("sha256").as_string().c_str())
        << json::serialize(resize);
  }
}

TEST(BilinearResize, OneColourStaysOneColour) {
  const RgbImage plain{7, 3, std::vector<std::uint8_t>(63, 201)};
  for (const std::uint8_t value : ResizeBilinear(plain, 50, 2).pixels) ASSERT_EQ(value, 201);
}

}  // namespace
}  // namespace vigil::vision
