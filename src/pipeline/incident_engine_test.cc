// From outcomes to rows: one incident a visit, one alert a cooldown, every face noted, and nothing
// lost in silence.
#include "pipeline/incident_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <set>

#include "alerts/cooldown.h"
#include "database/detection_repository.h"
#include "database/incident_repository.h"
#include "database/incident_store.h"
#include "database/person_repository.h"
#include "fakes/fake_detector.h"
#include "fakes/fake_frame_source.h"

namespace vigil::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Pictures in memory; can be told to fail, or to hold the caller until it is let go.
class MemoryMediaStore final : public MediaStore {
 public:
  Result<std::string> Put(MediaKind kind, std::span<const std::byte> bytes) override {
    if (std::latch* hold = hold_) hold->wait();
    const std::lock_guard lock(mutex_);
    if (failures_left_ > 0) {
      --failures_left_;
      return Fail(ErrorCode::kUnavailable, "the disk is full");
    }
    const std::string id =
        std::string(kind == MediaKind::kCrop ? "crop-" : "frame-") + std::to_string(++next_);
    pictures_[id] = Bytes(bytes.begin(), bytes.end());
    return id;
  }
  Result<Bytes> Get(const std::string& media_id) override {
    const std::lock_guard lock(mutex_);
    const auto found = pictures_.find(media_id);
    if (found == pictures_.end()) return Fail(ErrorCode::kNotFound, "no such picture");
    return found->second;
  }
  Status Remove(const std::string&) override { return {}; }
  Result<std::vector<std::string>> ListOlderThan(MediaKind, WallTime, const std::string&,
                                                 int) override {
    return std::vector<std::string>{};
  }

  std::size_t Count() {
    const std::lock_guard lock(mutex_);
    return pictures_.size();
  }
  void FailNext(int times) {
    const std::lock_guard lock(mutex_);
    failures_left_ = times;
  }
  void HoldUntil(std::latch* released) { hold_ = released; }

 private:
  std::mutex mutex_;
  std::map<std::string, Bytes> pictures_;
  int next_ = 0;
  int failures_left_ = 0;
  std::atomic<std::latch*> hold_ = nullptr;
};

