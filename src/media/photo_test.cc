// Photos as people send them, whole and broken; all are made here by the libraries' own encoders.
#include "media/photo.h"

#include <gtest/gtest.h>
#include <spng.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "media/test_files.h"

namespace vigil::media {
namespace {

// Left half red, right half blue, top third brighter: every turn and mirroring shows.
RgbImage Pattern(int width, int height) {
  RgbImage image{width, height, {}};
  image.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      pixel[0] = x < width / 2 ? 220 : 20;
      pixel[1] = y < height / 3 ? 200 : 30;
      pixel[2] = x < width / 2 ? 20 : 220;
    }
  }
  return image;
}

int LargestDifference(const RgbImage& left, const RgbImage& right) {
  if (left.pixels.size() != right.pixels.size() || left.width != right.width) return 999;
  int largest = 0;
  for (std::size_t i = 0; i < left.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(left.pixels[i] - right.pixels[i]));
  }
  return largest;
}

Bytes JpegOf(const RgbImage& image) {
  auto bytes = EncodeJpeg(image, 95);
  EXPECT_TRUE(bytes.has_value());
  return bytes.value_or(Bytes{});
}

Bytes PngOf(std::uint32_t width, std::uint32_t height, spng_color_type color, std::uint8_t depth,
            const std::vector<std::uint8_t>& pixels) {
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> png(spng_ctx_new(SPNG_CTX_ENCODER),
                                                           spng_ctx_free);
  spng_set_option(png.get(), SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header{};
  header.width = width;
  header.height = height;
  header.bit_depth = depth;
  header.color_type = static_cast<std::uint8_t>(color);
  spng_set_ihdr(png.get(), &header);
  EXPECT_EQ(spng_encode_image(png.get(), pixels.data(), pixels.size(), SPNG_FMT_PNG,
                              SPNG_ENCODE_FINALIZE),
            0);
  std::size_t size = 0;
  int code = 0;
  auto* bytes = static_cast<std::byte*>(spng_get_png_buffer(png.get(), &size, &code));
  Bytes result(bytes, bytes + size);
  free(bytes);
  return result;
}

Bytes WebpOf(const RgbImage& image) {
  std::uint8_t* out = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, image.width * 3, &out);
  const auto* begin = reinterpret_cast<const std::byte*>(out);
  Bytes bytes(begin, begin + size);
  WebPFree(out);
  return bytes;
}

Bytes Cut(const Bytes& bytes, double share) {
  return {bytes.begin(),
          bytes.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(bytes.size()) * share)};
}

