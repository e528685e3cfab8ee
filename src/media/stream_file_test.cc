// Video files, whole and broken, made at test time by the ffmpeg program.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "media/stream_source.h"
#include "media/test_files.h"

namespace vigil::media {
namespace {

class StreamFile : public testing::Test {
 protected:
  std::expected<OpenedStream, StreamOpenError> Open(const std::string& path,
                                                    const StreamOptions& options = {}) {
    return OpenStream(Secret(path), options, {}, clock_);
  }

  // All frames, and the error that ended them.
  std::pair<std::vector<Frame>, Error> ReadAllFrames(FrameSource& source) {
    std::vector<Frame> frames;
    while (true) {
      auto frame = source.Next({});
      if (!frame) return {std::move(frames), frame.error()};
      frames.push_back(*std::move(frame));
    }
  }

  TestFolder folder_;
  SystemClock clock_;
};

TEST_F(StreamFile, TellsWhatItHolds) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.mp4", 12));
  const auto opened = Open(folder_ / "a.mp4");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  EXPECT_EQ(opened->info.codec, "h264");
  EXPECT_EQ(opened->info.width, 320);
  EXPECT_EQ(opened->info.height, 240);
  EXPECT_DOUBLE_EQ(opened->info.frames_per_second, 25);
  const auto [frames, end] = ReadAllFrames(*opened->source);
  EXPECT_EQ(frames.size(), 12U);
  EXPECT_EQ(frames.back().pts, std::chrono::milliseconds{440});
  EXPECT_EQ(end.code, ErrorCode::kEndOfStream);
  EXPECT_EQ(opened->counters->frames, 12);
  EXPECT_EQ(opened->counters->corrupt_packets, 0);
}

TEST_F(StreamFile, FileUrlsAndPlainPathsAreTheSame) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "with space:colon.mp4", 2));
  EXPECT_TRUE(Open(folder_ / "with space:colon.mp4").has_value());
  EXPECT_TRUE(Open("file:" + (folder_ / "with space:colon.mp4")).has_value());
  EXPECT_TRUE(Open("file://" + (folder_ / "with space:colon.mp4")).has_value());
}

struct Colour {
  std::string name;
  std::string arguments;
  ColorSpace wanted;
};

class StreamColor : public StreamFile, public testing::WithParamInterface<Colour> {};

TEST_P(StreamColor, IsTheStreamsOwnAndRedStaysRed) {
  ASSERT_TRUE(
      MakeVideo("-f lavfi -i color=red:size=64x48:rate=25 -frames:v 2 " + GetParam().arguments,
                folder_ / "red.mkv"));
  const auto opened = Open(folder_ / "red.mkv");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  const auto frame = opened->source->Next({});
  ASSERT_TRUE(frame.has_value()) << frame.error().message;
  EXPECT_EQ(frame->color, GetParam().wanted);
  EXPECT_EQ(frame->format, PixelFormat::kI420);
  const auto pixel = RgbAt(*frame, 20, 20);
  EXPECT_NEAR(pixel[0], 254, 4);
  EXPECT_NEAR(pixel[1], 0, 4);
  EXPECT_NEAR(pixel[2], 0, 4);
}

INSTANTIATE_TEST_SUITE_P(
    All, StreamColor,
    testing::Values(
        Colour{"Unspecified", "-pix_fmt yuv420p -c:v libx264", {false, false}},
        Colour{"Bt709",
               "-vf scale=out_color_matrix=bt709,format=yuv420p -colorspace bt709 -c:v libx264",
               {true, false}},
        Colour{"FullRange", "-pix_fmt yuvj420p -c:v mjpeg", {false, true}},
        Colour{"FullRange422", "-pix_fmt yuvj422p -c:v mjpeg", {false, true}},
        Colour{"Chroma444", "-pix_fmt yuv444p -c:v libx264", {false, false}},
        Colour{"TenBit", "-pix_fmt yuv420p10le -c:v libx264", {false, false}},
        Colour{"Rgb", "-pix_fmt bgr24 -c:v rawvideo -f avi", {false, false}}),
    [](const auto& row) { return row.param.name; });