class IncidentEngineTest : public testing::Test {
 protected:
  IncidentEngineTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 ("vigil-incident-engine-" + std::string(test->name()));
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    sealer_.emplace(*Sealer::FromHex(std::string(64, 'a')));
    database::DatabaseOptions options;
    options.path = directory_ / "vigil.db";
    auto opened = database::OpenDatabase(options, *sealer_, clock_);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    database_ = *std::move(opened);
    persons_.emplace(*database_);
    incidents_.emplace(*database_);
    detections_.emplace(*database_);
    store_ = *database::IncidentStore::Open({}, *database_, clock_);
    lossy_.behind = store_.get();
    Person anna;
    anna.name = "Anna";
    anna_ = *persons_->Create(anna);
  }
  ~IncidentEngineTest() override {
    engine_.reset();
    store_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Start(IncidentEngineOptions options = {}) {
    options.detector = "mtcnn";
    IncidentEnginePorts ports{
        .clock = clock_,
        .media = media_,
        .find_person = [this](const std::string& id) { return persons_->Get(id); },
        .store = lossy_,
        .metrics = metrics_,
        .routes = {{"phone", alerts::MakeCooldownRule({})}},
        .watch_rules = [this] { return rules_; },
        .on_recorded =
            [this](const database::SightingResult& result) {
              alerts_queued_ += static_cast<int>(result.alerts_queued.size());
            }};
    engine_.emplace(options, std::move(ports));
  }

  // Everything that was taken is stored.
  void Finish() { engine_.reset(); }

  TrackOutcome Seen(Outcome outcome, Occasion occasion, seconds at = seconds{0},
                    std::int64_t track_id = 1) {
    TrackOutcome told;
    told.camera_id = "door";
    told.camera_name = "Front door";
    told.visit_group = "door";
    told.track_id = track_id;
    told.occasion = occasion;
    told.embedder = "facenet-128";
    told.decision.outcome = outcome;
    told.decision.similarity = 0.8F;
    told.decision.threshold = 0.6F;
    told.decision.stranger_odds = 0.001;
    if (outcome != Outcome::kUnrecognisable) told.decision.candidates = {{anna_.id, "r1", 0.8F}};
    told.best.detection = FakeDetector::Face(5, 5, 30);
    told.best.crop.image = {16, 16, std::vector<std::uint8_t>(16 * 16 * 3, 90)};
    told.best.frame = MakeTestFrame();
    told.best.frame.captured_at = clock_.WallNow() + at;
    told.best.frame_faces = 2;
    told.first_seen = told.last_seen = told.best.frame.captured_at;
    return told;
  }

  // The store, whose answers can be lost on the way back.
  class LossyStore final : public database::SightingStore {
   public:
    Result<database::SightingResult> RecordSighting(const NewSighting& sighting,
                                                    milliseconds visit_gap,
                                                    std::span<const AlertRoute> routes) override {
      auto result = behind->RecordSighting(sighting, visit_gap, routes);
      if (answers_lost > 0) {
        --answers_lost;
        return Fail(ErrorCode::kUnavailable, "the connection was lost after COMMIT");
      }
      return result;
    }
    Status WriteDetections(std::span<const DetectionRecord> detections) override {
      return behind->WriteDetections(detections);
    }

    database::SightingStore* behind = nullptr;
    int answers_lost = 0;  // set before the engine starts
  };

  std::vector<Incident> Incidents() { return incidents_->List({}, {})->items; }
  std::vector<DetectionRecord> Detections() { return detections_->List({})->items; }

  ManualClock clock_;
  std::filesystem::path directory_;
  std::optional<Sealer> sealer_;
  MemoryMediaStore media_;
  metrics::Metrics metrics_;
  std::unique_ptr<database::Database> database_;
  std::optional<database::PersonRepository> persons_;
  std::optional<database::IncidentRepository> incidents_;
  std::optional<database::DetectionRepository> detections_;
  std::unique_ptr<database::IncidentStore> store_;
  LossyStore lossy_;
  Person anna_;
  std::atomic<int> alerts_queued_ = 0;
  std::shared_ptr<const WatchRules> rules_ = std::make_shared<const WatchRules>();
  std::optional<IncidentEngine> engine_;
};

TEST_F(IncidentEngineTest, AMatchBecomesAnIncidentWithItsPicturesAndReasons) {
  Start();
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  const Incident incident = Incidents().front();
  EXPECT_EQ(incident.person_name, "Anna");
  EXPECT_EQ(incident.best.camera_name, "Front door");
  EXPECT_EQ(incident.best.face_count, 2);
  EXPECT_FLOAT_EQ(incident.best.decision.similarity, 0.8F);
  EXPECT_EQ(incident.best.embedder, "facenet-128");
  EXPECT_TRUE(media_.Get(incident.best.crop_media_id).has_value());
  EXPECT_TRUE(media_.Get(incident.best.frame_media_id).has_value());
  EXPECT_EQ(alerts_queued_, 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr("vigil_incidents_total{camera=\"door\"} 1"));
}

TEST_F(IncidentEngineTest, TheTraceOfADecisionIsKeptWithIt) {
  Start();
  TrackOutcome told = Seen(Outcome::kMatch, Occasion::kChanged);
  told.decision.trace.shots.resize(2);
  told.decision.trace.times.detect = milliseconds{31};
  engine_->Take(told);
  Finish();
  const std::vector<Sighting> sightings = *incidents_->Sightings(Incidents().front().id);
  ASSERT_THAT(sightings, SizeIs(1));
  EXPECT_THAT(sightings[0].decision.trace.shots, SizeIs(2));
  EXPECT_EQ(sightings[0].decision.trace.times.detect, milliseconds{31});
}

TEST_F(IncidentEngineTest, APossibleMatchOpensAnIncidentButAlertsNobody) {
  Start();
  engine_->Take(Seen(Outcome::kPossibleMatch, Occasion::kChanged));
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().outcome, Outcome::kPossibleMatch);
  EXPECT_EQ(alerts_queued_, 0);
}

