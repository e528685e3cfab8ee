// One camera through good and bad days: frames flow, causes are told apart, it comes back, and it
// always stops.
#include "pipeline/camera_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <latch>

#include "fakes/fake_frame_source.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;

using Steps = std::vector<FakeFrameSource::Step>;

media::StreamOpenError OpenFailure(StreamFault fault) {
  return {{ErrorCode::kUnavailable, "could not connect"}, fault};
}

class CameraWorkerTest : public testing::Test {
 protected:
  CameraWorkerTest() {
    Camera camera;
    camera.id = "door";
    camera.name = "Front door";
    lane_ = std::make_shared<CameraLane>(camera, 40, TrackerOptions{});
    scheduler_.AddCamera("door", lane_);
  }

  // What the camera does at each try to open it, in order; afterwards it stalls.
  void Script(std::vector<std::variant<Steps, StreamFault>> days) {
    days_.assign(days.begin(), days.end());
  }

  void Start() {
    worker_ = std::make_unique<CameraWorker>(
        lane_,
        CameraWorkerOptions{.gate = {.enabled = false, .detect_interval = milliseconds{0}},
                            .backoff = {}},
        CameraWorkerPorts{.clock = clock_,
                          .scheduler = scheduler_,
                          .metrics = metrics_,
                          .open_source = [this](const Camera& camera,
                                                const std::stop_token&) { return Open(camera); },
                          .on_status = [this](const CameraStatus& status) { Note(status); },
                          .live = nullptr});
  }

  std::expected<media::OpenedStream, media::StreamOpenError> Open(const Camera& camera) {
    const std::lock_guard lock(mutex_);
    opened_at_.push_back(clock_.Now());
    Steps steps{FakeFrameSource::Stall{}};
    if (!days_.empty()) {
      const auto day = days_.front();
      days_.pop_front();
      if (const auto* fault = std::get_if<StreamFault>(&day))
        return std::unexpected(OpenFailure(*fault));
      steps = std::get<Steps>(day);
    }
    return media::OpenedStream{
        std::make_unique<FakeFrameSource>(camera.id, steps, clock_), {}, nullptr};
  }

  void Note(const CameraStatus& status) {
    const std::lock_guard lock(mutex_);
    told_.push_back(status);
    changed_.notify_all();
  }

  // Blocks until the camera has been in `state` for the `times`-th time.
  CameraStatus Await(CameraState state, std::ptrdiff_t times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return std::ranges::count(told_, state, &CameraStatus::state) >= times; });
    for (const CameraStatus& status : told_) {
      if (status.state == state && --times == 0) return status;
    }
    return {};
  }

  std::ptrdiff_t Count(CameraState state) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count(told_, state, &CameraStatus::state);
  }

  std::vector<SteadyTime> OpenedAt() {
    const std::lock_guard lock(mutex_);
    return opened_at_;
  }

  void PassWait(milliseconds wait) {
    clock_.AwaitSleepers(1);
    clock_.Advance(wait);
  }

  ManualClock clock_;
  metrics::Metrics metrics_;
  Scheduler scheduler_{[](const std::string&) {}};
  std::shared_ptr<CameraLane> lane_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::variant<Steps, StreamFault>> days_;
  std::vector<SteadyTime> opened_at_;
  std::vector<CameraStatus> told_;
  std::unique_ptr<CameraWorker> worker_;
};

Steps FramesThenStall(int count) {
  Steps steps = FakeFrameSource::Frames(count);
  steps.emplace_back(FakeFrameSource::Stall{});
  return steps;
}

TEST_F(CameraWorkerTest, OffersFramesAndReportsUp) {
  Script({FramesThenStall(1)});
  Start();
  const auto work = scheduler_.Take();
  ASSERT_TRUE(work && work->frame);
  EXPECT_EQ(work->frame->camera_id, "door");
  EXPECT_FALSE(work->stream_ended);
  EXPECT_EQ(Await(CameraState::kUp).fault, StreamFault::kNone);
  scheduler_.Done("door");
}

