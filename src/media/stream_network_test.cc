// RTSP over loopback: each way in which a camera fails has its own name, and none holds us longer
// than its deadline.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "media/name_lookup.h"
#include "media/stream_source.h"
#include "media/test_files.h"
#include "media/test_rtsp_server.h"

namespace vigil::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSlack{700};

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
constexpr bool kThreadSanitizer = false;
#endif

class StreamNetwork : public testing::Test {
 protected:
  // Requests a stop after a short while, from another thread.
  class StopSoon {
   public:
    StopSoon()
        : thread_([this] {
            std::this_thread::sleep_for(milliseconds{130});
            requested_ = steady_clock::now();
            source_.request_stop();
          }) {}
    std::stop_token Token() const { return source_.get_token(); }
    milliseconds Since() {
      thread_.join();
      return std::chrono::duration_cast<milliseconds>(steady_clock::now() - requested_);
    }

   private:
    std::stop_source source_;
    steady_clock::time_point requested_;
    std::jthread thread_;
  };

  std::expected<OpenedStream, StreamOpenError> Open(const std::string& url,
                                                    const StreamOptions& options = {},
                                                    std::stop_token stop = {}) {
    return OpenStream(Secret(url), options, std::move(stop), clock_);
  }

  StreamOpenError FailureOf(const std::string& url, const StreamOptions& options = {}) {
    auto opened = Open(url, options);
    EXPECT_FALSE(opened.has_value());
    if (opened) return {};
    EXPECT_EQ(opened.error().error.message.find("secret"), std::string::npos)
        << opened.error().error.message;
    return opened.error();
  }

  std::string AnnexB(int frames, const std::string& size = "320x240") {
    EXPECT_TRUE(MakeTestVideo(folder_ / "clip.h264", frames, size))
        << "the ffmpeg program is needed";
    return ReadAll(folder_ / "clip.h264");
  }

  TestFolder folder_;
  SystemClock clock_;
};

TEST_F(StreamNetwork, AClosedPortIsRefused) {
  std::string url;
  {
    const TestRtspServer server({});
    url = server.Url("admin:topsecret@");
  }
  const StreamOpenError failure = FailureOf(url);
  EXPECT_EQ(failure.fault, StreamFault::kRefused) << failure.error.message;
  EXPECT_EQ(failure.error.code, ErrorCode::kUnavailable);
}

TEST_F(StreamNetwork, WrongCredentialsAreUnauthorised) {
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    const TestRtspServer server({.describe_status = status});
    const StreamOpenError failure = FailureOf(server.Url("admin:topsecret@"));
    EXPECT_EQ(failure.fault, StreamFault::kUnauthorised) << status << failure.error.message;
    EXPECT_EQ(failure.error.code, ErrorCode::kPermission);
  }
}

TEST_F(StreamNetwork, AnUnknownPathIsNotFound) {
  const TestRtspServer server({.describe_status = "404 Not Found"});
  EXPECT_EQ(FailureOf(server.Url()).fault, StreamFault::kNotFound);
}

TEST_F(StreamNetwork, OtherAnswersKeepTheirKind) {
  const TestRtspServer busy({.describe_status = "453 Not Enough Bandwidth"});
  EXPECT_EQ(FailureOf(busy.Url()).fault, StreamFault::kOther);
  const TestRtspServer broken({.describe_status = "503 Service Unavailable"});
  EXPECT_EQ(FailureOf(broken.Url()).fault, StreamFault::kOther);
}

TEST_F(StreamNetwork, SoundAloneIsNoVideo) {
  const TestRtspServer server({.media = "m=audio 0 RTP/AVP 0\r\na=control:track1\r\n"});
  const StreamOpenError failure = FailureOf(server.Url(), {.connect_timeout = milliseconds{2000}});
  EXPECT_EQ(failure.fault, StreamFault::kNoVideo) << failure.error.message;
}

TEST_F(StreamNetwork, AMuteServerIsStalledWithinTheDeadline) {
  const TestRtspServer server({.mute = true});
  const auto start = steady_clock::now();
  const StreamOpenError failure = FailureOf(
      server.Url(), {.connect_timeout = milliseconds{400}, .read_timeout = milliseconds{5000}});
  EXPECT_EQ(failure.fault, StreamFault::kStalled) << failure.error.message;
  EXPECT_LT(steady_clock::now() - start, milliseconds{400} + kSlack);
}