TEST_F(StreamFile, OddSizesKeepTheirLastColumn) {
  ASSERT_TRUE(
      MakeVideo("-f lavfi -i testsrc=size=65x47:rate=25 -frames:v 1 -pix_fmt yuvj420p -c:v mjpeg",
                folder_ / "odd.avi"));
  const auto opened = Open(folder_ / "odd.avi");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  const auto frame = opened->source->Next({});
  ASSERT_TRUE(frame.has_value()) << frame.error().message;
  EXPECT_EQ(frame->width, 65);
  EXPECT_EQ(frame->height, 47);
  EXPECT_GE(frame->planes[1].stride_bytes, 33);
}

class StreamRotation : public StreamFile, public testing::WithParamInterface<int> {};

// The picture is red on the left and blue on the right. The ffmpeg program counts the turn
// counterclockwise: after 90, 180 and 270 degrees red is at the bottom, on the right, on top.
TEST_P(StreamRotation, IsAppliedAsThePhoneAsks) {
  const int degrees = GetParam();
  ASSERT_TRUE(MakeVideo(
      "-f lavfi -i color=red:size=32x48:rate=25 -f lavfi -i color=blue:size=32x48:rate=25 "
      "-filter_complex hstack -frames:v 2 -pix_fmt yuv420p -c:v libx264",
      folder_ / "flat.mp4"));
  ASSERT_TRUE(MakeVideo("-i '" + (folder_ / "flat.mp4") +
                            "' -c copy -metadata:s:v:0 rotate=" + std::to_string(degrees),
                        folder_ / "turned.mp4"));
  const auto opened = Open(folder_ / "turned.mp4");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  const auto frame = opened->source->Next({});
  ASSERT_TRUE(frame.has_value()) << frame.error().message;
  const bool lying = degrees == 180;
  EXPECT_EQ(frame->width, lying ? 64 : 48);
  EXPECT_EQ(opened->info.width, frame->width);
  const int x = lying ? frame->width - 8 : frame->width / 2;
  const int y = degrees == 270 ? 8 : (degrees == 90 ? frame->height - 8 : frame->height / 2);
  EXPECT_GT(RgbAt(*frame, x, y)[0], 200);
  EXPECT_GT(RgbAt(*frame, frame->width - 1 - x, frame->height - 1 - y)[2], 200);
}

INSTANTIATE_TEST_SUITE_P(All, StreamRotation, testing::Values(90, 180, 270));

TEST_F(StreamFile, ResolutionMayChangeOnTheWay) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.h264", 5, "320x240"));
  ASSERT_TRUE(MakeTestVideo(folder_ / "b.h264", 5, "160x96"));
  WriteAll(folder_ / "both.h264", ReadAll(folder_ / "a.h264") + ReadAll(folder_ / "b.h264"));
  const auto opened = Open(folder_ / "both.h264");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  const auto [frames, end] = ReadAllFrames(*opened->source);
  ASSERT_EQ(frames.size(), 10U) << end.message;
  EXPECT_EQ(frames.front().width, 320);
  EXPECT_EQ(frames.back().width, 160);
  EXPECT_EQ(frames.back().height, 96);
  EXPECT_EQ(frames.back().pts, std::chrono::milliseconds{360});
}

TEST_F(StreamFile, CorruptPacketsAreSkipped) {
  ASSERT_TRUE(
      MakeTestVideo(folder_ / "good.mpg", 60, "320x240", "-c:v mpeg2video -g 10 -f mpegts"));
  std::string bytes = ReadAll(folder_ / "good.mpg");
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 4000; i += 7)
    bytes[i] = static_cast<char>(i);
  WriteAll(folder_ / "bad.ts", bytes);
  const auto opened = Open(folder_ / "bad.ts");
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  const auto [frames, end] = ReadAllFrames(*opened->source);
  EXPECT_EQ(end.code, ErrorCode::kEndOfStream) << end.message;
  EXPECT_GE(frames.size(), 40U);
}

