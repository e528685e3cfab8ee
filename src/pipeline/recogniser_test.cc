// The way of a frame, with a scripted detector and embedder: who is named, when, how often, and at
// what cost.
#include "pipeline/recogniser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "fakes/fake_detector.h"
#include "fakes/fake_embedder.h"
#include "fakes/fake_frame_source.h"
#include "fakes/fake_liveness.h"
#include "gallery/flat_index.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Faces of the fake embedder are known by their luma: one luma, one person.
constexpr std::uint8_t kAnna = 40;
constexpr std::uint8_t kBert = 200;

class RecogniserTest : public testing::Test {
 protected:
  RecogniserTest() {
    auto detector = std::make_unique<FakeDetector>([this](const Frame&) {
      clock_.Advance(detecting_);
      return faces_;
    });
    detector_ = detector.get();
    auto embedder = std::make_unique<FakeEmbedder>();
    embedder_ = embedder.get();
    options_.policy = PolicyFor(embedder->Info(), 0.01, 0);
    recogniser_ = std::make_unique<Recogniser>(
        options_,
        RecognitionPorts{
            .clock = clock_,
            .gallery = *gallery_,
            .metrics = metrics_,
            .quality = [this](const Frame&, const FaceCrop&, const Detection&) { return quality_; },
            .on_outcome = [this](const TrackOutcome& outcome) { outcomes_.push_back(outcome); },
            .name_of = [](const std::string& id) { return "name of " + id; },
            .live = &live_,
            .watch_rules = [this] { return rules_; }},
        std::move(detector), std::move(embedder), TakeLiveness());
    quality_.score = 0.8F;
    Camera camera;
    camera.id = "door";
    camera.name = "Front door";
    lane_ = std::make_shared<CameraLane>(camera, 40, TrackerOptions{});
  }

  std::unique_ptr<LivenessDetector> TakeLiveness() {
    auto liveness = std::make_unique<FakeLiveness>();
    liveness_ = liveness.get();
    return liveness;
  }

  void Enrol(const std::string& person_id, std::uint8_t luma) {
    gallery_->Apply({}, {{person_id + "-1", person_id, EmbeddingOf(luma)}},
                    gallery_->Info().sequence + 1);
  }

  void Delete(const std::string& person_id) {
    const std::vector<std::string> removed{person_id + "-1"};
    gallery_->Apply(removed, {}, gallery_->Info().sequence + 1);
  }

  Embedding EmbeddingOf(std::uint8_t luma) {
    const Frame frame = MakeTestFrame(200, 200, luma);
    const FaceCrop crop = embedder_->Crop(frame, FakeDetector::Face(50, 50, 100));
    return FakeEmbedder().Embed({&crop, 1})->front().embedding;
  }

  Status Show(int pts_ms, std::uint8_t luma) {
    Frame frame = MakeTestFrame(200, 200, luma);
    frame.camera_id = "door";
    frame.pts = milliseconds{pts_ms};
    frame.captured_at = clock_.WallNow() + frame.pts;
    return recogniser_->Process({"door", lane_, false, frame});
  }

  void EndStream() {
    ASSERT_TRUE(recogniser_->Process({"door", lane_, true, std::nullopt}).has_value());
  }

  std::vector<std::string> Told() const {
    std::vector<std::string> told;
    for (const TrackOutcome& outcome : outcomes_) {
      static const std::map<Occasion, std::string> kWords{
          {Occasion::kChanged, ""}, {Occasion::kStillSeen, "still "}, {Occasion::kEnded, "ended "}};
      told.push_back(kWords.at(outcome.occasion) +
                     std::string(OutcomeName(outcome.decision.outcome)));
    }
    return told;
  }

  ManualClock clock_;
  std::unique_ptr<GalleryIndex> gallery_ = gallery::MakeFlatIndex(128);
  metrics::Metrics metrics_;
  LiveView live_;
  RecognitionOptions options_;
  FakeDetector* detector_ = nullptr;
  FakeEmbedder* embedder_ = nullptr;
  FakeLiveness* liveness_ = nullptr;
  milliseconds detecting_{0};  // how long the detector works
  std::vector<Detection> faces_{FakeDetector::Face(50, 50, 100)};
  FaceQuality quality_;
  std::vector<TrackOutcome> outcomes_;
  std::shared_ptr<CameraLane> lane_;
  std::shared_ptr<const WatchRules> rules_ = std::make_shared<const WatchRules>();
  std::unique_ptr<Recogniser> recogniser_;
};

