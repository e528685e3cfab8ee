// The parts together: cameras come, change, go and break without touching each other, and
// everything stops.
#include "pipeline/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <set>

#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"
#include "fakes/fake_frame_source.h"
#include "gallery/flat_index.h"
#include "gallery/switched_index.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kPause = std::chrono::seconds{10};  // shorter than what counts as frozen

Camera MakeCamera(const std::string& id, const std::string& url = "file:clip") {
  Camera camera;
  camera.id = id;
  camera.name = "Camera " + id;
  camera.url = Secret(url);
  return camera;
}

class EngineTest : public testing::Test {
 protected:
  EngineParts Parts(int workers) {
    EngineParts parts{.clock = clock_,
                      .gallery = *gallery_,
                      .metrics = metrics_,
                      .detectors = {},
                      .embedders = {},
                      .quality =
                          [](const Frame&, const FaceCrop&, const Detection&) {
                            FaceQuality quality;
                            quality.score = 0.8F;
                            return quality;
                          },
                      .open_source = [this](const Camera& camera,
                                            const std::stop_token&) { return Open(camera); },
                      .on_outcome = [this](const TrackOutcome& outcome) { Note(outcome); },
                      .on_camera = {},
                      .name_of = {},
                      .live = &live_};
    for (int i = 0; i < workers; ++i) {
      parts.detectors.push_back(
          std::make_unique<FakeDetector>(std::vector<Detection>{FakeDetector::Face(5, 5, 40)}));
      parts.embedders.push_back(std::make_unique<FakeEmbedder>());
    }
    return parts;
  }

  // A camera whose URL is "broken" never opens; every other shows a face, then hangs until it is
  // stopped.
  std::expected<media::OpenedStream, media::StreamOpenError> Open(const Camera& camera) {
    {
      const std::lock_guard lock(mutex_);
      ++opened_[camera.id];
    }
    if (camera.url.Reveal() == "broken") {
      return std::unexpected(
          media::StreamOpenError{{ErrorCode::kUnavailable, "dead"}, StreamFault::kNoRoute});
    }
    auto steps = FakeFrameSource::Frames(5, 64, 48);
    if (camera.url.Reveal() == "twice") {
      steps.emplace_back(FakeFrameSource::Wait{kPause});
      // One, and unlike those before: it is looked at, and no picture hides it.
      steps.emplace_back(FakeFrameSource::Show{MakeTestFrame(64, 48, 90)});
    }
    steps.emplace_back(FakeFrameSource::Stall{});
    return media::OpenedStream{
        std::make_unique<FakeFrameSource>(camera.id, steps, clock_), {}, nullptr};
  }

  void Note(const TrackOutcome& outcome) {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back(outcome);
  }

  void AwaitPicture(const std::string& camera_id) {
    ASSERT_NE(live_.WaitNewer(camera_id, 0, std::chrono::minutes{1}, {}), nullptr);
  }

  void AwaitFrame(const std::string& camera_id, std::uint64_t sequence) {
    std::uint64_t seen = 0;
    while (true) {
      const auto picture = live_.WaitNewer(camera_id, seen, std::chrono::minutes{1}, {});
      ASSERT_NE(picture, nullptr);
      if (picture->frame.sequence >= sequence) return;
      seen = picture->number;
    }
  }

  std::set<std::string> CamerasHeard(Occasion occasion) {
    const std::lock_guard lock(mutex_);
    std::set<std::string> heard;
    for (const TrackOutcome& outcome : outcomes_) {
      if (outcome.occasion == occasion) heard.insert(outcome.camera_id);
    }
    return heard;
  }

  // Embedders of a space with another dimension, which no search in this one's gallery survives.
  static std::vector<std::unique_ptr<Embedder>> OtherEmbedders(int count) {
    std::vector<std::unique_ptr<Embedder>> embedders;
    for (int i = 0; i < count; ++i) {
      auto embedder = std::make_unique<FakeEmbedder>(64);
      embedder->RenameModel("other");
      embedders.push_back(std::move(embedder));
    }
    return embedders;
  }

  std::vector<std::string> EmbeddersHeard(Occasion occasion) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> heard;
    for (const TrackOutcome& outcome : outcomes_) {
      if (outcome.occasion == occasion) {
        heard.push_back(outcome.embedder.substr(0, outcome.embedder.find(':')));
      }
    }
    return heard;
  }

  ManualClock clock_;
  std::unique_ptr<gallery::SwitchedIndex> gallery_ =
      std::make_unique<gallery::SwitchedIndex>(gallery::MakeFlatIndex(128));
  metrics::Metrics metrics_;
  LiveView live_;
  std::mutex mutex_;
  std::map<std::string, int> opened_;
  std::vector<TrackOutcome> outcomes_;
};

