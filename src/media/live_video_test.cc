// What viewers get must play: the real muxer, read back with FFmpeg's own demuxer and decoder.
#include "media/live_video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "media/stream_source.h"
#include "media/test_files.h"
#include "media/test_rtsp_server.h"

namespace vigil::media {
namespace {

using State = LiveVideoNews::State;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::chrono::milliseconds> Play(const std::string& bytes, const std::string& path) {
  WriteAll(path, bytes);
  SystemClock clock;
  auto opened = OpenStream(Secret(path), {}, {}, clock);
  if (!opened) {
    ADD_FAILURE() << opened.error().error.message;
    return {};
  }
  std::vector<std::chrono::milliseconds> times;
  while (auto frame = opened->source->Next({})) times.push_back(frame->pts);
  EXPECT_EQ(opened->counters->corrupt_packets, 0);
  return times;
}

class LiveVideoTest : public testing::Test {
 protected:
  void Open(const std::string& path) {
    auto opened = OpenStream(Secret(path), options_, {}, clock_);
    ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
    stream_ = *std::move(opened);
  }
  void OpenTestVideo(int frames, const std::string& more = "") {
    const std::string path = folder_ / "camera.mkv";
    ASSERT_TRUE(more.empty() ? MakeTestVideo(path, frames)
                             : MakeTestVideo(path, frames, "320x240", more));
    Open(path);
  }
  void Read(int frames) {
    for (int i = 0; i < frames; ++i) ASSERT_TRUE(stream_.source->Next({}).has_value());
  }
  void ReadToTheEnd() {
    while (stream_.source->Next({})) {
    }
  }
  std::unique_ptr<LiveVideo::Viewer> Join() {
    return std::make_unique<LiveVideo::Viewer>(stream_.video, [this] { ++rung_; });
  }
  // Adds what the viewer has now to `bytes`; how many fragments it was.
  static std::size_t TakeInto(std::string& bytes, LiveVideo::Viewer& viewer) {
    const LiveVideoNews news = viewer.Take();
    EXPECT_NE(news.state, State::kBehind);
    if (news.header) bytes += *news.header->bytes;
    for (const auto& fragment : news.fragments) bytes += *fragment;
    return news.fragments.size();
  }

