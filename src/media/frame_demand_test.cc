// What nobody looks at is not decoded, and what somebody looks at is the same picture all the same.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "media/packet_choice.h"
#include "media/stream_source.h"
#include "media/test_files.h"

namespace vigil::media {
namespace {

using std::chrono::milliseconds;

bool SamePixels(const Frame& a, const Frame& b) {
  for (int y = 0; y < a.height; ++y) {
    if (std::memcmp(a.planes[0].data + y * a.planes[0].stride_bytes,
                    b.planes[0].data + y * b.planes[0].stride_bytes,
                    static_cast<std::size_t>(a.width)) != 0)
      return false;
  }
  return true;
}

class FrameDemandTest : public testing::Test {
 protected:
  // Plays the clip; after each frame `demand` says what comes next.
  std::vector<Frame> Play(const std::function<FrameDemand(const Frame&)>& demand) {
    auto opened = OpenStream(Secret(clip_), {}, {}, clock_);
    EXPECT_TRUE(opened.has_value());
    std::vector<Frame> frames;
    while (auto frame = opened->source->Next({})) {
      frames.push_back(*std::move(frame));
      opened->source->Demand(demand(frames.back()));
    }
    EXPECT_EQ(opened->source->Fault(), StreamFault::kEnded);
    EXPECT_EQ(opened->counters->packets, 100) << "all of it was read";
    return frames;
  }
  std::vector<Frame> PlayAll() {
    return Play([](const Frame&) { return FrameDemand{}; });
  }
  // The first frame of each 200 ms, as the motion gate chooses.
  static std::vector<Frame> LookedAt(const std::vector<Frame>& frames) {
    std::vector<Frame> chosen;
    for (const Frame& frame : frames) {
      if (chosen.empty() || frame.pts >= chosen.back().pts + milliseconds{200})
        chosen.push_back(frame);
    }
    return chosen;
  }
  static void ExpectSame(const std::vector<Frame>& a, const std::vector<Frame>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].pts, b[i].pts);
      EXPECT_TRUE(SamePixels(a[i], b[i])) << "at " << a[i].pts.count() << " ms";
    }
  }

  void Make(const std::string& encoder) {
    clip_ = folder_ / "clip.mp4";
    ASSERT_TRUE(MakeTestVideo(clip_, 100, "320x240", "-pix_fmt yuv420p " + encoder));
  }

  TestFolder folder_;
  std::string clip_;
  SystemClock clock_;
};

TEST_F(FrameDemandTest, DecodesLessAndShowsTheSamePicturesWhenTheyAreLookedAt) {
  Make("-c:v libx264 -bf 3 -b_strategy 0 -g 25");
  const auto all = PlayAll();
  ASSERT_EQ(all.size(), 100U);
  milliseconds looked_at{-1000};
  const auto some = Play([&](const Frame& frame) {
    if (frame.pts >= looked_at + milliseconds{200}) looked_at = frame.pts;
    return FrameDemand{.from = looked_at + milliseconds{200}};
  });
  EXPECT_LT(some.size(), 80U);
  ExpectSame(LookedAt(some), LookedAt(all));
}

