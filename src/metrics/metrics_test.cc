// The names and labels that dashboards are written against.
#include "metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace vigil::metrics {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

void TouchEverything(Metrics& metrics) {
  metrics.SetBuildInfo("0.1.0", "facenet-128", "i8");
  metrics.SetCameraUp("c1", true);
  metrics.CountReconnect("c1", "refused");
  metrics.CountFrames("c1", FrameResult::kDecoded, 3);
  metrics.CountFaces("c1", 2);
  metrics.CountTracks("c1");
  metrics.CountEmbeddings("c1");
  metrics.CountOutcome("c1", Outcome::kPossibleMatch);
  metrics.CountIncident("c1");
  metrics.CountAlerts("hook", AlertResult::kDead);
  metrics.ObserveStage(Stage::kFrameToAlert, milliseconds{1500});
  metrics.SetQueueDepth("store", 7);
  metrics.CountQueueDrops("store");
  metrics.SetGallery(118, 42);
  metrics.SetGalleryAge(milliseconds{250});
  metrics.SetGalleryRecall(0.995, 0.98);
  metrics.SetGallerySaved(40, 2);
  metrics.SetDataFree(1'000'000);
  metrics.ObserveRequest("/criminals/{id}", "GET", 200, milliseconds{3});
}

TEST(Metrics, CarryTheNamesOfTheContract) {
  Metrics metrics;
  TouchEverything(metrics);
  const std::string text = metrics.Text();
  for (const char* line :
       {R"(vigil_build_info{model="facenet-128",precision="i8",version="0.1.0"} 1)",
        R"(vigil_camera_up{camera="c1"} 1)",
        R"(vigil_camera_reconnects_total{camera="c1",cause="refused"} 1)",
        R"(vigil_frames_total{camera="c1",result="decoded"} 3)",
        R"(vigil_faces_total{camera="c1"} 2)",
        R"(vigil_tracks_total{camera="c1"} 1)",
        R"(vigil_embeddings_total{camera="c1"} 1)",
        R"(vigil_outcomes_total{camera="c1",outcome="possible_match"} 1)",
        R"(vigil_incidents_total{camera="c1"} 1)",
        R"(vigil_alerts_total{channel="hook",result="dead"} 1)",
        R"(vigil_stage_seconds_sum{stage="frame_to_alert"} 1.5)",
        R"(vigil_stage_seconds_bucket{stage="frame_to_alert",le="2.5"} 1)",
        R"(vigil_stage_seconds_bucket{stage="frame_to_alert",le="1"} 0)",
        R"(vigil_queue_depth{queue="store"} 7)",
        R"(vigil_queue_drops_total{queue="store"} 1)",
        "vigil_gallery_references 118",
        "vigil_gallery_sequence 42",
        "vigil_gallery_age_seconds 0.25",
        R"(vigil_gallery_recall{at="1"} 0.995)",
        R"(vigil_gallery_recall{at="10"} 0.98)",
        "vigil_gallery_saved_sequence 40",
        "vigil_gallery_rebuilds_total 2",
        "vigil_data_free_bytes 1000000",
        R"(vigil_http_requests_total{method="GET",route="/criminals/{id}",status="200"} 1)",
        R"(vigil_http_seconds_count{route="/criminals/{id}"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, DeletedCameraDisappearsEverywhere) {
  Metrics metrics;
  TouchEverything(metrics);
  metrics.CountFaces("c2", 5);
  metrics.RemoveCamera("c1");
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("c1")));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_faces_total{camera="c2"} 5)"));
  metrics.CountFaces("c1", 1);
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("c1"))) << "work still under way brings nothing back";
  metrics.AddCamera("c1");
  metrics.CountFaces("c1", 1);
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_faces_total{camera="c1"} 1)"));
}

