// The port's suite, on the FFmpeg adapter and on the fake.
#include "contract/frame_source_contract.h"

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/secret.h"
#include "fake_frame_source.h"
#include "media/stream_source.h"
#include "media/test_files.h"

namespace vigil {
namespace {

class FileHarness {
 public:
  std::unique_ptr<FrameSource> OpenShort(int frames) {
    EXPECT_TRUE(media::MakeTestVideo(folder_ / "short.mp4", frames))
        << "the ffmpeg program is needed";
    return Open("short.mp4", media::FilePace::kFullSpeed);
  }
  // Half a picture a second: the second one comes after two seconds.
  std::unique_ptr<FrameSource> OpenBlocking() {
    EXPECT_TRUE(
        media::MakeVideo("-f lavfi -i testsrc=size=64x48:rate=1/2 -frames:v 3 -pix_fmt yuv420p",
                         folder_ / "slow.mp4"));
    return Open("slow.mp4", media::FilePace::kRealTime);
  }

 private:
  std::unique_ptr<FrameSource> Open(const std::string& name, media::FilePace pace) {
    auto opened = media::OpenStream(Secret(folder_ / name),
                                    {.camera_id = "contract", .file_pace = pace}, {}, clock_);
    EXPECT_TRUE(opened.has_value()) << opened.error().error.message;
    return std::move(opened->source);
  }

  media::TestFolder folder_;
  SystemClock clock_;
};

class FakeHarness {
 public:
  std::unique_ptr<FrameSource> OpenShort(int frames) {
    return std::make_unique<FakeFrameSource>("contract", FakeFrameSource::Frames(frames), clock_);
  }
  std::unique_ptr<FrameSource> OpenBlocking() {
    auto steps = FakeFrameSource::Frames(1);
    steps.emplace_back(FakeFrameSource::Stall{});
    return std::make_unique<FakeFrameSource>("contract", std::move(steps), clock_);
  }

 private:
  ManualClock clock_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(File, FrameSourceContract, FileHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Fake, FrameSourceContract, FakeHarness);

}  // namespace
}  // namespace vigil