TEST_F(FrameDemandTest, DecodesEverythingOfAStreamWhosePicturesAreAllBuiltUpon) {
  Make("-c:v libx264 -bf 0 -g 25");
  const auto some = Play(
      [](const Frame& frame) { return FrameDemand{.from = frame.pts + milliseconds{10'000}}; });
  EXPECT_EQ(some.size(), 100U);
}

TEST_F(FrameDemandTest, ShowsKeyframesAloneAtOnceAndAllAgainWhenTheyAreWanted) {
  for (const std::string encoder : {"-c:v libx264 -bf 3 -b_strategy 0 -g 10",
                                    "-c:v libx264 -preset ultrafast -g 10", "-c:v mpeg4 -g 10"}) {
    Make(encoder);
    const auto all = PlayAll();
    // From 0.4 s on keyframes alone, from the one at 2.0 s on everything.
    const auto some = Play([](const Frame& frame) {
      return FrameDemand{
          .from = {},
          .keyframes_only = frame.pts >= milliseconds{400} && frame.pts < milliseconds{2000}};
    });
    std::vector<Frame> wanted;
    for (const Frame& frame : all) {
      const bool keyframe = frame.pts.count() % 400 == 0;
      const bool idle = frame.pts > milliseconds{400} && frame.pts < milliseconds{2000};
      if (!idle || keyframe) wanted.push_back(frame);
    }
    // Pictures that were in the decoder when the wish changed still come.
    std::vector<Frame> given;
    std::set<milliseconds> times;
    for (const Frame& frame : wanted) times.insert(frame.pts);
    std::size_t more = 0;
    for (const Frame& frame : some) {
      if (times.contains(frame.pts)) {
        given.push_back(frame);
      } else {
        ++more;
      }
    }
    EXPECT_LE(more, 4U) << encoder;
    ExpectSame(given, wanted);
  }
}

// A keyframe every few minutes, or no second one, would blind the camera.
TEST_F(FrameDemandTest, DecodesEverythingWhereKeyframesAreNotKnownToComeOften) {
  Make("-c:v libx264 -g 1000 -sc_threshold 0");
  const auto some =
      Play([](const Frame&) { return FrameDemand{.from = {}, .keyframes_only = true}; });
  EXPECT_EQ(some.size(), 100U);
}

TEST_F(FrameDemandTest, EndsAStreamWhoseKeyframesStayAway) {
  Make("-c:v libx264 -bf 0 -g 1000 -sc_threshold 0 -force_key_frames 0,0.4,0.8");
  auto opened = OpenStream(Secret(clip_), {.keyframe_timeout = milliseconds{0}}, {}, clock_);
  ASSERT_TRUE(opened.has_value());
  opened->source->Demand({.from = {}, .keyframes_only = true});
  std::size_t frames = 0;
  while (opened->source->Next({})) ++frames;
  EXPECT_EQ(opened->source->Fault(), StreamFault::kStalled);
  EXPECT_GT(frames, 10U) << "everything up to the second keyframe";
  EXPECT_LT(frames, 30U);
}

TEST(PacketChoice, LeavesOutOnlyWhereKeyframesComeOften) {
  using std::chrono::seconds;
  PacketChoice choice;
  choice.Demand({.from = {}, .keyframes_only = true});
  choice.Of(true, seconds{0});
  EXPECT_EQ(choice.Of(false, seconds{1}), PacketUse::kDecode) << "the distance is not known";
  choice.Of(true, seconds{2});
  EXPECT_EQ(choice.Of(false, seconds{3}), PacketUse::kLeaveOut);
  choice.Of(true, seconds{62});
  EXPECT_EQ(choice.Of(false, seconds{63}), PacketUse::kDecode);
  choice.Of(true, std::nullopt);
  EXPECT_EQ(choice.Of(false, seconds{64}), PacketUse::kDecode);
}

TEST(PacketChoice, DecodesWhatItIsNotSureAbout) {
  using std::chrono::microseconds;
  PacketChoice choice;
  choice.Demand({.from = milliseconds{1000}});
  EXPECT_EQ(choice.Of(false, microseconds{0}), PacketUse::kDecode) << "the place is not known";
  choice.NotePlace(microseconds{5'000'000}, milliseconds{800});
  EXPECT_EQ(choice.Of(false, std::nullopt), PacketUse::kDecode);
  EXPECT_EQ(choice.Of(false, microseconds{5'160'000}), PacketUse::kReferenceOnly);
  EXPECT_EQ(choice.Of(true, microseconds{5'160'000}), PacketUse::kDecode);
  EXPECT_EQ(choice.Of(false, microseconds{5'199'000}), PacketUse::kDecode) << "on the edge";
  EXPECT_EQ(choice.Of(false, microseconds{5'200'000}), PacketUse::kDecode);
  choice.Of(true, microseconds{4'160'000});
  choice.Of(true, microseconds{5'160'000});
  choice.Demand({.from = milliseconds{1000}, .keyframes_only = true});
  EXPECT_EQ(choice.Of(false, microseconds{5'200'000}), PacketUse::kLeaveOut);
  EXPECT_EQ(choice.Of(true, microseconds{5'200'000}), PacketUse::kDecode);
}

}  // namespace
}  // namespace vigil::media
