// Watching a file must give the same answer on any machine: no frame is lost and no clock is asked.
#include "pipeline/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"
#include "fakes/fake_frame_source.h"
#include "gallery/flat_index.h"

namespace vigil::pipeline {
namespace {

class WatchTest : public testing::Test {
 protected:
  Result<WatchSummary> Watch(std::vector<FakeFrameSource::Step> steps, const WatchOptions& options,
                             std::stop_token stop = {}) {
    FakeFrameSource source("clip", std::move(steps), clock_);
    const RecognitionPorts ports{
        .clock = clock_,
        .gallery = *gallery_,
        .metrics = metrics_,
        .quality = [](const Frame&, const FaceCrop&, const Detection&) { return FaceQuality{}; },
        .on_outcome = [this](const TrackOutcome& outcome) { outcomes_.push_back(outcome); },
        .name_of = {},
        .live = nullptr};
    return WatchSource(
        source,
        std::make_unique<FakeDetector>(std::vector<Detection>{FakeDetector::Face(5, 5, 40)}),
        std::make_unique<FakeEmbedder>(), options, ports, stop);
  }

  ManualClock clock_;
  metrics::Metrics metrics_;
  std::unique_ptr<GalleryIndex> gallery_ = gallery::MakeFlatIndex(128);
  std::vector<TrackOutcome> outcomes_;
};

TEST_F(WatchTest, LooksAtTheIntervalOfMediaTimeAndClosesTracksAtTheEnd) {
  const std::vector<FakeFrameSource::Step> steps(101, FakeFrameSource::Show{MakeTestFrame()});
  const auto summary = Watch(steps, {});
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->frames, 101);
  EXPECT_EQ(summary->looked_at, 21);  // 4 s at 200 ms, both ends
  ASSERT_EQ(outcomes_.size(), 2U);
  EXPECT_EQ(outcomes_[0].occasion, Occasion::kChanged);
  EXPECT_EQ(outcomes_[1].occasion, Occasion::kEnded);
}

TEST_F(WatchTest, AnswersAnEmptyFile) {
  const auto summary = Watch({}, {});
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->frames, 0);
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(WatchTest, ReportsABrokenStreamAfterClosingItsTracks) {
  auto steps = FakeFrameSource::Frames(3);
  steps.emplace_back(FakeFrameSource::Break{ErrorCode::kTimeout, StreamFault::kStalled, "stalled"});
  const auto summary = Watch(steps, {});
  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(outcomes_.back().occasion, Occasion::kEnded);
}

TEST_F(WatchTest, EndsWhenStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Watch(FakeFrameSource::Frames(3), {}, stop.get_token()).error().code,
            ErrorCode::kCancelled);
}

}  // namespace
}  // namespace vigil::pipeline