TEST_F(IncidentEngineTest, OneOfTwoWhoAreNearlyAsSimilarAlertsWithTheHigherSeverity) {
  Person berta;
  berta.name = "Berta";
  berta.severity = Severity::kCritical;
  berta = persons_->Create(berta).value();
  Start();
  TrackOutcome told = Seen(Outcome::kPossibleMatch, Occasion::kChanged);
  told.decision.candidates.push_back({berta.id, "r2", 0.78F});
  ThresholdTrace& trace = told.decision.trace.threshold;
  trace.near_equal = true;
  trace.lead = 0.02F;
  trace.lead_min = 0.05F;
  engine_->Take(told);
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().severity, Severity::kCritical);
  EXPECT_EQ(alerts_queued_, 1);
}

TEST_F(IncidentEngineTest, TellsThoseOfTheOtherPersonsListsWhoItMayBe) {
  const Person berta = persons_
                           ->Create([] {
                             Person person;
                             person.name = "Berta";
                             return person;
                           }())
                           .value();
  Watchlist quiet;
  quiet.id = "quiet";
  quiet.channels = {"nobody's"};
  Watchlist wanted;
  wanted.id = "wanted";
  wanted.severity = Severity::kCritical;
  rules_ = std::make_shared<const WatchRules>(std::vector{quiet, wanted}, WatchRules::Membership{});
  Start();
  TrackOutcome told = Seen(Outcome::kPossibleMatch, Occasion::kChanged);
  told.decision.candidates.push_back({berta.id, "r2", 0.78F});
  DecisionTrace& trace = told.decision.trace;
  trace.threshold.near_equal = true;
  trace.threshold.lead = 0.02F;
  trace.threshold.lead_min = 0.05F;
  trace.watchlists = {{"quiet", "Quiet", 0.5F, true}};
  trace.near_equal_watchlists = {{"wanted", "Wanted", 0.5F, true}};
  engine_->Take(told);
  told.decision.outcome = Outcome::kMatch;  // Anna for sure, by a better look
  trace.threshold = {};
  trace.near_equal_watchlists.clear();
  told.last_seen += seconds{5};
  engine_->Take(told);
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().outcome, Outcome::kMatch);
  EXPECT_EQ(Incidents().front().severity, Severity::kCritical);
  EXPECT_EQ(alerts_queued_, 1) << "Berta's channel, and Anna's list names none";
}

TEST_F(IncidentEngineTest, ALongVisitIsOneIncidentOneAlertAndOnePairOfPictures) {
  Start();
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  for (int i = 1; i <= 10; ++i)
    engine_->Take(Seen(Outcome::kMatch, Occasion::kStillSeen, seconds{30 * i}));
  engine_->Take(Seen(Outcome::kMatch, Occasion::kEnded, seconds{320}));
  engine_->Take(
      Seen(Outcome::kMatch, Occasion::kChanged, seconds{370}, 2));  // back within the visit's gap
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().sighting_count, 13);
  EXPECT_EQ(alerts_queued_, 1);
  EXPECT_EQ(media_.Count(), 4U);  // crop and frame of both tracks
}

TEST_F(IncidentEngineTest, NotesEveryFaceOnceWhenItIsGone) {
  Start();
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  engine_->Take(Seen(Outcome::kMatch, Occasion::kEnded));
  engine_->Take(Seen(Outcome::kStranger, Occasion::kChanged, seconds{1}, 2));
  engine_->Take(Seen(Outcome::kStranger, Occasion::kEnded, seconds{1}, 2));
  engine_->Take(Seen(Outcome::kUnrecognisable, Occasion::kEnded, seconds{2}, 3));
  Finish();
  std::set<Outcome> outcomes;
  for (const DetectionRecord& detection : Detections()) {
    outcomes.insert(detection.outcome);
    EXPECT_THAT(detection.crop_media_id, Not(IsEmpty()));
  }
  EXPECT_THAT(Detections(), SizeIs(3));
  EXPECT_THAT(outcomes, SizeIs(3));
  EXPECT_EQ(media_.Count(), 4U);  // the match's crop and frame, two crops of the others
}