TEST_F(CameraWorkerTest, ReportsTheCauseAndTriesAgain) {
  Script({StreamFault::kRefused, FramesThenStall(1)});
  Start();
  const CameraStatus waiting = Await(CameraState::kWaiting);
  EXPECT_EQ(waiting.fault, StreamFault::kRefused);
  EXPECT_THAT(waiting.message, HasSubstr("could not connect"));
  EXPECT_EQ(waiting.failures, 1);
  PassWait(milliseconds{700});
  EXPECT_EQ(Await(CameraState::kUp).failures, 0);
  EXPECT_EQ(worker_->Status().reconnects, 0) << "it had never been up before";
}

TEST_F(CameraWorkerTest, TellsTheLaneThatAStreamEndedBeforeTheNextOne) {
  Script({FakeFrameSource::Frames(1), FramesThenStall(1)});
  Start();
  EXPECT_EQ(Await(CameraState::kWaiting).fault, StreamFault::kEnded);
  const auto ending = scheduler_.Take();
  ASSERT_TRUE(ending.has_value());
  EXPECT_TRUE(ending->stream_ended);
  scheduler_.Done("door");
  PassWait(milliseconds{700});
  EXPECT_TRUE(scheduler_.Take()->frame.has_value());
  scheduler_.Done("door");
  Await(CameraState::kUp, 2);
  EXPECT_EQ(worker_->Status().reconnects, 1);
}