TEST_F(RecogniserTest, NamesAnEnrolledPersonOnceAfterTheEvidenceWindow) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(outcomes_, IsEmpty());
  for (int i = 3; i < 20; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  ASSERT_THAT(Told(), ElementsAre("match"));
  EXPECT_EQ(outcomes_[0].decision.candidates.front().person_id, "anna");
  EXPECT_EQ(outcomes_[0].person_name, "name of anna");
  EXPECT_EQ(outcomes_[0].camera_name, "Front door");
  EXPECT_NE(outcomes_[0].best.frame.buffer, nullptr);
  EXPECT_EQ(outcomes_[0].best.frame_faces, 1);
  EXPECT_EQ(outcomes_[0].last_seen, clock_.WallNow() + milliseconds{600});
}

TEST_F(RecogniserTest, TellsWhatEachStageTook) {
  Enrol("anna", kAnna);
  // The clock moves on only while the detector works, and between capture and the first look.
  detecting_ = milliseconds{7};
  for (int i = 0; i < 5; ++i) {
    Frame frame = MakeTestFrame(200, 200, kAnna);
    frame.camera_id = "door";
    frame.pts = milliseconds{200 * i};
    frame.captured_at = clock_.WallNow();
    frame.decode_time = std::chrono::microseconds{2'500};
    clock_.Advance(milliseconds{3});
    ASSERT_TRUE(recogniser_->Process({"door", lane_, false, frame}).has_value());
  }
  ASSERT_THAT(outcomes_, SizeIs(1));
  const DecisionTrace& trace = outcomes_[0].decision.trace;
  EXPECT_EQ(trace.times.decode, std::chrono::microseconds{2'500});
  EXPECT_EQ(trace.times.queue, milliseconds{3});
  EXPECT_EQ(trace.times.detect, milliseconds{7});
  // The newest look is embedded with the best ones, to prove that the track is still one face.
  EXPECT_EQ(trace.shots.size(), 3U);
  EXPECT_EQ(trace.times.embed_batch, 4);
  EXPECT_EQ(outcomes_[0].first_pts, milliseconds{0});
  EXPECT_EQ(outcomes_[0].last_pts, milliseconds{600});
}

TEST_F(RecogniserTest, EmbedsAFewShotsOfATrackNotEveryFrame) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_LE(embedder_->CropsSeen(),
            3 + 20 / 2);  // the first judgement, then a proof every two seconds
}

TEST_F(RecogniserTest, CallsSomebodyElseAStranger) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  EXPECT_THAT(Told(), ElementsAre("stranger"));
}

TEST_F(RecogniserTest, FindsWhoIsLookedForHereBehindThoseLookedForElsewhere) {
  Watchlist elsewhere;
  elsewhere.id = "elsewhere";
  elsewhere.camera_ids = {"gate"};
  WatchRules::Membership lists_of;
  for (int i = 0; i < 2 * options_.candidates_max; ++i) {
    const std::string person = "double-" + std::to_string(i);
    Enrol(person, kAnna);
    lists_of[person] = {elsewhere.id};
  }
  rules_ = std::make_shared<const WatchRules>(std::vector{elsewhere}, lists_of);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  ASSERT_THAT(Told(), ElementsAre("stranger"));
  Enrol("zoe", kAnna);  // as similar, and after all others by name
  for (int i = 5; i < 10; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  // Only possible, as it may be one of the others; but found.
  ASSERT_THAT(Told(), ElementsAre("stranger", "possible_match"));
  ASSERT_THAT(outcomes_[1].decision.candidates, SizeIs(1));
  EXPECT_EQ(outcomes_[1].decision.candidates.front().person_id, "zoe");
}

TEST_F(RecogniserTest, JudgesAFaceThatLeavesBeforeTheWindowIsOver) {
  Enrol("anna", kAnna);
  ASSERT_TRUE(Show(0, kAnna).has_value());
  ASSERT_TRUE(Show(200, kAnna).has_value());
  faces_.clear();
  ASSERT_TRUE(Show(2000, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match", "ended match"));
  EXPECT_FALSE(lane_->face_tracked);
}

TEST_F(RecogniserTest, SaysWhyAFaceCannotBeRecognised) {
  Enrol("anna", kAnna);
  quality_.unrecognisable = UnrecognisableReason::kTurnedAway;
  for (int i = 0; i <= 10; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  ASSERT_THAT(Told(), ElementsAre("unrecognisable"));
  EXPECT_EQ(outcomes_[0].decision.reason, UnrecognisableReason::kTurnedAway);
  EXPECT_EQ(embedder_->CropsSeen(), 0);
  quality_.unrecognisable.reset();  // the face turns round
  for (int i = 11; i < 20; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("unrecognisable", "match"));
}

TEST_F(RecogniserTest, NamesNobodyWhileLivenessCannotBeTold) {
  Enrol("anna", kAnna);
  liveness_->SayLive(0.1F);  // a picture, held up
  liveness_->FailWith(Error{ErrorCode::kInternal, "inference failed"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Show(200 * i, kAnna).has_value(), i < 3) << i;
  EXPECT_THAT(Told(), IsEmpty());
  liveness_->FailWith(std::nullopt);
  for (int i = 5; i < 20; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("spoof"));
}

TEST_F(RecogniserTest, WaitsAWhileForAFaceToTurnRound) {
  Enrol("anna", kAnna);
  quality_.unrecognisable = UnrecognisableReason::kTurnedAway;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), IsEmpty());
  quality_.unrecognisable.reset();
  for (int i = 5; i < 20; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  ASSERT_THAT(Told(), ElementsAre("match")) << "never called unrecognisable";
  EXPECT_EQ(outcomes_[0].decision.trace.evidence.judgements, 2);
}

TEST_F(RecogniserTest, TellsOfAFaceThatLeavesWhileMoreIsWaitedFor) {
  Enrol("anna", kAnna);
  quality_.score = 0.2F;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  EXPECT_THAT(Told(), IsEmpty()) << "poor looks make nobody a stranger at once";
  EndStream();
  EXPECT_THAT(Told(), ElementsAre("stranger", "ended stranger"));
}

TEST_F(RecogniserTest, NeverFusesTwoFacesThatSharedATrack) {
  Enrol("anna", kAnna);
  Enrol("bert", kBert);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  quality_.score = 0.95F;  // the face that takes over gives better shots
  for (int i = 5; i < 15; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  ASSERT_THAT(Told(), ElementsAre("match", "ended match", "match"));
  EXPECT_EQ(outcomes_[0].decision.candidates.front().person_id, "anna");
  EXPECT_EQ(outcomes_[2].decision.candidates.front().person_id, "bert");
  EXPECT_NE(outcomes_[0].track_id, outcomes_[2].track_id);
}

TEST_F(RecogniserTest, NoticesATakeoverByAFaceWithPoorerShots) {
  Enrol("anna", kAnna);
  Enrol("bert", kBert);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  quality_.score = 0.5F;  // never among the best shots
  for (int i = 5; i < 25; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  EXPECT_THAT(Told(), ElementsAre("match", "ended match", "match"));
  EXPECT_EQ(outcomes_.back().decision.candidates.front().person_id, "bert");
}

TEST_F(RecogniserTest, ShowsTheFaceThatWasJudgedNotOneThatCameLater) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  quality_.score = 0.95F;
  ASSERT_TRUE(Show(1000, kBert).has_value());  // too late to be judged before the stream ends
  EndStream();
  EXPECT_THAT(Told(), ElementsAre("match", "ended match", "stranger", "ended stranger"));
  EXPECT_FLOAT_EQ(outcomes_[1].best.quality.score, 0.8F);
}

TEST_F(RecogniserTest, DoesNotNameWhatTheDetectorDoubts) {
  Enrol("anna", kAnna);
  faces_ = {FakeDetector::Face(50, 50, 100, 0.75F)};
  for (int i = 0; i <= 10; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  ASSERT_THAT(Told(), ElementsAre("unrecognisable"));
  EXPECT_EQ(outcomes_[0].decision.reason, UnrecognisableReason::kOccluded);
}

TEST_F(RecogniserTest, CallsACoveredFaceThatResemblesNobodyCovered) {
  Enrol("anna", kAnna);
  embedder_->SayCovered(0.9F);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  ASSERT_THAT(Told(), ElementsAre("unrecognisable"));
  EXPECT_EQ(outcomes_[0].decision.reason, UnrecognisableReason::kOccluded);
  EXPECT_FLOAT_EQ(outcomes_[0].decision.trace.shots.front().quality.covered.value(), 0.9F);
}

TEST_F(RecogniserTest, NeverNamesThePictureOfAFace) {
  Enrol("anna", kAnna);
  liveness_->SayLive(0.1F);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EndStream();
  EXPECT_THAT(Told(), ElementsAre("spoof", "ended spoof"));
  EXPECT_FLOAT_EQ(outcomes_[0].decision.trace.state.live.value(), 0.1F);
}

TEST_F(RecogniserTest, NamesALivingFace) {
  Enrol("anna", kAnna);
  liveness_->SayLive(0.9F);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match"));
  EXPECT_FLOAT_EQ(outcomes_[0].decision.trace.shots.front().quality.live.value(), 0.9F);
}

TEST_F(RecogniserTest, DoesNotReplayAMatchAfterAReconnect) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EndStream();
  EXPECT_THAT(Told(), ElementsAre("match", "ended match"));
  EXPECT_EQ(live_.Latest("door"), nullptr);
  faces_.clear();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(outcomes_, SizeIs(2));
}

TEST_F(RecogniserTest, FindsSomebodyEnrolledWhileInView) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("stranger"));
  Enrol("anna", kAnna);
  for (int i = 5; i < 8; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("stranger", "match"));
}

TEST_F(RecogniserTest, ForgetsSomebodyDeletedWhileInView) {
  Enrol("anna", kAnna);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  Delete("anna");
  for (int i = 5; i < 8; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match", "stranger"));
}

TEST_F(RecogniserTest, KeepsAVisitAliveWhileAMatchedFaceStays) {
  Enrol("anna", kAnna);
  for (int i = 0; i <= 65 * 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match", "still match", "still match"));
}

TEST_F(RecogniserTest, IgnoresFacesTooSmallForTheCamera) {
  faces_ = {FakeDetector::Face(50, 50, 39)};
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_EQ(detector_->MinFacePx(), 40) << "smaller ones need not be looked for";
  EndStream();
  EXPECT_THAT(outcomes_, IsEmpty());
}

TEST_F(RecogniserTest, ShowsFacesLive) {
  Enrol("anna", kAnna);
  ASSERT_TRUE(Show(0, kAnna).has_value());
  ASSERT_THAT(live_.Latest("door")->faces, SizeIs(1));
  EXPECT_EQ(live_.Latest("door")->faces[0].outcome, std::nullopt);
  for (int i = 1; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  const LiveFace face = live_.Latest("door")->faces[0];
  EXPECT_EQ(face.outcome, Outcome::kMatch);
  EXPECT_EQ(face.person_name, "name of anna");
}

TEST_F(RecogniserTest, NamesAFaceThatLeftWhileInferenceFailed) {
  Enrol("anna", kAnna);
  ASSERT_TRUE(Show(0, kAnna).has_value());
  ASSERT_TRUE(Show(200, kAnna).has_value());
  faces_.clear();
  embedder_->FailWith(Error{ErrorCode::kInternal, "no memory"});
  EXPECT_FALSE(Show(2000, kAnna).has_value()) << "the track ends in this frame";
  EXPECT_THAT(outcomes_, IsEmpty());
  embedder_->FailWith(std::nullopt);
  ASSERT_TRUE(Show(2200, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match", "ended match"));
}

TEST_F(RecogniserTest, TellsOfAFaceThatCouldNeverBeEmbedded) {
  Enrol("anna", kAnna);
  ASSERT_TRUE(Show(0, kAnna).has_value());
  embedder_->FailWith(Error{ErrorCode::kInternal, "no memory"});
  EXPECT_FALSE(recogniser_->Process({"door", lane_, true, std::nullopt}).has_value());
  EXPECT_THAT(Told(), ElementsAre("unrecognisable", "ended unrecognisable"))
      << "no later frame is needed: the stream may have been the last";
  EXPECT_THAT(lane_->unsettled, IsEmpty());
}

TEST_F(RecogniserTest, ReportsAFailedInferenceAndGoesOn) {
  Enrol("anna", kAnna);
  embedder_->FailWith(Error{ErrorCode::kInternal, "inference failed"});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Show(200 * i, kAnna).has_value());
  EXPECT_FALSE(Show(600, kAnna).has_value());
  embedder_->FailWith(std::nullopt);
  ASSERT_TRUE(Show(800, kAnna).has_value());
  EXPECT_THAT(Told(), ElementsAre("match"));
}

class WatchedAreaTest : public RecogniserTest {
 protected:
  void Watch(WatchedArea watched, float face_score_min = 0) {
    Camera camera;
    camera.id = camera.name = "door";
    camera.watched = std::move(watched);
    camera.face_score_min = face_score_min;
    lane_ = std::make_shared<CameraLane>(camera, 20, TrackerOptions{});
  }
};

TEST_F(WatchedAreaTest, LeavesOutFacesWhoseCentreLiesOutsideAndTellsHowMany) {
  Watch({.areas = {}, .excluded = {{{0, 0}, {0.5F, 0}, {0.5F, 1}, {0, 1}}}});
  faces_ = {FakeDetector::Face(10, 20, 60), FakeDetector::Face(40, 120, 50),
            FakeDetector::Face(80, 80, 60)};  // the last one's centre lies at 110 of 200
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  EndStream();
  ASSERT_THAT(Told(), ElementsAre("stranger", "ended stranger"));
  EXPECT_EQ(outcomes_[0].best.detection.box, (Box{80, 80, 140, 140}));
  EXPECT_EQ(outcomes_[0].best.frame_faces, 1);
  EXPECT_EQ(outcomes_[0].decision.trace.faces_outside, 2);
  EXPECT_THAT(metrics_.Text(),
              testing::HasSubstr(R"(vigil_faces_outside_total{camera="door"} 10)"));
  EXPECT_EQ(embedder_->CropsSeen(), 5) << "nobody else was embedded";
}

TEST_F(WatchedAreaTest, LeavesOutUnsureFacesBelowItsOwnLimit) {
  Watch({}, 0.95F);
  faces_ = {FakeDetector::Face(10, 20, 60, 0.94F)};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Show(200 * i, kBert).has_value());
  EndStream();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST(WatchedPart, IsAllThatTheDetectorSeesAndFacesLieWhereTheyAre) {
  ManualClock clock;
  metrics::Metrics metrics;
  const auto gallery = gallery::MakeFlatIndex(128);
  int width_seen = 0;
  int height_seen = 0;
  auto detector = std::make_unique<FakeDetector>([&](const Frame& frame) {
    width_seen = frame.width;
    height_seen = frame.height;
    return std::vector{FakeDetector::Face(160, 160, 60)};
  });
  std::vector<TrackOutcome> outcomes;
  RecognitionOptions options;
  auto embedder = std::make_unique<FakeEmbedder>();
  options.policy = PolicyFor(embedder->Info(), 0.01, 0);
  Recogniser recogniser(
      options,
      {.clock = clock,
       .gallery = *gallery,
       .metrics = metrics,
       .quality = [](const Frame&, const FaceCrop&, const Detection&) { return FaceQuality{}; },
       .on_outcome = [&](const TrackOutcome& outcome) { outcomes.push_back(outcome); },
       .name_of = {}},
      std::move(detector), std::move(embedder));
  Camera camera;
  camera.id = "door";
  // The lower right quarter of 802 x 604, and a quarter of the shorter side around it.
  camera.watched.areas = {{{0.5F, 0.5F}, {1, 0.5F}, {1, 1}, {0.5F, 1}}};
  const auto lane = std::make_shared<CameraLane>(camera, 20, TrackerOptions{});
  Frame frame = MakeTestFrame(802, 604, kBert);
  frame.camera_id = "door";
  ASSERT_TRUE(recogniser.Process({"door", lane, false, frame}).has_value());
  ASSERT_TRUE(recogniser.Process({"door", lane, true, std::nullopt}).has_value());
  EXPECT_EQ(width_seen, 552);
  EXPECT_EQ(height_seen, 454) << "from row 150 on: 151 is odd";
  ASSERT_FALSE(outcomes.empty());
  EXPECT_EQ(outcomes[0].best.detection.box, (Box{410, 310, 470, 370}));
  EXPECT_EQ(outcomes[0].best.detection.landmarks[0], (Point{428, 334}));
  EXPECT_EQ(outcomes[0].best.frame.width, 802) << "the picture of the incident is whole";
}

}  // namespace
}  // namespace vigil::pipeline
