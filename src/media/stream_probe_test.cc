// A probe tells what a camera sends within its deadline, or why it sends nothing.
#include "media/stream_probe.h"

#include <gtest/gtest.h>

#include "media/probe_json.h"
#include "media/test_files.h"
#include "media/test_rtsp_server.h"

namespace vigil::media {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class StreamProbe : public testing::Test {
 protected:
  static std::expected<StreamFacts, StreamOpenError> Probe(const std::string& url,
                                                           milliseconds watch_time,
                                                           std::stop_token stop = {}) {
    const ProbeOptions options{
        .stream = {.connect_timeout = milliseconds{2000}, .read_timeout = milliseconds{1000}},
        .watch_time = watch_time};
    return ProbeStream(Secret(url), options, std::move(stop));
  }
  // 25 pictures a second, a key frame every ten.
  std::string AnnexB(int frames) {
    EXPECT_TRUE(MakeTestVideo(folder_ / "clip.h264", frames)) << "the ffmpeg program is needed";
    return ReadAll(folder_ / "clip.h264");
  }

  TestFolder folder_;
};

TEST_F(StreamProbe, TellsWhatACameraSends) {
  const TestRtspServer server({.units = UnitsOfAnnexB(AnnexB(60))});
  const auto facts = Probe(server.Url("admin:topsecret@"), milliseconds{10'000});
  ASSERT_TRUE(facts.has_value()) << facts.error().error.message;
  EXPECT_EQ(facts->announced.codec, "h264");
  EXPECT_EQ(facts->announced.width, 320);
  EXPECT_EQ(facts->announced.height, 240);
  EXPECT_NEAR(facts->frames_per_second, 25, 0.5);
  ASSERT_TRUE(facts->keyframe_interval_s.has_value());
  EXPECT_NEAR(*facts->keyframe_interval_s, 0.4, 0.02);
  EXPECT_GE(facts->keyframes, 2);
}

TEST_F(StreamProbe, TellsWhatAFileHolds) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "clip.mp4", 60, "640x480"));
  const auto facts = Probe(folder_ / "clip.mp4", milliseconds{5000});
  ASSERT_TRUE(facts.has_value()) << facts.error().error.message;
  EXPECT_EQ(facts->announced.height, 480);
  EXPECT_NEAR(facts->frames_per_second, 25, 0.5);
  EXPECT_NEAR(facts->keyframe_interval_s.value_or(0), 0.4, 0.01);
  const json::object object = ProbeJson(facts);
  EXPECT_EQ(object.at("reachable"), true);
  EXPECT_EQ(object.at("codec"), "h264");
  EXPECT_NEAR(object.at("keyframe_interval_s").as_double(), 0.4, 0.01);
}

TEST_F(StreamProbe, AKeyFrameThatNeverComesAgainIsNotGuessed) {
  ASSERT_TRUE(MakeTestVideo(folder_ / "clip.h264", 40, "320x240",
                            "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 1000"));
  const TestRtspServer server({.units = UnitsOfAnnexB(ReadAll(folder_ / "clip.h264"))});
  const auto start = steady_clock::now();
  const auto facts = Probe(server.Url(), milliseconds{1500});
  ASSERT_TRUE(facts.has_value()) << facts.error().error.message;
  EXPECT_FALSE(facts->keyframe_interval_s.has_value());
  EXPECT_TRUE(ProbeJson(facts).at("keyframe_interval_s").is_null());
  EXPECT_LT(steady_clock::now() - start, milliseconds{2000 + 1500 + 700});
}

TEST_F(StreamProbe, NamesTheCauseAndItsMendWithoutTheSecret) {
  struct Case {
    TestRtspServer::Script script;
    std::string_view cause;
  };
  for (const Case& test : {Case{{.describe_status = "401 Unauthorized"}, "unauthorised"},
                           Case{{.describe_status = "404 Not Found"}, "not_found"},
                           Case{{.mute = true}, "stalled"}, Case{{}, "stalled"}}) {
    const TestRtspServer server(test.script);
    const auto start = steady_clock::now();
    const auto failed = Probe(server.Url("admin:topsecret@"), milliseconds{1000});
    EXPECT_LT(steady_clock::now() - start, milliseconds{2000 + 1000 + 700}) << test.cause;
    ASSERT_FALSE(failed.has_value()) << test.cause;
    const json::object object = ProbeJson(failed);
    EXPECT_EQ(object.at("reachable"), false);
    EXPECT_EQ(object.at("cause"), json::value(test.cause)) << json::serialize(object);
    EXPECT_FALSE(object.at("mend").as_string().empty());
    EXPECT_EQ(json::serialize(object).find("topsecret"), std::string::npos);
  }
}

TEST_F(StreamProbe, EndsSoonAfterAStop) {
  const TestRtspServer server({.units = UnitsOfAnnexB(AnnexB(5))});
  std::stop_source stop;
  stop.request_stop();
  const auto failed = Probe(server.Url(), milliseconds{10'000}, stop.get_token());
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().error.code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace vigil::media
