// The database goes away and comes back: alerts go on, and everything is stored once.
#include "database/incident_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/uuid.h"
#include "database/event_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Once in ten minutes.
CooldownVerdict TenMinutes(const CooldownState& state, const CooldownAttempt& attempt) {
  CooldownVerdict verdict{
      .send = !state.last_alert_at.has_value() || attempt.at - *state.last_alert_at >= minutes{10},
      .next = state};
  if (verdict.send) {
    verdict.next = {attempt.at, attempt.severity, attempt.similarity, 0};
  } else {
    ++verdict.next.suppressed;
  }
  return verdict;
}

class IncidentStoreTest : public ::testing::Test {
 protected:
  IncidentStoreTest() { OpenStore(); }

  void OpenStore() {
    store_.reset();
    auto opened = IncidentStore::Open({.spool_file = spool_}, *database_, database_.GetClock());
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
    database_.GetClock().AwaitSleepers(1);
  }

  // Another connection holds what every write needs, so that writes are refused after the
  // database's patience of some milliseconds.
  void TakeAway() {
    holder_ = database_.Connect();
    ASSERT_TRUE(holder_->Begin(TransactionKind::kWrite).has_value());
    if (database_.Options().postgres_url.Empty()) return;
    ASSERT_TRUE(holder_
                    ->Execute("LOCK TABLE incidents, sightings, cooldowns, outbox, deliveries, "
                              "detections IN ACCESS EXCLUSIVE MODE",
                              {})
                    .has_value());
  }
  // Lets the thread bring what waits.
  void GiveBack() {
    holder_->Rollback();
    holder_.reset();
    AwaitRound();
    EXPECT_FALSE(store_->Away());
    EXPECT_EQ(store_->Waiting(), 0U);
  }
  void AwaitRound() {
    database_.GetClock().AwaitSleepers(1);
    database_.GetClock().Advance(seconds{1});
    database_.GetClock().AwaitSleepers(1);
  }

  NewSighting Seen(float similarity = 0.7F) {
    NewSighting sighting;
    sighting.person.id = "ada";
    sighting.person.name = "Ada";
    sighting.camera_group_id = "entrance";
    Sighting& seen = sighting.sighting;
    seen.id = MakeUuid(database_.GetClock());
    seen.camera_id = "camera-1";
    seen.seen_at = database_.GetClock().WallNow();
    seen.crop_media_id = "crop-1";
    seen.decision.outcome = Outcome::kMatch;
    seen.decision.similarity = similarity;
    seen.decision.threshold = 0.6F;
    seen.decision.candidates = {{"ada", "r1", similarity}};
    return sighting;
  }
  SightingResult Record(const NewSighting& sighting) {
    const std::vector<AlertRoute> routes{{"phone", TenMinutes}};
    auto result = store_->RecordSighting(sighting, minutes{1}, routes);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(SightingResult{});
  }
  std::vector<PendingAlert> Due() {
    return store_->DueAlerts("phone", database_.GetClock().WallNow(), 10).value();
  }
  void Sent(const PendingAlert& alert) {
    const WallTime now = database_.GetClock().WallNow();
    ASSERT_TRUE(
        store_->RecordAttempt(alert.message.id, now, DeliveryState::kSent, "204", now).has_value());
  }
  std::vector<Incident> Incidents() { return IncidentRepository(*database_).List({}, {})->items; }
  std::int64_t Count(const std::string& what) {
    return database_.Execute("SELECT COUNT(*) AS n FROM " + what).rows.at(0).Integer("n");
  }

  TemporaryDatabase database_{{.busy_timeout = milliseconds{20}}};
  TemporaryFolder folder_;
  const std::filesystem::path spool_ = folder_.Path() / "spool";
  std::unique_ptr<Connection> holder_;
  std::unique_ptr<IncidentStore> store_;
};

TEST_F(IncidentStoreTest, GoesStraightToTheDatabaseWhileItAnswers) {
  const SightingResult result = Record(Seen());
  EXPECT_TRUE(result.created);
  EXPECT_FALSE(store_->Away());
  EXPECT_THAT(Incidents(), SizeIs(1));
  EXPECT_THAT(Due(), SizeIs(1));
}

TEST_F(IncidentStoreTest, AlertsWhileTheDatabaseIsAwayAndStoresAllOfItAfterwards) {
  TakeAway();
  const SightingResult first = Record(Seen());
  EXPECT_TRUE(store_->Away());
  EXPECT_TRUE(first.created);
  EXPECT_THAT(first.alerts_queued, ElementsAre("phone"));
  const auto due = Due();
  ASSERT_THAT(due, SizeIs(1));
  EXPECT_EQ(due.front().message.person_name, "Ada");
  Sent(due.front());
  EXPECT_THAT(Due(), IsEmpty()) << "sent once";

  const SightingResult second = Record(Seen(0.8F));
  EXPECT_FALSE(second.created) << "one visit";
  EXPECT_EQ(second.incident.id, first.incident.id);
  EXPECT_THAT(second.alerts_queued, IsEmpty()) << "one alert a visit";

  GiveBack();
  ASSERT_THAT(Incidents(), SizeIs(1));
  const Incident incident = Incidents().front();
  EXPECT_EQ(incident.id, first.incident.id);
  EXPECT_EQ(incident.sighting_count, 2);
  EXPECT_FLOAT_EQ(incident.best.decision.similarity, 0.8F);
  EXPECT_EQ(Count("outbox WHERE state = 'sent' AND attempts = 1"), 1);
  EXPECT_EQ(Count("deliveries"), 1);
  EXPECT_EQ(Count("cooldowns WHERE channel = 'phone'"), 1);
  EXPECT_THAT(Due(), IsEmpty()) << "not sent again from the database";
  EXPECT_THAT(Record(Seen()).alerts_queued, IsEmpty());
  EXPECT_EQ(Incidents().front().sighting_count, 3);
}