TEST_F(IncidentEngineTest, KeepsNoPictureOfUnmatchedFacesWhenToldSo) {
  IncidentEngineOptions options;
  options.keep_unmatched_crops = false;
  Start(options);
  engine_->Take(Seen(Outcome::kStranger, Occasion::kEnded));
  Finish();
  EXPECT_EQ(media_.Count(), 0U);
  ASSERT_THAT(Detections(), SizeIs(1));
  EXPECT_THAT(Detections().front().crop_media_id, IsEmpty());
}

TEST_F(IncidentEngineTest, AlertsNobodyAboutAPersonDeletedMeanwhile) {
  Start();
  ASSERT_TRUE(persons_->Delete(anna_.id).has_value());
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  Finish();
  EXPECT_THAT(Incidents(), IsEmpty());
  EXPECT_EQ(alerts_queued_, 0);
}

TEST_F(IncidentEngineTest, TriesAgainWhileTheDiskIsFull) {
  media_.FailNext(1);
  Start();
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  clock_.AwaitSleepers(1);
  clock_.Advance(seconds{1});
  Finish();
  EXPECT_THAT(Incidents(), SizeIs(1));
}

TEST_F(IncidentEngineTest, CountsASightingOnceThoughTheAnswerWasLost) {
  lossy_.answers_lost = 1;
  IncidentEngineOptions options;
  options.retry_wait = milliseconds{0};
  Start(options);
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().sighting_count, 1);
  EXPECT_EQ(alerts_queued_, 1);
}

TEST_F(IncidentEngineTest, ManyWhoWaitKeepTheirCropsOnly) {
  media_.FailNext(1);
  IncidentEngineOptions options;
  options.frames_queued_max = 1;
  Start(options);
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged, seconds{0}, 1));
  clock_.AwaitSleepers(1);
  for (int track = 2; track <= 3; ++track) {
    engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged, seconds{0}, track));
  }
  clock_.Advance(seconds{1});
  Finish();
  ASSERT_THAT(Incidents(), SizeIs(1));
  std::vector<bool> framed;
  const auto sightings = incidents_->Sightings(Incidents().front().id).value();
  for (const Sighting& sighting : sightings) {
    framed.push_back(!sighting.frame_media_id.empty());
  }
  EXPECT_THAT(framed, ElementsAre(true, true, false));
}

TEST_F(IncidentEngineTest, SaysLoudlyWhatItCouldNotStore) {
  media_.FailNext(1000);
  Start();
  engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged));
  // Tried for as long as Vigil runs, and not for longer.
  for (int i = 0; i < 30; ++i) {
    clock_.AwaitSleepers(1);
    clock_.Advance(seconds{1});
  }
  clock_.AwaitSleepers(1);
  EXPECT_EQ(engine_->Drops(), 0);
  Finish();
  EXPECT_THAT(Incidents(), IsEmpty());
  EXPECT_THAT(metrics_.Text(), HasSubstr("vigil_queue_drops_total{queue=\"incidents\"} 1"));
}

TEST_F(IncidentEngineTest, AFullQueueMakesTheWorkerWaitAndThenFailsLoudly) {
  std::latch released{1};
  media_.HoldUntil(&released);
  IncidentEngineOptions options;
  options.queue_depth_max = 1;
  options.queue_timeout = milliseconds{1};
  Start(options);
  for (int i = 1; i <= 3; ++i)
    engine_->Take(Seen(Outcome::kMatch, Occasion::kChanged, seconds{0}, i));
  EXPECT_THAT(metrics_.Text(), HasSubstr("vigil_queue_drops_total{queue=\"incidents\"}"));
  released.count_down();
  Finish();
  EXPECT_THAT(Incidents(), SizeIs(1));
}

}  // namespace
}  // namespace vigil::pipeline