TEST_F(CameraWorkerTest, NeverGivesUpAndNeverHurries) {
  Script(std::vector<std::variant<Steps, StreamFault>>(20, StreamFault::kNoRoute));
  Start();
  for (int tries = 1; tries <= 20; ++tries) {
    Await(CameraState::kWaiting, tries);
    PassWait(milliseconds{30'000});
  }
  EXPECT_THAT(OpenedAt(), testing::SizeIs(Ge(20U)));
}

TEST_F(CameraWorkerTest, DoesNotLockTheCameraWithAWrongPassword) {
  Script(std::vector<std::variant<Steps, StreamFault>>(5, StreamFault::kUnauthorised));
  Start();
  for (int tries = 1; tries <= 2; ++tries) {
    Await(CameraState::kWaiting, tries);
    PassWait(milliseconds{30'000});
  }
  EXPECT_EQ(Await(CameraState::kWaiting, 3).fault, StreamFault::kUnauthorised);
  PassWait(minutes{5} - milliseconds{1});
  EXPECT_EQ(OpenedAt().size(), 3U);
  clock_.Advance(milliseconds{1});
  Await(CameraState::kWaiting, 4);
}

TEST_F(CameraWorkerTest, StopsWhileStalledAndWhileWaiting) {
  Script({FramesThenStall(1)});
  Start();
  Await(CameraState::kUp);
  worker_.reset();  // hangs here if a stop does not reach the source
  EXPECT_EQ(Await(CameraState::kStopped).fault, StreamFault::kNone);

  Script({StreamFault::kRefused});
  Start();
  Await(CameraState::kWaiting);
  worker_.reset();
  Await(CameraState::kStopped, 2);
}

TEST_F(CameraWorkerTest, SurvivesASourceThatThrows) {
  worker_ = std::make_unique<CameraWorker>(
      lane_, CameraWorkerOptions{},
      CameraWorkerPorts{.clock = clock_,
                        .scheduler = scheduler_,
                        .metrics = metrics_,
                        .open_source = [](const Camera&, const std::stop_token&)
                            -> std::expected<media::OpenedStream, media::StreamOpenError> {
                          throw std::runtime_error("the library broke");
                        },
                        .on_status = [this](const CameraStatus& status) { Note(status); },
                        .live = nullptr});
  EXPECT_THAT(Await(CameraState::kWaiting).message, HasSubstr("the library broke"));
}

// A source that moves the clock itself by one frame's time a frame, says when it has given all, and
// breaks when told.
class SteadySource final : public FrameSource {
 public:
  SteadySource(ManualClock& clock, int frames, std::latch& given, std::latch& may_break)
      : clock_(clock), frames_(frames), given_(given), may_break_(may_break) {}
  Result<Frame> Next(std::stop_token) override {
    if (frames_-- == 0) {
      given_.count_down();
      may_break_.wait();
      return Fail(ErrorCode::kEndOfStream, "over");
    }
    clock_.Advance(milliseconds{40});
    return MakeTestFrame(640, 360);
  }
  StreamFault Fault() const override { return StreamFault::kEnded; }

 private:
  ManualClock& clock_;
  int frames_;
  std::latch& given_;
  std::latch& may_break_;
};

// Frames that all show the same picture, `seconds` seconds of them, then the end. `from_s`: the
// stream's own time of the first.
Steps SamePicture(int seconds, std::uint8_t luma = 80, int from_s = 0) {
  Steps steps;
  for (int i = 0; i < seconds; ++i) {
    Frame frame = MakeTestFrame(64, 48, luma);
    frame.pts = std::chrono::seconds{from_s + i};
    steps.emplace_back(FakeFrameSource::Show{std::move(frame)});
    steps.emplace_back(FakeFrameSource::Wait{milliseconds{1000}});
  }
  steps.emplace_back(FakeFrameSource::Stall{});
  return steps;
}

TEST_F(CameraWorkerTest, IsDownWhileItsPictureIsFrozen) {
  // In the second stream the same picture goes on, and then the light goes on.
  Steps dark_then_light = SamePicture(1);
  dark_then_light.pop_back();
  for (auto& step : SamePicture(1, 120)) dark_then_light.push_back(std::move(step));
  Script({SamePicture(40), std::move(dark_then_light)});
  Start();
  const auto pass_until = [&](CameraState state, std::ptrdiff_t times) {
    while (Count(state) < times) {
      clock_.AwaitSleepers(1);
      clock_.Advance(milliseconds{1000});
    }
    return Await(state, times);
  };
  const CameraStatus frozen = pass_until(CameraState::kWaiting, 1);
  EXPECT_EQ(frozen.fault, StreamFault::kFrozen);
  EXPECT_THAT(frozen.message, testing::HasSubstr("has not changed for 30 s"));
  const CameraStatus mended = pass_until(CameraState::kUp, 2);
  EXPECT_EQ(mended.failures, 0) << "the picture moved";
  EXPECT_EQ(Count(CameraState::kWaiting), 1) << "a stream that shows the dark is left open";
  const std::vector<SteadyTime> opened = OpenedAt();
  ASSERT_GE(opened.size(), 2U);
  EXPECT_GE(opened[1] - opened[0], milliseconds{30'000});
}

TEST_F(CameraWorkerTest, LooksAtTheFrameInWhichTheLightGoesOn) {
  Steps dark_then_light = SamePicture(1);
  dark_then_light.pop_back();
  for (auto& step : SamePicture(1, 120, 1)) dark_then_light.push_back(std::move(step));
  Script({SamePicture(40), std::move(dark_then_light)});
  Start();
  while (Count(CameraState::kUp) < 2) {
    clock_.AwaitSleepers(1);
    clock_.Advance(milliseconds{1000});
  }
  bool seen = false;
  while (!seen) {
    const auto work = scheduler_.Take();
    seen = work->frame && work->frame->planes[0].data[0] == 120;
    scheduler_.Done("door");
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(worker_->Status().state, CameraState::kUp);
}

TEST_F(CameraWorkerTest, MeasuresTheFrameRate) {
  std::latch given{1};
  std::latch may_break{1};
  const auto open = [&](const Camera&, const std::stop_token&) {
    return media::OpenedStream{
        std::make_unique<SteadySource>(clock_, 60, given, may_break), {}, nullptr};
  };
  worker_ = std::make_unique<CameraWorker>(
      lane_, CameraWorkerOptions{},
      CameraWorkerPorts{.clock = clock_,
                        .scheduler = scheduler_,
                        .metrics = metrics_,
                        .open_source = open,
                        .on_status = [this](const CameraStatus& status) { Note(status); },
                        .live = nullptr});
  given.wait();
  EXPECT_NEAR(worker_->Status().frames_per_second, 25, 1);
  EXPECT_EQ(worker_->Status().width, 640);
  may_break.count_down();
  EXPECT_EQ(Await(CameraState::kWaiting).frames_per_second, 0);
  worker_.reset();  // it uses the latches
}

}  // namespace
}  // namespace vigil::pipeline