TEST_F(IncidentStoreTest, GoesOnWithTheVisitsAndCooldownsFromBefore) {
  const SightingResult before = Record(Seen());
  TakeAway();
  const SightingResult during = Record(Seen());
  EXPECT_EQ(during.incident.id, before.incident.id);
  EXPECT_THAT(during.alerts_queued, IsEmpty());
  database_.GetClock().Advance(minutes{2});
  const SightingResult anew = Record(Seen());
  EXPECT_TRUE(anew.created) << "the visit is over";
  EXPECT_THAT(anew.alerts_suppressed, ElementsAre("phone")) << "the cooldown is not";
  GiveBack();
  ASSERT_THAT(Incidents(), SizeIs(2));
  EXPECT_EQ(Incidents().at(0).id, anew.incident.id);
  EXPECT_EQ(Incidents().at(1).sighting_count, 2);
  EXPECT_EQ(Count("incidents WHERE visit_open = 1"), 1);
  EXPECT_EQ(Count("cooldowns WHERE suppressed = 1"), 1);
}

TEST_F(IncidentStoreTest, TheOldAlertsWaitUntilTheirAttemptsAreStored) {
  Record(Seen());
  const auto due = Due();
  ASSERT_THAT(due, SizeIs(1));
  TakeAway();
  Sent(due.front());
  EXPECT_TRUE(store_->Away());
  EXPECT_THAT(Due(), IsEmpty()) << "the database still has it as not sent";
  GiveBack();
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(Count("outbox WHERE state = 'sent' AND attempts = 1"), 1);
}

TEST_F(IncidentStoreTest, StoresOnceWhatGotThroughWithoutAnAnswer) {
  const NewSighting sighting = Seen();
  const std::vector<AlertRoute> routes{{"phone", TenMinutes}};
  ASSERT_TRUE(IncidentRepository(*database_).RecordSighting(sighting, minutes{1}, routes));
  TakeAway();
  const SightingResult again = Record(sighting);
  const auto due = Due();
  ASSERT_THAT(due, SizeIs(1)) << "this process cannot know that it is stored";
  Sent(due.front());
  GiveBack();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().id, again.incident.id);
  EXPECT_EQ(Incidents().front().sighting_count, 1);
  EXPECT_EQ(Count("outbox"), 1);
  EXPECT_THAT(Due(), IsEmpty()) << "the same alert, and it is sent";
}

TEST_F(IncidentStoreTest, ARestartGoesOnFromTheSpool) {
  TakeAway();
  const SightingResult first = Record(Seen());
  Sent(Due().front());
  NewSighting other = Seen();
  other.person.id = "bea";
  Record(other);
  OpenStore();
  EXPECT_TRUE(store_->Away());
  EXPECT_EQ(store_->Waiting(), 3U);
  ASSERT_THAT(Due(), SizeIs(1)) << "what was sent stays sent";
  EXPECT_EQ(Due().front().message.person_id, "bea");
  const SightingResult next = Record(Seen());
  EXPECT_EQ(next.incident.id, first.incident.id) << "the visit goes on";
  GiveBack();
  EXPECT_EQ(Count("incidents"), 2);
  EXPECT_EQ(Count("sightings"), 3);
  EXPECT_THAT(Due(), SizeIs(1)) << "and is sent from the database";
}

TEST_F(IncidentStoreTest, DetectionsWaitToo) {
  TakeAway();
  std::vector<DetectionRecord> batch(2);
  batch[0].id = "first";
  batch[1].id = "second";
  ASSERT_TRUE(store_->WriteDetections(batch).has_value());
  EXPECT_EQ(store_->Waiting(), 1U);
  GiveBack();
  EXPECT_EQ(Count("detections"), 2);
}

TEST_F(IncidentStoreTest, WithoutASpoolTheCallerWaits) {
  auto plain = IncidentStore::Open({}, *database_, database_.GetClock());
  ASSERT_TRUE(plain.has_value());
  TakeAway();
  const auto refused = (*plain)->RecordSighting(Seen(), minutes{1}, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable) << refused.error().message;
  EXPECT_FALSE((*plain)->Away());
  holder_->Rollback();
}

TEST_F(IncidentStoreTest, WhatTheDatabaseRefusesForGoodHoldsUpNothing) {
  store_.reset();
  {
    auto file = SpoolFile::Open(spool_, database_->GetSealer(), 1 << 20);
    ASSERT_TRUE(file->Append(R"({"kind":"of another version"})").has_value());
    ASSERT_TRUE(file->Append(SpoolRecordToText(std::vector<DetectionRecord>(1))).has_value());
  }
  OpenStore();
  AwaitRound();
  EXPECT_FALSE(store_->Away());
  EXPECT_EQ(Count("detections"), 1);
  auto refused = SpoolFile::Open(spool_.string() + ".refused", database_->GetSealer(), 1 << 20);
  ASSERT_EQ(refused->Count(), 1U);
  EXPECT_EQ(refused->Read(0).value(), R"({"kind":"of another version"})");
}

TEST_F(IncidentStoreTest, ASightingOfAnIncidentThatWasDeletedMeanwhileBeginsItAnew) {
  const SightingResult before = Record(Seen());
  TakeAway();
  Record(Seen());
  holder_->Rollback();
  database_.Execute("DELETE FROM incidents");
  AwaitRound();
  ASSERT_THAT(Incidents(), SizeIs(1));
  EXPECT_EQ(Incidents().front().id, before.incident.id);
  EXPECT_EQ(Incidents().front().sighting_count, 1);
}

}  // namespace
}  // namespace vigil::database