TEST_F(StreamFile, PacketsThatNeverGiveAPictureAreUndecodable) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.h264", 40));
  // Without its first picture and parameter sets nothing can be decoded.
  std::string bytes = ReadAll(folder_ / "a.h264");
  for (std::size_t i = 0; i + 4 < bytes.size(); ++i) {
    const int kind = bytes[i + 3] & 0x1F;
    if (bytes.compare(i, 3, "\0\0\1", 3) == 0 && i > 200 && (kind == 7 || kind == 8 || kind == 5)) {
      bytes[i + 3] = static_cast<char>((bytes[i + 3] & 0xE0) | 30);
    }
  }
  const auto first_picture = bytes.find(std::string("\0\0\1\x41", 4));
  ASSERT_NE(first_picture, std::string::npos);
  WriteAll(folder_ / "headless.h264", bytes.substr(0, 60) + bytes.substr(first_picture));
  const auto opened = Open(folder_ / "headless.h264", {.undecodable_packets_max = 10});
  if (!opened) {
    EXPECT_EQ(opened.error().fault, StreamFault::kUndecodable) << opened.error().error.message;
    return;
  }
  const auto [frames, end] = ReadAllFrames(*opened->source);
  EXPECT_EQ(frames.size(), 0U);
  EXPECT_EQ(opened->source->Fault(), StreamFault::kUndecodable) << end.message;
}

TEST_F(StreamFile, AVideoOfZeroFramesHasNoVideo) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.mkv", 3));
  // A header whose clusters are cut off.
  const std::string bytes = ReadAll(folder_ / "a.mkv");
  const auto cluster = bytes.find("\x1F\x43\xB6\x75");
  ASSERT_NE(cluster, std::string::npos);
  WriteAll(folder_ / "zero.mkv", bytes.substr(0, cluster));
  const auto opened = Open(folder_ / "zero.mkv");
  if (!opened) {
    EXPECT_EQ(opened.error().fault, StreamFault::kNoVideo) << opened.error().error.message;
    return;
  }
  const auto frame = opened->source->Next({});
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(opened->source->Fault(), StreamFault::kNoVideo);
  EXPECT_NE(frame.error().message.find("zero.mkv"), std::string::npos);
}

TEST_F(StreamFile, SoundAloneIsNoVideo) {
  ASSERT_TRUE(MakeVideo("-f lavfi -i sine=duration=1 -c:a aac", folder_ / "sound.mp4"));
  const auto opened = Open(folder_ / "sound.mp4");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().fault, StreamFault::kNoVideo);
}

TEST_F(StreamFile, WhatIsNoVideoIsSaidSo) {
  WriteAll(folder_ / "text.mp4", std::string(5000, 'x'));
  WriteAll(folder_ / "empty.mp4", "");
  WriteAll(folder_ / "list.mp4", "ffconcat version 1.0\nfile a.mp4\n");
  for (const char* name : {"text.mp4", "empty.mp4", "list.mp4"}) {
    const auto opened = Open(folder_ / name);
    ASSERT_FALSE(opened.has_value()) << name;
    EXPECT_NE(opened.error().error.message.find(name), std::string::npos);
    EXPECT_EQ(opened.error().fault, StreamFault::kUndecodable)
        << name << opened.error().error.message;
  }
}

TEST_F(StreamFile, MissingFilesFoldersAndPipesAreRefused) {
  const auto missing = Open(folder_ / "none.mp4");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().fault, StreamFault::kNotFound);
  EXPECT_EQ(missing.error().error.code, ErrorCode::kNotFound);
  EXPECT_FALSE(Open(folder_ / "").has_value());
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(Open(pipe).has_value());
}

TEST_F(StreamFile, OtherSchemesAreRefused) {
  for (const char* url :
       {"http://127.0.0.1/a.mp4", "concat://a|b", "tcp://127.0.0.1:1", "gopher://x"}) {
    const auto opened = Open(url);
    ASSERT_FALSE(opened.has_value()) << url;
    EXPECT_EQ(opened.error().error.code, ErrorCode::kInvalidArgument) << url;
  }
}

TEST_F(StreamFile, LargerPicturesThanAllowedAreRefused) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.mp4", 2));
  const auto opened = Open(folder_ / "a.mp4", {.side_max_px = 319});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().fault, StreamFault::kUndecodable);
}

TEST_F(StreamFile, RealTimePaceFollowsTheClock) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "a.mp4", 3));
  ManualClock clock;
  const auto opened =
      OpenStream(Secret(folder_ / "a.mp4"), {.file_pace = FilePace::kRealTime}, {}, clock);
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  ASSERT_TRUE(opened->source->Next({}).has_value());
  const WallTime start = clock.WallNow();
  const std::jthread time([&] {
    clock.AwaitSleepers(1);
    clock.Advance(std::chrono::milliseconds{40});
  });
  const auto second = opened->source->Next({});
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->captured_at - start, std::chrono::milliseconds{40});
}

}  // namespace
}  // namespace vigil::media
