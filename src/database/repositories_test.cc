// Cameras, detections, audit log, settings and maintenance.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "database/audit_repository.h"
#include "database/camera_repository.h"
#include "database/detection_repository.h"
#include "database/gallery_log.h"
#include "database/gallery_repository.h"
#include "database/incident_repository.h"
#include "database/maintenance.h"
#include "database/retention.h"
#include "database/setting_repository.h"
#include "fake_media_store.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Cameras : public ::testing::Test {
 protected:
  Camera Make(const std::string& name) {
    Camera camera;
    camera.name = name;
    camera.url = Secret("rtsp://user:secret@10.0.0.1/" + name);
    return camera;
  }

  TemporaryDatabase database_;
  CameraRepository cameras_{*database_};
  CameraGroupRepository groups_{*database_};
};

TEST_F(Cameras, KeepEveryField) {
  Camera camera = Make("door");
  camera.group_id = groups_.Create({.id = "", .name = "entrance"})->id;
  camera.enabled = false;
  camera.detect_interval_ms = 250;
  camera = *cameras_.Create(camera);
  EXPECT_EQ(*cameras_.Get(camera.id), camera);
  EXPECT_THAT(*cameras_.List(), ElementsAre(camera));
  camera.min_face_px = 60;
  camera.detect_interval_ms.reset();
  camera.watched = {.areas = {{{0, 0.5F}, {1, 0.5F}, {0.1235F, 1}}, {{0, 0}, {0.2F, 0}, {0, 0.1F}}},
                    .excluded = {{{0.25F, 0.5F}, {1, 0.5F}, {1, 1}, {0.3F, 0.9F}}}};
  camera.face_score_min = 0.85F;
  camera.keyframes_when_idle = true;
  camera.url = Secret("rtsp://new");
  camera = *cameras_.Update(camera);
  EXPECT_EQ(*cameras_.Get(camera.id), camera);
  EXPECT_EQ(camera.url.Reveal(), "rtsp://new");
  EXPECT_TRUE(cameras_.Delete(camera.id).has_value());
  EXPECT_EQ(cameras_.Delete(camera.id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(cameras_.Update(camera).error().code, ErrorCode::kNotFound);
}

TEST_F(Cameras, HideTheirUrls) {
  ASSERT_TRUE(cameras_.Create(Make("door")).has_value());
  const Bytes stored = database_.Execute("SELECT url FROM cameras").rows.at(0).Blob("url");
  const std::string text(reinterpret_cast<const char*>(stored.data()), stored.size());
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST_F(Cameras, ShowUpWithoutUrlWhenItWasAltered) {
  const Camera door = *cameras_.Create(Make("door"));
  const Camera gate = *cameras_.Create(Make("gate"));
  database_.Execute("UPDATE cameras SET url = $1 WHERE id = $2", {Bytes(80), door.id});
  EXPECT_EQ(cameras_.Get(door.id).error().code, ErrorCode::kDataLoss);
  const std::vector<Camera> listed = *cameras_.List();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_TRUE(listed[0].url.Empty());
  EXPECT_EQ(listed[1], gate);
}

TEST_F(Cameras, HaveUniqueNamesAndKnownGroups) {
  ASSERT_TRUE(cameras_.Create(Make("door")).has_value());
  EXPECT_EQ(cameras_.Create(Make("door")).error().code, ErrorCode::kConflict);
  Camera lost = Make("lost");
  lost.group_id = "nowhere";
  EXPECT_EQ(cameras_.Create(lost).error().code, ErrorCode::kInvalidArgument);
  CameraGroup group = *groups_.Create({.id = "", .name = "a"});
  EXPECT_EQ(groups_.Create({.id = "", .name = "a"}).error().code, ErrorCode::kConflict);
  group.name = "b";
  EXPECT_EQ(groups_.Update(group)->name, "b");
  EXPECT_THAT(*groups_.List(), ElementsAre(group));
  EXPECT_EQ(groups_.Get("none").error().code, ErrorCode::kNotFound);
}

TEST_F(Cameras, StandAloneWhenTheirGroupGoes) {
  Camera camera = Make("door");
  camera.group_id = groups_.Create({.id = "", .name = "entrance"})->id;
  camera = *cameras_.Create(camera);
  ASSERT_TRUE(groups_.Delete(camera.group_id).has_value());
  EXPECT_EQ(cameras_.Get(camera.id)->VisitGroup(), camera.id);
  EXPECT_EQ(groups_.Delete(camera.group_id).error().code, ErrorCode::kNotFound);
}

DetectionRecord Detected(Outcome outcome, WallTime seen_at, const std::string& crop) {
  DetectionRecord record;
  record.camera_id = "camera-1";
  record.seen_at = seen_at;
  record.track_id = 3;
  record.box = {1, 2, 30, 40};
  record.score = 0.9F;
  record.outcome = outcome;
  record.crop_media_id = crop;
  return record;
}

TEST(Detections, KeepEveryFieldAndComeNewestFirst) {
  TemporaryDatabase database;
  DetectionRepository detections(*database);
  const WallTime now = database.GetClock().WallNow();
  DetectionRecord poor = Detected(Outcome::kUnrecognisable, now, "crop-1");
  poor.reason = UnrecognisableReason::kBlurred;
  const std::vector<DetectionRecord> batch{poor, Detected(Outcome::kStranger, now, "")};
  ASSERT_TRUE(detections.WriteBatch(batch).has_value());
  const auto listed = detections.List({})->items;
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].outcome, Outcome::kStranger);
  EXPECT_EQ(listed[1].reason, UnrecognisableReason::kBlurred);
  EXPECT_EQ(listed[1].box, poor.box);
  EXPECT_EQ(listed[1].seen_at, now);
  EXPECT_EQ(detections.List({.limit = 1, .after = listed[0].id})->items.at(0).id, listed[1].id);
}

TEST(Detections, AreFiltered) {
  TemporaryDatabase database;
  DetectionRepository detections(*database);
  const WallTime now = database.GetClock().WallNow();
  const std::chrono::seconds second{1};
  DetectionRecord other = Detected(Outcome::kMatch, now + second, "");
  other.camera_id = "camera-2";
  other.track_id = 9;
  const std::vector<DetectionRecord> batch{Detected(Outcome::kStranger, now, ""), other};
  ASSERT_TRUE(detections.WriteBatch(batch).has_value());
  const auto cameras = [&](const DetectionFilter& filter) {
    std::string found;
    const auto page = detections.List({}, filter).value();
    for (const auto& record : page.items) found += record.camera_id.back();
    return found;
  };
  EXPECT_EQ(cameras({}), "21");
  EXPECT_EQ(cameras({.camera_id = "camera-1"}), "1");
  EXPECT_EQ(cameras({.from = now + second}), "2");
  EXPECT_EQ(cameras({.to = now}), "1");
  EXPECT_EQ(cameras({.outcome = Outcome::kMatch}), "2");
  EXPECT_EQ(cameras({.track_id = 3}), "1");
  EXPECT_EQ(cameras({.camera_id = "camera-1", .track_id = 9}), "");
}

TEST(Audit, IsFiltered) {
  TemporaryDatabase database;
  AuditRepository audit(*database);
  const WallTime now = database.GetClock().WallNow();
  const auto add = [&](const std::string& user, const std::string& action, WallTime at) {
    AuditEntry entry;
    entry.user_id = "id-" + user;
    entry.user_name = user;
    entry.action = action;
    entry.object_id = "object-" + user;
    entry.at = at;
    entry.detail = "{}";
    EXPECT_TRUE(audit.Append(entry).has_value());
  };
  add("anna", "person.create", now);
  add("otto", "person_x", now + std::chrono::hours{1});
  const auto found = [&](const AuditFilter& filter) {
    std::string names;
    const auto page = audit.List({}, filter).value();
    for (const AuditEntry& entry : page.items) names += entry.user_name.front();
    return names;
  };
  EXPECT_EQ(found({}), "oa");
  EXPECT_EQ(found({.user = "anna"}), "a");
  EXPECT_EQ(found({.user = "id-otto"}), "o");
  EXPECT_EQ(found({.action = "person.create"}), "a");
  EXPECT_EQ(found({.action = "person."}), "a") << "a beginning";
  EXPECT_EQ(found({.action = "person"}), "") << "no beginning without the dot";
  EXPECT_EQ(found({.object_id = "object-otto"}), "o");
  EXPECT_EQ(found({.from = now + std::chrono::minutes{1}}), "o");
  EXPECT_EQ(found({.to = now}), "a");
  EXPECT_EQ(audit.List({.limit = 1}, {.from = now})->items.size(), 1U);
  EXPECT_FALSE(audit.List({.limit = 1}, {.from = now})->next.empty());
}

TEST(Detections, AreWrittenAllOrNone) {
  TemporaryDatabase database;
  DetectionRepository detections(*database);
  std::vector<DetectionRecord> batch(2, Detected(Outcome::kStranger, WallTime{}, ""));
  // Neither is what its column promises: the one in SQLite, the other in PostgreSQL.
  batch[1].score = std::numeric_limits<float>::quiet_NaN();
  batch[1].camera_id = "\xFF";
  EXPECT_FALSE(detections.WriteBatch(batch).has_value());
  EXPECT_TRUE(detections.List({})->items.empty());
}

TEST(Detections, AreWrittenOnceHoweverOftenTheyAreTried) {
  TemporaryDatabase database;
  DetectionRepository detections(*database);
  std::vector<DetectionRecord> batch(2, Detected(Outcome::kStranger, WallTime{}, ""));
  batch[0].id = "first";
  batch[1].id = "second";
  ASSERT_TRUE(detections.WriteBatch(std::span(batch).first(1)).has_value());
  ASSERT_TRUE(detections.WriteBatch(batch).has_value());
  EXPECT_EQ(detections.List({})->items.size(), 2U);
}

class Sweep : public ::testing::Test {
 protected:
  std::string Put(MediaKind kind) { return *media_.Put(kind, Bytes(3)); }
  bool Has(const std::string& media_id) { return media_.Get(media_id).has_value(); }
  void Write(Outcome outcome, const std::string& crop) {
    const std::vector<DetectionRecord> batch{
        Detected(outcome, database_.GetClock().WallNow(), crop)};
    ASSERT_TRUE(detections_.WriteBatch(batch).has_value());
  }

  TemporaryDatabase database_;
  FakeMediaStore media_{database_.GetClock()};
  DetectionRepository detections_{*database_};
};

TEST_F(Sweep, RemovesUnmatchedCropsAfterTheirRetention) {
  const std::string stranger = Put(MediaKind::kCrop);
  const std::string match = Put(MediaKind::kCrop);
  Write(Outcome::kStranger, stranger);
  Write(Outcome::kMatch, match);
  database_.GetClock().Advance(std::chrono::hours{24});
  EXPECT_EQ(SweepMedia(*database_, media_, {})->crops_removed, 0);
  database_.GetClock().Advance(std::chrono::milliseconds{1});
  const SweepResult swept = *SweepMedia(*database_, media_, {});
  EXPECT_EQ(swept.crops_removed, 1);
  EXPECT_EQ(swept.orphans_removed, 0);
  EXPECT_FALSE(Has(stranger));
  EXPECT_TRUE(Has(match));
  EXPECT_EQ(detections_.List({})->items.size(), 2U) << "the detection itself stays";
}

TEST_F(Sweep, KeepsCropsThatASightingNames) {
  const std::string crop = Put(MediaKind::kCrop);
  const std::string frame = Put(MediaKind::kFrame);
  Write(Outcome::kStranger, crop);
  NewSighting sighting;
  sighting.person.id = "ada";
  sighting.camera_group_id = "entrance";
  sighting.sighting.crop_media_id = crop;
  sighting.sighting.frame_media_id = frame;
  sighting.sighting.decision.outcome = Outcome::kPossibleMatch;
  ASSERT_TRUE(IncidentRepository(*database_).RecordSighting(sighting, std::chrono::minutes{1}, {}));
  database_.GetClock().Advance(std::chrono::hours{48});
  ASSERT_TRUE(SweepMedia(*database_, media_, {}).has_value());
  EXPECT_TRUE(Has(crop));
  EXPECT_TRUE(Has(frame));
}

TEST_F(Sweep, RemovesOrphansAfterAnHour) {
  const std::string orphan = Put(MediaKind::kPhoto);
  database_.GetClock().Advance(std::chrono::hours{1} + std::chrono::milliseconds{1});
  const std::string young = Put(MediaKind::kPhoto);
  EXPECT_EQ(SweepMedia(*database_, media_, {})->orphans_removed, 1);
  EXPECT_FALSE(Has(orphan));
  EXPECT_TRUE(Has(young));
}

TEST_F(Sweep, LooksAtASliceAStep) {
  std::vector<std::string> orphans;
  for (int i = 0; i < 5; ++i) orphans.push_back(Put(MediaKind::kCrop));
  database_.GetClock().Advance(std::chrono::hours{2});
  OrphanSweep sweep(*database_, media_, {.orphan_slice = 2});
  for (const int removed : {2, 2, 1}) {
    const Result<OrphanSweep::Step> step = sweep.Run({});
    EXPECT_EQ(step->removed, removed);
    EXPECT_EQ(step->round_over, removed == 1);
  }
  orphans.push_back(Put(MediaKind::kCrop));
  database_.GetClock().Advance(std::chrono::hours{2});
  EXPECT_EQ(sweep.Run({})->removed, 1) << "the next round begins at the start";
  EXPECT_EQ(media_.Count(), 0U);
}

TEST_F(Sweep, StopsWhenItIsTold) {
  const std::string orphan = Put(MediaKind::kCrop);
  database_.GetClock().Advance(std::chrono::hours{2});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(SweepMedia(*database_, media_, {}, stop.get_token())->orphans_removed, 0);
  EXPECT_TRUE(Has(orphan));
}

// A store whose listing throws, which no adapter should do.
class ThrowingMediaStore final : public MediaStore {
 public:
  Result<std::string> Put(MediaKind, std::span<const std::byte>) override { return "crop-x"; }
  Result<Bytes> Get(const std::string&) override { return Bytes(); }
  Status Remove(const std::string&) override { return {}; }
  Result<std::vector<std::string>> ListOlderThan(MediaKind, WallTime, const std::string&,
                                                 int) override {
    throw std::runtime_error("a fault of the store");
  }
};

TEST_F(Sweep, OutlivesAnException) {
  ThrowingMediaStore media;
  const Maintenance maintenance(*database_, media, database_.GetClock());
  database_.GetClock().AwaitSleepers(1);
  EXPECT_EQ(maintenance.Failures(), 1);
  database_.GetClock().Advance(std::chrono::minutes{2});
  while (maintenance.Failures() < 2) std::this_thread::yield();
}

class Retention : public ::testing::Test {
 protected:
  std::int64_t Count(const std::string& table) {
    return database_.Execute("SELECT COUNT(*) AS count FROM " + table).rows.at(0).Integer("count");
  }
  void Detect() {
    const std::vector<DetectionRecord> batch{
        Detected(Outcome::kStranger, database_.GetClock().WallNow(), "")};
    ASSERT_TRUE(DetectionRepository(*database_).WriteBatch(batch).has_value());
  }
  void Incident(const std::string& id, bool visit_open, const std::string& alert_state) {
    const WallTime now = database_.GetClock().WallNow();
    database_.Execute(
        "INSERT INTO incidents VALUES ($1, $1, 'Ada', 1, 'entrance', $2, 'match', 'open', NULL, "
        "$3, $3, 1, '', '', NULL)",
        {id, visit_open, now});
    database_.Execute("INSERT INTO outbox VALUES ($1, 'hook', $1, '{}', $2, 1, $3, $3, NULL)",
                      {id, alert_state, now});
    database_.Execute("INSERT INTO deliveries VALUES ($1, $1, $2, $3, 'ok')",
                      {id, now, alert_state});
  }

  TemporaryDatabase database_;
  // Steps of two rows, so that more than one is needed.
  RetentionOptions options_{.incidents = std::chrono::hours{0},
                            .detections = std::chrono::hours{24},
                            .deliveries = std::chrono::hours{24},
                            .sessions = std::chrono::hours{24},
                            .gallery_changes = 2,
                            .rows_at_once = 2};
};

TEST_F(Retention, ForgetsDetectionsOfTheirAge) {
  for (int i = 0; i < 5; ++i) Detect();
  database_.GetClock().Advance(std::chrono::hours{25});
  Detect();
  EXPECT_EQ(ForgetOldRows(*database_, options_)->detections, 5);
  EXPECT_EQ(Count("detections"), 1);
  database_.GetClock().Advance(std::chrono::hours{25});
  options_.detections = std::chrono::hours{0};
  EXPECT_EQ(ForgetOldRows(*database_, options_)->detections, 0) << "0 keeps for ever";
}

TEST_F(Retention, ForgetsDeliveriesOfFinishedAlertsOnly) {
  Incident("1", false, "sent");
  Incident("2", false, "pending");
  Incident("3", false, "dead");
  database_.GetClock().Advance(std::chrono::hours{25});
  Incident("4", false, "sent");
  EXPECT_EQ(ForgetOldRows(*database_, options_)->deliveries, 2);
  EXPECT_EQ(Count("deliveries"), 2);
  EXPECT_EQ(Count("outbox"), 4) << "the alerts themselves stay with their incidents";
  EXPECT_EQ(Count("incidents"), 4) << "kept for ever unless a retention is set";
}

TEST_F(Retention, ForgetsEndedVisitsOfTheirAge) {
  for (const char* id : {"1", "2", "3"}) Incident(id, false, "pending");
  Incident("4", false, "sent");
  Incident("5", true, "sent");
  database_.GetClock().Advance(std::chrono::hours{25});
  Incident("6", true, "sent");
  options_.incidents = std::chrono::hours{24};
  EXPECT_EQ(ForgetOldRows(*database_, options_)->incidents, 2)
      << "nobody came back to end the fifth; those before them are no hindrance";
  EXPECT_EQ(Count("incidents"), 4) << "alerts on their way keep theirs";
  EXPECT_EQ(Count("outbox"), 4);
}

// A channel that works gives up its own; those of one that is gone would wait for ever.
TEST_F(Retention, GivesUpAlertsThatNobodySends) {
  Incident("1", false, "pending");
  Incident("2", false, "sent");
  database_.GetClock().Advance(std::chrono::hours{24});
  Incident("3", false, "pending");
  EXPECT_EQ(GiveUpForgottenAlerts(*database_), 0) << "within the grace";
  database_.GetClock().Advance(std::chrono::hours{2});
  EXPECT_EQ(GiveUpForgottenAlerts(*database_), 1);
  EXPECT_EQ(GiveUpForgottenAlerts(*database_), 0);
  const auto state = [&](const std::string& id) {
    return database_.Execute("SELECT state FROM outbox WHERE id = $1", {id})
        .rows.at(0)
        .Text("state");
  };
  EXPECT_EQ(state("1"), "dead");
  EXPECT_EQ(state("2"), "sent");
  EXPECT_EQ(state("3"), "pending");
  const auto told = database_.Execute(
      "SELECT answer FROM deliveries WHERE alert_id = '1' AND state = 'dead'", {});
  ASSERT_EQ(told.rows.size(), 1U);
  EXPECT_THAT(told.rows.front().Text("answer"), testing::HasSubstr("gone or switched off"));
  EXPECT_EQ(Count("events"), 1) << "whoever follows is told";
}

TEST_F(Retention, KeepsTheNewestGalleryChanges) {
  const std::vector<std::string> ids{"a", "b", "c", "d", "e"};
  ASSERT_TRUE(database_->Write([&](Connection& c) { return LogGalleryChanges(c, ids); }));
  EXPECT_EQ(ForgetOldRows(*database_, options_)->gallery_changes, 3);
  EXPECT_EQ(Count("gallery_log"), 2);
  const auto left = *GalleryRepository(*database_).GalleryChangesAfter(0, 10);
  EXPECT_EQ(left.front().sequence, 4U);
}

TEST_F(Retention, StopsBetweenSteps) {
  for (int i = 0; i < 5; ++i) Detect();
  database_.GetClock().Advance(std::chrono::hours{25});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(ForgetOldRows(*database_, options_, stop.get_token())->detections, 0);
}

TEST_F(Sweep, RunsByTheClock) {
  const std::string orphan = Put(MediaKind::kFrame);
  Maintenance maintenance(*database_, media_, database_.GetClock());
  database_.GetClock().AwaitSleepers(1);
  EXPECT_TRUE(Has(orphan));
  database_.GetClock().Advance(std::chrono::hours{2});
  while (Has(orphan)) std::this_thread::yield();
}

TEST(AuditLog, IsReadNewestFirst) {
  TemporaryDatabase database;
  AuditRepository audit(*database);
  for (const char* action : {"first", "second", "third"}) {
    AuditEntry entry;
    entry.action = action;
    entry.user_name = "olga";
    entry.detail = R"({"count":1})";
    ASSERT_TRUE(audit.Append(entry).has_value());
  }
  const Page<AuditEntry> page = *audit.List({.limit = 2});
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].action, "third");
  EXPECT_EQ(page.items[0].at, database.GetClock().WallNow());
  EXPECT_EQ(page.items[0].detail, R"({"count":1})");
  EXPECT_EQ(audit.List({.limit = 2, .after = page.next})->items.at(0).action, "first");
}

TEST(Settings, AreMadeOnceAndSealed) {
  TemporaryDatabase database;
  SettingRepository settings(*database);
  EXPECT_EQ(settings.Get("key")->has_value(), false);
  int made = 0;
  const auto make = [&]() -> Result<Secret> {
    ++made;
    return Secret("very secret value");
  };
  EXPECT_EQ(settings.GetOrMake("key", make)->Reveal(), "very secret value");
  EXPECT_EQ(settings.GetOrMake("key", make)->Reveal(), "very secret value");
  EXPECT_EQ(made, 1);
  const Bytes stored =
      database.Execute("SELECT value FROM settings WHERE key = 'key'").rows.at(0).Blob("value");
  EXPECT_THAT(std::string(reinterpret_cast<const char*>(stored.data()), stored.size()),
              Not(HasSubstr("secret")));
  ASSERT_TRUE(settings.Set("key", Secret("new")).has_value());
  EXPECT_EQ((*settings.Get("key"))->Reveal(), "new");
  database.Execute("UPDATE settings SET value = $1", {Bytes(50)});
  EXPECT_EQ(settings.Get("key").error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace vigil::database