Bytes Text(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// Inserts an Exif segment with the orientation tag after the start of image.
Bytes WithOrientation(const Bytes& jpeg, char orientation, bool big_endian) {
  std::string exif("Exif\0\0", 6);
  if (big_endian) {
    exif += std::string("MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19) + orientation +
            std::string("\0\0\0\0\0\0", 6);
  } else {
    exif += std::string("II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18) + orientation +
            std::string("\0\0\0\0\0\0\0", 7);
  }
  const auto length = static_cast<unsigned>(exif.size() + 2);
  std::string segment{'\xFF', '\xE1', static_cast<char>(length >> 8U),
                      static_cast<char>(length & 0xFFU)};
  const Bytes inserted = Text(segment + exif);
  Bytes result(jpeg.begin(), jpeg.begin() + 2);
  result.insert(result.end(), inserted.begin(), inserted.end());
  result.insert(result.end(), jpeg.begin() + 2, jpeg.end());
  return result;
}

std::string RefusalOf(const Bytes& bytes) {
  const auto image = DecodePhoto(bytes);
  EXPECT_FALSE(image.has_value());
  if (image) return "";
  EXPECT_EQ(image.error().code, ErrorCode::kInvalidArgument);
  const auto sniffed = SniffPhoto(bytes);
  if (!sniffed) {
    EXPECT_EQ(sniffed.error().code, ErrorCode::kInvalidArgument);
  }
  return image.error().message;
}

TEST(Photo, JpegKeepsColoursAndSize) {
  const RgbImage image = Pattern(96, 64);
  const auto decoded = DecodePhoto(JpegOf(image));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->width, 96);
  EXPECT_EQ(decoded->height, 64);
  const std::uint8_t* left_top = decoded->Row(5) + 5 * 3;
  EXPECT_NEAR(left_top[0], 220, 6);
  EXPECT_NEAR(left_top[1], 200, 6);
  EXPECT_NEAR(left_top[2], 20, 6);
}

TEST(Photo, GreyJpegBecomesRgb) {
  const std::vector<std::uint8_t> grey(40 * 30, 77);
  void* turbo = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  tjCompress2(turbo, grey.data(), 40, 40, 30, TJPF_GRAY, &out, &size, TJSAMP_GRAY, 95, 0);
  const auto* begin = reinterpret_cast<const std::byte*>(out);
  const auto decoded = DecodePhoto(Bytes(begin, begin + size));
  tjFree(out);
  tjDestroy(turbo);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->pixels[0], 77);
  EXPECT_EQ(decoded->pixels[1], 77);
  EXPECT_EQ(decoded->pixels[2], 77);
}

TEST(Photo, PrintersColoursAreRefused) {
  const std::vector<std::uint8_t> ink(40 * 30 * 4, 77);
  void* turbo = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  tjCompress2(turbo, ink.data(), 40, 160, 30, TJPF_CMYK, &out, &size, TJSAMP_444, 95, 0);
  const auto* begin = reinterpret_cast<const std::byte*>(out);
  const Bytes bytes(begin, begin + size);
  tjFree(out);
  tjDestroy(turbo);
  EXPECT_NE(RefusalOf(bytes).find("CMYK"), std::string::npos);
}

TEST(Photo, PngWithoutTransparencyIsExact) {
  const RgbImage image = Pattern(61, 37);
  const auto decoded = DecodePhoto(PngOf(61, 37, SPNG_COLOR_TYPE_TRUECOLOR, 8, image.pixels));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(LargestDifference(*decoded, image), 0);
}

TEST(Photo, PngTransparencyIsLaidOnWhite) {
  std::vector<std::uint8_t> rgba;
  for (int i = 0; i < 30 * 30; ++i)
    rgba.insert(rgba.end(), {100, 0, 0, static_cast<std::uint8_t>(i == 0 ? 0 : 255)});
  rgba[7] = 51;  // second pixel: one fifth opaque
  const auto decoded = DecodePhoto(PngOf(30, 30, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, rgba));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(std::vector<std::uint8_t>(decoded->pixels.begin(), decoded->pixels.begin() + 9),
            (std::vector<std::uint8_t>{255, 255, 255, 224, 204, 204, 100, 0, 0}));
}

TEST(Photo, SixteenBitGreyPngIsCutToEight) {
  std::vector<std::uint8_t> grey;
  for (int i = 0; i < 30 * 30; ++i) grey.insert(grey.end(), {0x34, 0xAB});
  // libspng takes 16-bit samples in the machine's order.
  std::vector<std::uint8_t> native(grey.size());
  for (std::size_t i = 0; i < grey.size(); i += 2) {
    const std::uint16_t value = 0x34AB;
    std::memcpy(native.data() + i, &value, 2);
  }
  const auto decoded = DecodePhoto(PngOf(30, 30, SPNG_COLOR_TYPE_GRAYSCALE, 16, native));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(decoded->pixels[0], 0x34);
  EXPECT_EQ(decoded->pixels[2], 0x34);
}

TEST(Photo, WebpIsExactWhenLossless) {
  const RgbImage image = Pattern(50, 41);
  const auto decoded = DecodePhoto(WebpOf(image));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(LargestDifference(*decoded, image), 0);
}

TEST(Photo, SniffNamesFormatAndShownSize) {
  const RgbImage image = Pattern(60, 40);
  const auto jpeg = SniffPhoto(WithOrientation(JpegOf(image), 6, true));
  ASSERT_TRUE(jpeg.has_value()) << jpeg.error().message;
  EXPECT_EQ(MimeType(jpeg->format), "image/jpeg");
  EXPECT_EQ(jpeg->width, 40);
  EXPECT_EQ(jpeg->height, 60);
  const auto png = SniffPhoto(PngOf(60, 40, SPNG_COLOR_TYPE_TRUECOLOR, 8, image.pixels));
  ASSERT_TRUE(png.has_value()) << png.error().message;
  EXPECT_EQ(MimeType(png->format), "image/png");
  const auto webp = SniffPhoto(WebpOf(image));
  ASSERT_TRUE(webp.has_value()) << webp.error().message;
  EXPECT_EQ(MimeType(webp->format), "image/webp");
  EXPECT_EQ(webp->width, 60);
}

struct Turn {
  char orientation;
  // Where the stored left top corner (bright red) is in the shown picture.
  bool right;
  bool bottom;
  bool swapped;
};

class PhotoOrientation : public testing::TestWithParam<Turn> {};

TEST_P(PhotoOrientation, IsAppliedInBothByteOrders) {
  const Turn turn = GetParam();
  for (const bool big_endian : {false, true}) {
    const auto decoded =
        DecodePhoto(WithOrientation(JpegOf(Pattern(96, 60)), turn.orientation, big_endian));
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    ASSERT_EQ(decoded->width, turn.swapped ? 60 : 96);
    const int x = turn.right ? decoded->width - 4 : 3;
    const int y = turn.bottom ? decoded->height - 4 : 3;
    const std::uint8_t* corner = decoded->Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
    EXPECT_NEAR(corner[0], 220, 8);
    EXPECT_NEAR(corner[1], 200, 8);
    EXPECT_NEAR(corner[2], 20, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(All, PhotoOrientation,
                         testing::Values(Turn{1, false, false, false}, Turn{2, true, false, false},
                                         Turn{3, true, true, false}, Turn{4, false, true, false},
                                         Turn{5, false, false, true}, Turn{6, true, false, true},
                                         Turn{7, true, true, true}, Turn{8, false, true, true}));

TEST(Photo, DamagedExifIsIgnored) {
  const Bytes jpeg = JpegOf(Pattern(40, 40));
  EXPECT_TRUE(DecodePhoto(WithOrientation(jpeg, 9, true)).has_value());
  Bytes far = WithOrientation(jpeg, 6, true);
  far[2 + 4 + 6 + 4] = std::byte{0xFF};  // the directory lies beyond the segment
  const auto decoded = DecodePhoto(far);
  EXPECT_TRUE(decoded.has_value()) << decoded.error().message;
}

TEST(Photo, JunkIsNoImage) {
  EXPECT_EQ(RefusalOf(Text("%PDF-1.7 and so on, long enough for any header")),
            "not a JPEG, PNG or WebP image");
  EXPECT_EQ(RefusalOf(Text("GIF89a............")), "not a JPEG, PNG or WebP image");
  EXPECT_EQ(RefusalOf({}), "the file is empty");
}

TEST(Photo, MagicBytesAloneAreRefused) {
  EXPECT_NE(RefusalOf(Text("\xFF\xD8\xFF junk that is no marker at all")).find("JPEG"),
            std::string::npos);
  EXPECT_NE(RefusalOf(Text("\x89PNG\r\n\x1A\njunkjunkjunkjunkjunkjunk")).find("PNG"),
            std::string::npos);
  EXPECT_NE(RefusalOf(Text("RIFFxxxxWEBPjunkjunkjunkjunkjunk")).find("WebP"), std::string::npos);
}

TEST(Photo, CutFilesAreRefusedWhereverTheyEnd) {
  const RgbImage image = Pattern(200, 150);
  for (const double share : {0.3, 0.6, 0.95}) {
    EXPECT_NE(RefusalOf(Cut(JpegOf(image), share)).find("JPEG"), std::string::npos) << share;
    EXPECT_NE(RefusalOf(Cut(PngOf(200, 150, SPNG_COLOR_TYPE_TRUECOLOR, 8, image.pixels), share))
                  .find("PNG"),
              std::string::npos);
    EXPECT_NE(RefusalOf(Cut(WebpOf(image), share)).find("WebP"), std::string::npos) << share;
  }
  EXPECT_EQ(RefusalOf(Cut(JpegOf(image), 0.95)), "the JPEG ends too early; send the whole file");
}

TEST(Photo, OnePixelIsTooSmall) {
  EXPECT_EQ(RefusalOf(JpegOf(Pattern(1, 1))),
            "the picture has 1x1 pixels; at least 20x20 are needed to hold a face");
}

TEST(Photo, SixtyMegapixelsAreRefusedBeforeDecoding) {
  // The claim stands in the header's frame segment; the picture behind it is far smaller.
  Bytes jpeg = JpegOf(Pattern(40, 40));
  for (std::size_t i = 0; i + 9 < jpeg.size(); ++i) {
    if (jpeg[i] == std::byte{0xFF} && jpeg[i + 1] == std::byte{0xC0}) {
      jpeg[i + 5] = std::byte{0x1A}, jpeg[i + 6] = std::byte{0x0B};  // 6667 high
      jpeg[i + 7] = std::byte{0x23}, jpeg[i + 8] = std::byte{0x28};  // 9000 wide
      break;
    }
  }
  EXPECT_EQ(RefusalOf(jpeg),
            "the picture has 60.0 megapixels (9000x6667); at most 50 are taken: make it smaller");
}

TEST(Photo, PngBombIsRefusedBeforeDecoding) {
  const Bytes png =
      PngOf(12'000, 12'000, SPNG_COLOR_TYPE_GRAYSCALE, 1, std::vector<std::uint8_t>(1500 * 12'000));
  EXPECT_NE(RefusalOf(png).find("144.0 megapixels"), std::string::npos);
}

TEST(Photo, LimitsCanBeSet) {
  const Bytes jpeg = JpegOf(Pattern(100, 100));
  EXPECT_FALSE(DecodePhoto(jpeg, {.megapixels_max = 0.009}).has_value());
  EXPECT_FALSE(DecodePhoto(jpeg, {.side_min_px = 101}).has_value());
  EXPECT_FALSE(DecodePhoto(jpeg, {.file_size_max_bytes = jpeg.size() - 1}).has_value());
  EXPECT_TRUE(DecodePhoto(jpeg, {.file_size_max_bytes = jpeg.size()}).has_value());
}

TEST(PhotoFile, ReadsWhatItIsWhateverItsName) {
  const TestFolder folder;
  const Bytes jpeg = JpegOf(Pattern(40, 30));
  WriteAll(folder / "a.png", {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
  const auto image = ReadPhotoFile(folder / "a.png");
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->width, 40);
}

TEST(PhotoFile, ErrorsNameThePath) {
  const TestFolder folder;
  const auto missing = ReadPhotoFile(folder / "none.jpg");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("none.jpg"), std::string::npos);
  const auto directory = ReadPhotoFile(folder / "");
  ASSERT_FALSE(directory.has_value());
  EXPECT_NE(directory.error().message.find("is a folder"), std::string::npos);
  WriteAll(folder / "text.jpg", "hello");
  const auto text = ReadPhotoFile(folder / "text.jpg");
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().message, (folder / "text.jpg") + ": not a JPEG, PNG or WebP image");
}

}  // namespace
}  // namespace vigil::media