TEST_F(EngineTest, RecognisesOnManyCamerasAndClosesTracksOnStop) {
  Engine engine({}, Parts(2));
  std::vector<Camera> cameras;
  for (int i = 0; i < 8; ++i) cameras.push_back(MakeCamera("c" + std::to_string(i)));
  engine.SetCameras(cameras);
  for (const Camera& camera : cameras) AwaitPicture(camera.id);
  EXPECT_THAT(engine.Statuses(), SizeIs(8));
  engine.Stop();
  EXPECT_THAT(CamerasHeard(Occasion::kEnded), SizeIs(8));
  EXPECT_THAT(engine.Statuses(), IsEmpty());
}

TEST_F(EngineTest, LeavesUnchangedCamerasAlone) {
  Engine engine({}, Parts(1));
  engine.SetCameras(std::vector{MakeCamera("a"), MakeCamera("b")});
  AwaitPicture("a");
  AwaitPicture("b");
  Camera renamed = MakeCamera("b");
  renamed.name = "Back door";
  engine.SetCameras(std::vector{MakeCamera("a"), renamed, MakeCamera("c")});
  AwaitPicture("c");
  AwaitPicture("b");
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(opened_["a"], 1);
  EXPECT_EQ(opened_["b"], 2);
}

TEST_F(EngineTest, RemovingACameraClosesItsTracks) {
  Engine engine({}, Parts(1));
  engine.SetCameras(std::vector{MakeCamera("a"), MakeCamera("b")});
  AwaitPicture("a");
  AwaitPicture("b");
  engine.SetCameras(std::vector{MakeCamera("b")});
  EXPECT_THAT(CamerasHeard(Occasion::kEnded), Contains("a"));
  EXPECT_EQ(engine.StatusOf("a"), std::nullopt);
  EXPECT_EQ(live_.Latest("a"), nullptr);
  EXPECT_EQ(engine.StatusOf("b")->state, CameraState::kUp);
}

TEST_F(EngineTest, AnotherEmbedderTakesOverBetweenTwoFrames) {
  Engine engine({}, Parts(2));
  engine.SetCamera(MakeCamera("a", "twice"));
  AwaitPicture("a");
  clock_.AwaitSleepers(1);
  const bool switched = engine.SwitchEmbedder(OtherEmbedders(2), {}, [this] {
    // By now everything that the old one saw is judged.
    EXPECT_THAT(EmbeddersHeard(Occasion::kEnded), ElementsAre("fake-embedder"));
    gallery_->Switch(gallery::MakeFlatIndex(64));
    return true;
  });
  EXPECT_TRUE(switched);
  clock_.Advance(kPause);
  AwaitFrame("a", 5);
  engine.Stop();
  EXPECT_THAT(EmbeddersHeard(Occasion::kEnded), ElementsAre("fake-embedder", "other"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(opened_["a"], 1);
}

TEST_F(EngineTest, AnEmbedderThatDoesNotTakeOverChangesNothing) {
  Engine engine({}, Parts(1));
  engine.SetCamera(MakeCamera("a", "twice"));
  AwaitPicture("a");
  clock_.AwaitSleepers(1);
  EXPECT_FALSE(engine.SwitchEmbedder(OtherEmbedders(1), {}, [] { return false; }));
  clock_.Advance(kPause);
  AwaitFrame("a", 5);
  engine.Stop();
  EXPECT_THAT(EmbeddersHeard(Occasion::kEnded), ElementsAre("fake-embedder", "fake-embedder"));
}

TEST_F(EngineTest, ABrokenCameraDisturbsNoOther) {
  Engine engine({}, Parts(1));
  engine.SetCamera(MakeCamera("broken", "broken"));
  engine.SetCamera(MakeCamera("good"));
  AwaitPicture("good");
  EXPECT_EQ(engine.StatusOf("good")->state, CameraState::kUp);
  EXPECT_NE(engine.StatusOf("broken")->state, CameraState::kUp);
}

TEST_F(EngineTest, ADisabledCameraDoesNotRun) {
  Engine engine({}, Parts(1));
  Camera camera = MakeCamera("a");
  engine.SetCamera(camera);
  AwaitPicture("a");
  camera.enabled = false;
  engine.SetCamera(camera);
  EXPECT_THAT(engine.Statuses(), IsEmpty());
}

TEST_F(EngineTest, IgnoresChangesAfterStop) {
  Engine engine({}, Parts(1));
  engine.Stop();
  engine.SetCamera(MakeCamera("a"));
  engine.RemoveCamera("a");
  EXPECT_THAT(engine.Statuses(), IsEmpty());
}

}  // namespace
}  // namespace vigil::pipeline