  TestFolder folder_;
  SystemClock clock_;
  StreamOptions options_;
  OpenedStream stream_;
  int rung_ = 0;
};

TEST_F(LiveVideoTest, PlaysFromTheLastKeyframeAtOnce) {
  OpenTestVideo(40);
  Read(25);  // keyframes at 0, 10 and 20
  const auto viewer = Join();
  std::string bytes;
  // Frames 20 to 23: the length of the newest packet is not known yet.
  EXPECT_EQ(TakeInto(bytes, *viewer), 4U);
  ASSERT_TRUE(bytes.find("avcC") != bytes.npos);
  EXPECT_THAT(Play(bytes, folder_ / "start.mp4"), SizeIs(4));
  Read(10);
  EXPECT_EQ(rung_, 10);
  TakeInto(bytes, *viewer);
  const auto times = Play(bytes, folder_ / "on.mp4");
  ASSERT_THAT(times, SizeIs(14));
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ((times[i] - times[i - 1]).count(), 40);
}

TEST_F(LiveVideoTest, TellsCodecAndSize) {
  OpenTestVideo(12, "-pix_fmt yuv420p -c:v libx264 -profile:v main -level 3.1 -g 10");
  const auto described = stream_.video->Describe();
  ASSERT_TRUE(described.has_value());
  EXPECT_EQ(described->codec, "avc1.4D401F");
  EXPECT_EQ(described->width, 320);
  EXPECT_EQ(described->height, 240);
  Read(2);
  const auto news = Join()->Take();
  ASSERT_TRUE(news.header.has_value());
  EXPECT_EQ(news.header->codec, described->codec);
  EXPECT_EQ(*news.header->bytes, *described->bytes);
}

TEST_F(LiveVideoTest, GivesTheSameFragmentsToAll) {
  OpenTestVideo(40);
  Read(5);
  const auto first = Join();
  const auto second = Join();
  Read(20);
  const LiveVideoNews one = first->Take();
  const LiveVideoNews other = second->Take();
  ASSERT_EQ(one.fragments.size(), other.fragments.size());
  EXPECT_EQ(one.fragments, other.fragments);  // shared, not copied
  EXPECT_FALSE(one.fragments.empty());
}

TEST_F(LiveVideoTest, GoesOnForWhoeverComesBackWithinAGroup) {
  OpenTestVideo(40);
  Read(3);
  std::string bytes;
  EXPECT_EQ(TakeInto(bytes, *Join()), 2U);
  Read(3);
  const auto viewer = Join();
  bytes.clear();
  EXPECT_EQ(TakeInto(bytes, *viewer), 5U);
  EXPECT_THAT(Play(bytes, folder_ / "again.mp4"), SizeIs(5));
}

TEST_F(LiveVideoTest, BeginsAnewForWhoeverComesBackLater) {
  OpenTestVideo(60);
  Read(3);
  std::string bytes;
  TakeInto(bytes, *Join());
  Read(20);  // two keyframes later
  bytes.clear();
  const auto viewer = Join();
  EXPECT_EQ(TakeInto(bytes, *viewer), 2U);
  const auto times = Play(bytes, folder_ / "anew.mp4");
  ASSERT_THAT(times, SizeIs(2));
  Read(5);
  EXPECT_EQ(TakeInto(bytes, *viewer), 5U);
}

TEST_F(LiveVideoTest, KeepsFramesInOrderThatAreShownInAnother) {
  OpenTestVideo(40, "-pix_fmt yuv420p -c:v libx264 -bf 2 -g 20");
  const auto viewer = Join();
  ReadToTheEnd();
  std::string bytes;
  TakeInto(bytes, *viewer);
  const auto times = Play(bytes, folder_ / "b_frames.mp4");
  ASSERT_GE(times.size(), 36U);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ((times[i] - times[i - 1]).count(), 40);
}

TEST_F(LiveVideoTest, TellsThePlayersTimeOfAFrame) {
  OpenTestVideo(40);
  Read(12);
  const auto viewer = Join();
  viewer->Take();
  const auto frame = stream_.source->Next({});
  ASSERT_TRUE(frame.has_value());
  viewer->Take();
  // The player's time begins with the keyframe at 400 ms.
  EXPECT_NEAR(stream_.video->PlayerTime(frame->pts).count(),
              static_cast<double>(frame->pts.count() - 400) / 1000, 0.002);
}

TEST_F(LiveVideoTest, LeavesBehindWhoeverTakesTooLittle) {
  options_.video_bytes_max = 40'000;
  OpenTestVideo(100, "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 5");
  const auto slow = Join();
  std::string bytes;
  Read(3);
  EXPECT_GT(TakeInto(bytes, *slow), 0U);
  ReadToTheEnd();
  EXPECT_EQ(slow->Take().state, State::kBehind);
}

TEST_F(LiveVideoTest, WaitsForAKeyframeWhereAGroupIsTooLong) {
  options_.video_bytes_max = 10'000;
  OpenTestVideo(60, "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 30 -qp 10");
  Read(20);  // far above the limit since the keyframe
  const auto viewer = Join();
  LiveVideoNews news = viewer->Take();
  EXPECT_EQ(news.state, State::kOn);
  EXPECT_THAT(news.fragments, IsEmpty());
}

TEST_F(LiveVideoTest, EndsWithItsStream) {
  OpenTestVideo(20);
  const auto video = stream_.video;
  const auto viewer = Join();
  Read(5);
  EXPECT_EQ(viewer->Take().state, State::kOn);
  const int before = rung_;
  stream_.source.reset();
  EXPECT_EQ(rung_, before + 1);
  EXPECT_EQ(viewer->Take().state, State::kEnded);
}

TEST_F(LiveVideoTest, RefusesOtherVideo) {
  const std::string path = folder_ / "camera.mkv";
  ASSERT_TRUE(MakeTestVideo(path, 5, "320x240", "-c:v mpeg4"));
  Open(path);
  EXPECT_EQ(stream_.video->Codec(), "mpeg4");
  EXPECT_FALSE(stream_.video->IsPlayable());
  EXPECT_EQ(stream_.video->Describe(), std::nullopt);
  ReadToTheEnd();
}

TEST_F(LiveVideoTest, TakesParametersThatComeTwiceForTheSame) {
  const std::string path = folder_ / "camera.h264";
  ASSERT_TRUE(MakeTestVideo(path, 40));
  std::vector<RtpUnit> units;
  int keyframes = 0;
  const std::vector<RtpUnit> once = UnitsOfAnnexB(ReadAll(path));
  for (std::size_t i = 0; i < once.size(); ++i) {
    units.push_back(once[i]);
    // Behind the picture parameters of every second keyframe both sets come again.
    if ((once[i].nal.front() & 0x1F) == 8 && ++keyframes % 2 == 0) {
      units.push_back(once[i - 1]);
      units.push_back(once[i]);
    }
  }
  ASSERT_EQ(keyframes, 4);
  TestRtspServer camera({.units = std::move(units), .then = TestRtspServer::Then::kClose});
  Open(camera.Url());
  const auto viewer = Join();
  ReadToTheEnd();
  const LiveVideoNews news = viewer->Take();
  EXPECT_NE(news.state, State::kBehind);
  EXPECT_GE(news.fragments.size(), 35U);
}

TEST_F(LiveVideoTest, SendsViewersBackWhenTheVideoChanges) {
  const std::string path = folder_ / "camera.h264";
  ASSERT_TRUE(MakeTestVideo(path, 20));
  auto units = UnitsOfAnnexB(ReadAll(path));
  ASSERT_TRUE(MakeTestVideo(path, 20, "160x128"));
  for (RtpUnit& unit : UnitsOfAnnexB(ReadAll(path), units.back().timestamp + 3600)) {
    units.push_back(std::move(unit));
  }
  TestRtspServer camera({.units = std::move(units), .then = TestRtspServer::Then::kClose});
  Open(camera.Url());
  const auto viewer = Join();
  std::string bytes;
  Frame frame = stream_.source->Next({}).value();
  while (frame.width == 320) {
    if (viewer->Take().state == State::kBehind) break;
    frame = stream_.source->Next({}).value();
  }
  EXPECT_EQ(viewer->Take().state, State::kBehind);
  const auto again = Join();
  ReadToTheEnd();
  const LiveVideoNews news = again->Take();
  ASSERT_TRUE(news.header.has_value());
  EXPECT_EQ(news.header->width, 160);
  EXPECT_EQ(news.header->height, 128);
  bytes = *news.header->bytes;
  for (const auto& fragment : news.fragments) bytes += *fragment;
  EXPECT_GE(Play(bytes, folder_ / "changed.mp4").size(), 15U);
}

class LiveVideoLeapTest : public LiveVideoTest, public testing::WithParamInterface<const char*> {};

TEST_P(LiveVideoLeapTest, PlaysACameraWhoseClockLeaps) {
  const std::string path = folder_ / "camera.h264";
  ASSERT_TRUE(MakeTestVideo(path, 40, "320x240", GetParam()));
  auto units = UnitsOfAnnexB(ReadAll(path));
  for (std::size_t i = units.size() / 2; i < units.size(); ++i) units[i].timestamp += 90'000 * 600;
  TestRtspServer camera({.units = std::move(units), .then = TestRtspServer::Then::kClose});
  Open(camera.Url());
  const auto viewer = Join();
  ReadToTheEnd();
  std::string bytes;
  TakeInto(bytes, *viewer);
  const auto times = Play(bytes, folder_ / "leap.mp4");
  ASSERT_GE(times.size(), 30U);
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_GT((times[i] - times[i - 1]).count(), 0);
    EXPECT_LT((times[i] - times[i - 1]).count(), 1'000);
  }
}

// Where frames are reordered, FFmpeg makes up the decoding times.
INSTANTIATE_TEST_SUITE_P(All, LiveVideoLeapTest,
                         testing::Values("-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 10",
                                         "-pix_fmt yuv420p -c:v libx264 -preset veryfast -g 10 "
                                         "-bf 2"),
                         [](const auto& param) {
                           return param.index == 0 ? "InOrder" : "Reordered";
                         });

}  // namespace
}  // namespace vigil::media