TEST_F(StreamNetwork, TheReadDeadlineHoldsWhileOpeningToo) {
  const TestRtspServer server({.mute = true});
  const auto start = steady_clock::now();
  const StreamOpenError failure = FailureOf(
      server.Url(), {.connect_timeout = milliseconds{20'000}, .read_timeout = milliseconds{300}});
  EXPECT_EQ(failure.fault, StreamFault::kStalled) << failure.error.message;
  EXPECT_LT(steady_clock::now() - start, milliseconds{300} + kSlack);
}

TEST_F(StreamNetwork, AnUnknownNameHasNoRoute) {
  if (kThreadSanitizer) GTEST_SKIP() << "the sanitizer does not know glibc's resolver threads";
  const auto start = steady_clock::now();
  const StreamOpenError failure =
      FailureOf("rtsp://camera.invalid/live", {.connect_timeout = milliseconds{1000}});
  EXPECT_EQ(failure.fault, StreamFault::kNoRoute) << failure.error.message;
  EXPECT_LT(steady_clock::now() - start, milliseconds{1000} + kSlack);
}

TEST_F(StreamNetwork, AnAddressThatIsNoneIsSaidSo) {
  for (const char* url : {"rtsp://", "rtsp://host:99999/", "rtsp://host:x/", "rtsp://[::1/"}) {
    EXPECT_EQ(FailureOf(url).error.code, ErrorCode::kInvalidArgument) << url;
  }
}

TEST_F(StreamNetwork, AStopEndsOpening) {
  const TestRtspServer server({.mute = true});
  StopSoon stop;
  const auto opened = Open(server.Url(), {.connect_timeout = milliseconds{20'000}}, stop.Token());
  const milliseconds took = stop.Since();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().error.code, ErrorCode::kCancelled);
  EXPECT_LT(took, kSlack);
  RecordProperty("stop_to_return_ms", static_cast<int>(took.count()));
}

TEST_F(StreamNetwork, AStreamIsDecodedAndItsEndIsSeen) {
  const TestRtspServer server(
      {.units = UnitsOfAnnexB(AnnexB(50)), .then = TestRtspServer::Then::kClose});
  const auto opened = Open(server.Url(), {.camera_id = "door"});
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  EXPECT_EQ(opened->info.codec, "h264");
  EXPECT_EQ(opened->info.width, 320);
  int frames = 0;
  Result<Frame> frame = opened->source->Next({});
  for (; frame; frame = opened->source->Next({})) {
    EXPECT_EQ(frame->camera_id, "door");
    ++frames;
  }
  EXPECT_GE(frames, 48);
  EXPECT_EQ(opened->source->Fault(), StreamFault::kEnded) << frame.error().message;
}

TEST_F(StreamNetwork, ASilentStreamIsStalledWithinTheDeadline) {
  const TestRtspServer server({.units = UnitsOfAnnexB(AnnexB(30))});
  const auto opened = Open(server.Url(), {.read_timeout = milliseconds{500}});
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  auto last = steady_clock::now();
  Result<Frame> frame = opened->source->Next({});
  for (; frame; frame = opened->source->Next({})) last = steady_clock::now();
  EXPECT_EQ(opened->source->Fault(), StreamFault::kStalled) << frame.error().message;
  EXPECT_EQ(frame.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(frame.error().message.find("secret"), std::string::npos);
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - last);
  EXPECT_LT(took, milliseconds{500} + kSlack);
  RecordProperty("stall_detected_ms", static_cast<int>(took.count()));
}

TEST_F(StreamNetwork, AStopEndsABlockedNextAndFreesTheSession) {
  const TestRtspServer server({.units = UnitsOfAnnexB(AnnexB(30))});
  auto opened = Open(server.Url(), {.read_timeout = milliseconds{20'000}});
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  StopSoon stop;
  Result<Frame> frame = opened->source->Next(stop.Token());
  while (frame) frame = opened->source->Next(stop.Token());
  const milliseconds took = stop.Since();
  EXPECT_EQ(frame.error().code, ErrorCode::kCancelled) << frame.error().message;
  EXPECT_LT(took, kSlack);
  RecordProperty("stop_to_return_ms", static_cast<int>(took.count()));
  opened->source.reset();
  for (int i = 0; i < 100 && !server.SawTeardown(); ++i)
    std::this_thread::sleep_for(milliseconds{10});
  EXPECT_TRUE(server.SawTeardown());
}

TEST_F(StreamNetwork, TimeStampJumpsDoNotReachTheTimeline) {
  const std::string clip = AnnexB(30);
  std::vector<RtpUnit> units = UnitsOfAnnexB(clip, 1'000'000);
  for (RtpUnit& unit : UnitsOfAnnexB(clip, 2'000'000'000)) units.push_back(std::move(unit));
  for (RtpUnit& unit : UnitsOfAnnexB(clip, 0)) units.push_back(std::move(unit));
  const TestRtspServer server({.units = std::move(units), .then = TestRtspServer::Then::kClose});
  const auto opened = Open(server.Url());
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  milliseconds last{-1};
  int frames = 0;
  for (auto frame = opened->source->Next({}); frame; frame = opened->source->Next({})) {
    EXPECT_GT(frame->pts, last);
    EXPECT_LT(frame->pts - last, milliseconds{5000});
    last = frame->pts;
    ++frames;
  }
  EXPECT_GE(frames, 85);
  EXPECT_GE(opened->counters->timeline_jumps, 1);
}

TEST_F(StreamNetwork, ResolutionMayChangeOnTheWay) {
  std::vector<RtpUnit> units = UnitsOfAnnexB(AnnexB(30));
  for (RtpUnit& unit : UnitsOfAnnexB(AnnexB(30, "160x96"), 30 * 3600))
    units.push_back(std::move(unit));
  const TestRtspServer server({.units = std::move(units), .then = TestRtspServer::Then::kClose});
  const auto opened = Open(server.Url());
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  int first = 0;
  int last = 0;
  for (auto frame = opened->source->Next({}); frame; frame = opened->source->Next({})) {
    if (first == 0) first = frame->width;
    last = frame->width;
  }
  EXPECT_EQ(first, 320);
  EXPECT_EQ(last, 160);
}

TEST_F(StreamNetwork, ALargerPictureOnTheWayIsRefused) {
  std::vector<RtpUnit> units = UnitsOfAnnexB(AnnexB(30, "160x96"));
  for (RtpUnit& unit : UnitsOfAnnexB(AnnexB(60, "640x96"), 30 * 3600))
    units.push_back(std::move(unit));
  const TestRtspServer server({.units = std::move(units)});
  const auto opened = Open(server.Url(), {.undecodable_packets_max = 20, .side_max_px = 200});
  ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
  int frames = 0;
  Result<Frame> frame = opened->source->Next({});
  for (; frame; frame = opened->source->Next({})) ++frames;
  EXPECT_EQ(opened->source->Fault(), StreamFault::kUndecodable) << frame.error().message;
  EXPECT_GE(frames, 28);
}

TEST_F(StreamNetwork, AServerThatHangsUpIsSaidSo) {
  const TestRtspServer server({.hang_up = true});
  const StreamOpenError failure = FailureOf(server.Url());
  EXPECT_EQ(failure.fault, StreamFault::kOther) << failure.error.message;
  EXPECT_NE(failure.error.message.find("RTSP"), std::string::npos) << failure.error.message;
}

TEST(HostOfUrl, FindsHostAndPort) {
  const auto check = [](const std::string& url, const std::string& host, const std::string& port) {
    const auto found = HostOfUrl(url);
    ASSERT_TRUE(found.has_value()) << url;
    EXPECT_EQ(found->host, host) << url;
    EXPECT_EQ(found->port, port) << url;
  };
  check("rtsp://camera/live", "camera", "554");
  check("rtsps://camera", "camera", "322");
  check("rtsp://user:p@ss@10.0.0.1:8554/live@x", "10.0.0.1", "8554");
  check("rtsp://[fe80::1]:5554?x=y", "fe80::1", "5554");
}

TEST(ResolveName, ReturnsAtOnceAfterAStop) {
  if (kThreadSanitizer) GTEST_SKIP() << "the sanitizer does not know glibc's resolver threads";
  std::stop_source stop;
  stop.request_stop();
  const auto start = steady_clock::now();
  const Reach reach =
      ResolveName({"camera.invalid", "554"}, start + std::chrono::seconds{10}, stop.get_token());
  EXPECT_TRUE(reach == Reach::kCancelled || reach == Reach::kUnknownName);
  EXPECT_LT(steady_clock::now() - start, milliseconds{200});
}

}  // namespace
}  // namespace vigil::media