TEST(Metrics, KnownSeriesAreThereFromTheStart) {
  Metrics metrics;
  metrics.AddCamera("c1");
  metrics.AddChannel("hook");
  const std::string text = metrics.Text();
  for (const char* line :
       {R"(vigil_camera_up{camera="c1"} 0)",
        R"(vigil_camera_reconnects_total{camera="c1",cause="refused"} 0)",
        R"(vigil_frames_total{camera="c1",result="detected"} 0)",
        R"(vigil_faces_total{camera="c1"} 0)", R"(vigil_faces_outside_total{camera="c1"} 0)",
        R"(vigil_tracks_total{camera="c1"} 0)", R"(vigil_embeddings_total{camera="c1"} 0)",
        R"(vigil_outcomes_total{camera="c1",outcome="match"} 0)",
        R"(vigil_incidents_total{camera="c1"} 0)",
        R"(vigil_alerts_total{channel="hook",result="suppressed"} 0)",
        R"(vigil_stage_seconds_count{stage="decode"} 0)",
        R"(vigil_stage_seconds_count{stage="store"} 0)",
        R"(vigil_queue_depth{queue="http_heavy"} 0)",
        R"(vigil_queue_drops_total{queue="detections"} 0)", "vigil_gallery_references 0"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, RecallIsShownWhileItIsKnown) {
  Metrics metrics;
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("vigil_gallery_recall{")));
  metrics.SetGalleryRecall(1, 0.5);
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_gallery_recall{at="10"} 0.5)"));
  metrics.SetGalleryRecall(std::nullopt, std::nullopt);
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("vigil_gallery_recall{")));
}

TEST(Metrics, AddingAgainKeepsWhatWasCounted) {
  Metrics metrics;
  metrics.AddCamera("c1");
  metrics.SetCameraUp("c1", true);
  metrics.CountFaces("c1", 4);
  metrics.AddCamera("c1");
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_faces_total{camera="c1"} 4)"));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_camera_up{camera="c1"} 1)"));
}

TEST(Metrics, RemovedChannelDisappears) {
  Metrics metrics;
  metrics.AddChannel("hook");
  metrics.AddChannel("desk");
  metrics.RemoveChannel("hook");
  metrics.CountAlerts("hook", AlertResult::kSent);
  EXPECT_THAT(metrics.Text(), Not(HasSubstr("hook")));
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_alerts_total{channel="desk",result="sent"} 0)"));
}

TEST(Metrics, DropsCountedElsewhereOnlyRise) {
  Metrics metrics;
  metrics.RaiseQueueDrops("database", 5);
  metrics.RaiseQueueDrops("database", 5);
  metrics.RaiseQueueDrops("database", 3);
  EXPECT_THAT(metrics.Text(), HasSubstr(R"(vigil_queue_drops_total{queue="database"} 5)"));
}

TEST(Metrics, BuildInfoIsReplaced) {
  Metrics metrics;
  metrics.SetBuildInfo("1", "a", "f32");
  metrics.SetBuildInfo("1", "b", "f32");
  EXPECT_THAT(metrics.Text(), Not(HasSubstr(R"(model="a")")));
}

TEST(Metrics, CountFromManyThreadsWhileCamerasGo) {
  Metrics metrics;
  metrics.CountFrames("staying", FrameResult::kStill);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int step = 0; step < 1000; ++step) {
          metrics.CountFrames("going", FrameResult::kStill);
          metrics.CountFrames("staying", FrameResult::kStill);
        }
      });
    }
    for (int step = 0; step < 100; ++step) {
      metrics.RemoveCamera("going");
      EXPECT_THAT(metrics.Text(), HasSubstr("vigil_frames_total"));
    }
  }
  EXPECT_THAT(metrics.Text(),
              HasSubstr(R"(vigil_frames_total{camera="staying",result="still"} 4001)"));
}

TEST(Metrics, PassPromtool) {
  if (std::system("command -v promtool > /dev/null") != 0)
    GTEST_SKIP() << "promtool is not installed";
  Metrics metrics;
  TouchEverything(metrics);
  FILE* promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = metrics.Text();
  EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace vigil::metrics
