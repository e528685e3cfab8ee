// Visits, alerts and cooldowns: every transition of one transaction.
#include "database/incident_repository.h"
#include "database/alert_message_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "database/alert_message_json.h"
#include "database/event_repository.h"
#include "database/outbox_repository.h"
#include "database/person_repository.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr milliseconds kGap = minutes{1};

// Sends at most once in ten minutes and counts the rest.
CooldownVerdict TenMinutes(const CooldownState& state, const CooldownAttempt& attempt) {
  CooldownVerdict verdict{.send = !state.last_alert_at.has_value() ||
                                  attempt.at - *state.last_alert_at >= minutes{10} ||
                                  attempt.severity > state.last_severity,
                          .next = state};
  if (verdict.send) {
    verdict.next = {attempt.at, attempt.severity, attempt.similarity, 0};
  } else {
    ++verdict.next.suppressed;
  }
  return verdict;
}

class Incidents : public ::testing::Test {
 protected:
  NewSighting Seen(Outcome outcome, float similarity = 0.7F) {
    NewSighting sighting;
    sighting.person = person_;
    sighting.camera_group_id = "entrance";
    Sighting& seen = sighting.sighting;
    seen.camera_id = "camera-1";
    seen.camera_name = "Front door";
    seen.seen_at = now_;
    seen.track_id = 4;
    seen.face_count = 2;
    seen.box = {1, 2, 3, 4};
    seen.frame_width = 1920;
    seen.frame_height = 1080;
    seen.quality = 0.5F;
    seen.crop_media_id = "crop-1";
    seen.frame_media_id = "frame-1";
    seen.decision.outcome = outcome;
    seen.decision.similarity = similarity;
    seen.decision.threshold = 0.6F;
    seen.decision.stranger_odds = 0.00025;
    seen.decision.candidates = {{person_.id, "r1", similarity}, {"other", "r2", 0.3F}};
    seen.decision.gallery = {17, 5, 3};
    seen.detector = "mtcnn:abc:f32";
    seen.embedder = "facenet-128:def:i8";
    return sighting;
  }

  SightingResult Record(const NewSighting& sighting) {
    const std::vector<AlertRoute> routes{{"hook", TenMinutes}};
    Result<SightingResult> result = incidents_.RecordSighting(sighting, kGap, routes);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(SightingResult{});
  }

  static Person Ada() {
    Person person;
    person.id = "ada";
    person.name = "Ada";
    person.reason = "test";
    return person;
  }

  std::size_t Queued() { return outbox_.DueAlerts("hook", WallTime::max(), 100)->size(); }

  TemporaryDatabase database_;
  WallTime now_ = database_.GetClock().WallNow();
  IncidentRepository incidents_{*database_};
  OutboxRepository outbox_{*database_};
  Person person_ = Ada();
};

TEST_F(Incidents, BeginWithTheFirstMatchAndAlertOnce) {
  const SightingResult first = Record(Seen(Outcome::kMatch));
  EXPECT_TRUE(first.created);
  EXPECT_THAT(first.alerts_queued, ElementsAre("hook"));
  now_ += seconds{30};
  const SightingResult second = Record(Seen(Outcome::kMatch, 0.8F));
  EXPECT_FALSE(second.created);
  EXPECT_EQ(second.incident.id, first.incident.id);
  EXPECT_EQ(second.incident.sighting_count, 2);
  EXPECT_THAT(second.alerts_queued, IsEmpty());
  EXPECT_THAT(second.alerts_suppressed, IsEmpty());
  EXPECT_EQ(Queued(), 1U);
}

TEST_F(Incidents, AreToldWithTheirAlerts) {
  const std::string id = Record(Seen(Outcome::kPossibleMatch)).incident.id;
  EXPECT_EQ(Record(Seen(Outcome::kMatch)).incident.id, id);
  now_ += minutes{5};
  Record(Seen(Outcome::kMatch));
  const PendingAlert alert = outbox_.DueAlerts("hook", WallTime::max(), 1)->at(0);
  ASSERT_TRUE(outbox_.RecordAttempt(alert.message.id, now_, DeliveryState::kPending, "no", now_));
  ASSERT_TRUE(outbox_.RecordAttempt(alert.message.id, now_, DeliveryState::kSent, "HTTP 204", {}));
  const std::vector<Event> events = EventRepository(*database_).After(0, 100)->events;
  std::vector<std::string> kinds;
  for (const Event& event : events) {
    kinds.push_back(event.kind);
    EXPECT_EQ(event.data.find("Ada"), std::string::npos) << "names are read with the incident";
  }
  EXPECT_THAT(kinds, ElementsAre("incident.created", "incident.updated", "alert.queued",
                                 "incident.created", "alert.suppressed", "alert.sent"));
  const json::value upgrade = ParseJson(events[1].data).value();
  EXPECT_EQ(upgrade.at("incident_id"), json::value(id));
  EXPECT_EQ(upgrade.at("outcome"), "match");
  EXPECT_EQ(upgrade.at("upgraded"), true);
  EXPECT_EQ(upgrade.at("camera_name"), "Front door");
  const json::value sent = ParseJson(events[5].data).value();
  EXPECT_EQ(sent.at("alert_id"), json::value(alert.message.id));
  EXPECT_EQ(sent.at("incident_id"), json::value(id));
  EXPECT_EQ(sent.at("channel"), "hook");
  EXPECT_EQ(sent.at("attempts"), 2);
}

TEST_F(Incidents, AreJudgedAgainAndAgainAndTheNewestCounts) {
  const std::string id = Record(Seen(Outcome::kMatch)).incident.id;
  EXPECT_FALSE(incidents_.Get(id)->label.has_value());
  const auto count = [&](const IncidentFilter& filter) {
    return incidents_.List(filter, {})->items.size();
  };
  EXPECT_EQ(count({.unjudged = true}), 1U);
  ASSERT_TRUE(incidents_.AddLabel(id, {.verdict = Verdict::kUnsure, .user_name = "otto"}));
  database_.GetClock().Advance(seconds{1});
  const Incident judged = *incidents_.AddLabel(id, {Verdict::kFalseMatch, "a cousin", "anna", {}});
  for (const Incident& incident : {judged, *incidents_.Get(id)}) {
    ASSERT_TRUE(incident.label.has_value());
    EXPECT_EQ(incident.label->verdict, Verdict::kFalseMatch);
    EXPECT_EQ(incident.label->note, "a cousin");
    EXPECT_EQ(incident.label->user_name, "anna");
    EXPECT_EQ(incident.label->at, database_.GetClock().WallNow());
  }
  const std::vector<Label> history = *incidents_.Labels(id);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[1].verdict, Verdict::kUnsure);
  EXPECT_EQ(count({.verdict = Verdict::kFalseMatch}), 1U);
  EXPECT_EQ(count({.verdict = Verdict::kUnsure}), 0U) << "only the newest counts";
  EXPECT_EQ(count({.unjudged = true}), 0U);
  EXPECT_EQ(incidents_.AddLabel("none", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(Incidents, AreToldAsAcknowledgedOnce) {
  const std::string id = Record(Seen(Outcome::kMatch)).incident.id;
  ASSERT_TRUE(incidents_.Acknowledge(id, "otto"));
  const std::int64_t newest = EventRepository(*database_).Newest().value();
  const Event told = EventRepository(*database_).After(newest - 1, 1)->events.at(0);
  EXPECT_EQ(told.kind, "incident.acknowledged");
  EXPECT_EQ(ParseJson(told.data).value().at("user_name"), "otto");
  ASSERT_TRUE(incidents_.Acknowledge(id, "anna"));
  EXPECT_EQ(EventRepository(*database_).Newest().value(), newest);
}

TEST_F(Incidents, KeepEverythingThatTellsWhy) {
  const NewSighting seen = Seen(Outcome::kMatch);
  const SightingResult result = Record(seen);
  const Incident incident = *incidents_.Get(result.incident.id);
  EXPECT_EQ(incident.person_name, "Ada");
  EXPECT_EQ(incident.camera_group_id, "entrance");
  EXPECT_EQ(incident.outcome, Outcome::kMatch);
  EXPECT_EQ(incident.state, IncidentState::kOpen);
  EXPECT_EQ(incident.first_seen, now_);
  const Sighting& best = incident.best;
  EXPECT_EQ(best.id, result.sighting_id);
  EXPECT_EQ(best.incident_id, incident.id);
  EXPECT_EQ(best.camera_name, "Front door");
  EXPECT_EQ(best.seen_at, now_);
  EXPECT_EQ(best.track_id, 4);
  EXPECT_EQ(best.face_count, 2);
  EXPECT_EQ(best.box, seen.sighting.box);
  EXPECT_EQ(best.frame_width, 1920);
  EXPECT_EQ(best.crop_media_id, "crop-1");
  EXPECT_EQ(best.frame_media_id, "frame-1");
  EXPECT_EQ(best.decision.similarity, 0.7F);
  EXPECT_EQ(best.decision.threshold, 0.6F);
  EXPECT_EQ(best.decision.stranger_odds, 0.00025);
  EXPECT_EQ(best.decision.candidates, seen.sighting.decision.candidates);
  EXPECT_EQ(best.decision.gallery.sequence, 17U);
  EXPECT_EQ(best.detector, "mtcnn:abc:f32");
  EXPECT_EQ(best.embedder, "facenet-128:def:i8");
}

TEST_F(Incidents, ShowTheBestSightingAndTheWholeTime) {
  const WallTime begin = now_;
  Record(Seen(Outcome::kMatch, 0.7F));
  now_ = begin + seconds{50};
  const std::string best = Record(Seen(Outcome::kMatch, 0.9F)).sighting_id;
  now_ = begin - seconds{10};  // another camera of the group was slower to judge
  const Incident incident = Record(Seen(Outcome::kMatch, 0.8F)).incident;
  EXPECT_EQ(incident.best.id, best);
  EXPECT_EQ(incident.first_seen, begin - seconds{10});
  EXPECT_EQ(incident.last_seen, begin + seconds{50});
  EXPECT_EQ(incidents_.Sightings(incident.id)->size(), 3U);
}

TEST_F(Incidents, EndWhenNobodyIsSeenForTheGap) {
  const std::string first = Record(Seen(Outcome::kMatch)).incident.id;
  now_ += kGap;
  EXPECT_EQ(Record(Seen(Outcome::kMatch)).incident.id, first) << "the gap itself still belongs";
  now_ += kGap + milliseconds{1};
  const SightingResult next = Record(Seen(Outcome::kMatch));
  EXPECT_TRUE(next.created);
  EXPECT_NE(next.incident.id, first);
  EXPECT_THAT(next.alerts_suppressed, ElementsAre("hook")) << "the cooldown outlasts the visit";
  EXPECT_EQ(Queued(), 1U);
}

TEST_F(Incidents, TellHowManyAlertsWereHeldBack) {
  Record(Seen(Outcome::kMatch));
  for (int visit = 0; visit < 2; ++visit) {
    now_ += minutes{2};
    Record(Seen(Outcome::kMatch));
  }
  now_ += minutes{10};
  EXPECT_THAT(Record(Seen(Outcome::kMatch)).alerts_queued, ElementsAre("hook"));
  const auto due = *outbox_.DueAlerts("hook", WallTime::max(), 10);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].message.suppressed_before, 0);
  EXPECT_EQ(due[1].message.suppressed_before, 2);
}

// Somebody who comes back within the cooldown and stays must not stay unannounced for ever.
TEST_F(Incidents, AlertAfterTheCooldownWhenAVisitBeganInsideIt) {
  Record(Seen(Outcome::kMatch));
  now_ += kGap + milliseconds{1};
  const SightingResult back = Record(Seen(Outcome::kMatch));
  EXPECT_TRUE(back.created);
  EXPECT_THAT(back.alerts_suppressed, ElementsAre("hook"));
  SightingResult last = back;
  for (int step = 0; step < 40 && last.alerts_queued.empty(); ++step) {
    now_ += kGap / 2;
    last = Record(Seen(Outcome::kMatch));
  }
  EXPECT_THAT(last.alerts_queued, ElementsAre("hook"));
  EXPECT_EQ(last.incident.id, back.incident.id);
  EXPECT_EQ(Queued(), 2U);
}

TEST_F(Incidents, AlertNobodyForAPossibleMatch) {
  const SightingResult possible = Record(Seen(Outcome::kPossibleMatch, 0.5F));
  EXPECT_TRUE(possible.created);
  EXPECT_THAT(possible.alerts_queued, IsEmpty());
  EXPECT_THAT(possible.alerts_suppressed, IsEmpty());
  EXPECT_EQ(Queued(), 0U);
  EXPECT_TRUE(database_.Execute("SELECT channel FROM cooldowns").rows.empty())
      << "a filtered event must not use up the cooldown";
}

// One human enrolled twice, or two who look alike: it is one of them for sure.
TEST_F(Incidents, AlertWhenItIsOneOfTwoWhoAreNearlyAsSimilar) {
  NewSighting twin = Seen(Outcome::kPossibleMatch, 0.8F);
  ThresholdTrace& trace = twin.sighting.decision.trace.threshold;
  trace.near_equal = true;
  trace.lead = 0.02F;
  trace.lead_min = 0.05F;
  twin.near_equal = person_;
  twin.near_equal->id = "other";
  twin.near_equal->name = "Berta";
  const SightingResult told = Record(twin);
  EXPECT_EQ(told.incident.outcome, Outcome::kPossibleMatch) << "who it is stays open";
  EXPECT_THAT(told.alerts_queued, ElementsAre("hook"));
  const AlertMessage message =
      AlertMessageFromJson(database_.Execute("SELECT message FROM outbox").rows[0].Text("message"))
          .value();
  EXPECT_TRUE(message.near_equal);
  EXPECT_EQ(message.or_person_name, "Berta");
}

TEST_F(Incidents, AlertNobodyWhenSomebodyElseIsNearerOrTheEvidenceIsPoor) {
  for (const int doubt : {0, 1, 2}) {
    NewSighting twin = Seen(Outcome::kPossibleMatch, 0.8F);
    ThresholdTrace& trace = twin.sighting.decision.trace.threshold;
    trace.near_equal = true;
    trace.lead_min = 0.05F;
    if (doubt == 0) trace.lead = -0.1F;  // somebody who is not looked for here
    trace.lone_shot = doubt == 1;
    trace.disputed = doubt == 2;
    EXPECT_THAT(Record(twin).alerts_queued, IsEmpty()) << doubt;
  }
  EXPECT_EQ(Queued(), 0U);
}

TEST_F(Incidents, AreNotKeptSilentByAClockThatWasSetBack) {
  Record(Seen(Outcome::kMatch));
  now_ -= std::chrono::minutes{5};
  EXPECT_FALSE(Record(Seen(Outcome::kMatch)).created) << "a little out of order";
  now_ -= std::chrono::minutes{55};
  const SightingResult back = Record(Seen(Outcome::kMatch));
  EXPECT_TRUE(back.created);
  EXPECT_THAT(back.alerts_suppressed, ElementsAre("hook")) << "the cooldown is asked again";
}

TEST_F(Incidents, AlertOnceWhenAPossibleMatchBecomesAMatch) {
  const Incident possible = Record(Seen(Outcome::kPossibleMatch, 0.5F)).incident;
  ASSERT_TRUE(incidents_.Acknowledge(possible.id, "olga").has_value());
  const SightingResult upgraded = Record(Seen(Outcome::kMatch, 0.7F));
  EXPECT_EQ(upgraded.incident.id, possible.id);
  EXPECT_TRUE(upgraded.upgraded);
  EXPECT_EQ(upgraded.incident.outcome, Outcome::kMatch);
  EXPECT_EQ(upgraded.incident.state, IncidentState::kOpen);
  EXPECT_THAT(upgraded.alerts_queued, ElementsAre("hook"));
  const SightingResult again = Record(Seen(Outcome::kMatch, 0.75F));
  EXPECT_FALSE(again.upgraded);
  const SightingResult weaker = Record(Seen(Outcome::kPossibleMatch, 0.5F));
  EXPECT_EQ(weaker.incident.outcome, Outcome::kMatch);
  EXPECT_EQ(Queued(), 1U);
}

TEST_F(Incidents, AlertAgainWhenTheSeverityRises) {
  Record(Seen(Outcome::kMatch));
  person_.severity = Severity::kCritical;
  EXPECT_THAT(Record(Seen(Outcome::kMatch)).alerts_queued, ElementsAre("hook"));
  EXPECT_THAT(Record(Seen(Outcome::kMatch)).alerts_queued, IsEmpty());
  person_.severity = Severity::kLow;
  const SightingResult lower = Record(Seen(Outcome::kMatch));
  EXPECT_THAT(lower.alerts_queued, IsEmpty());
  EXPECT_EQ(lower.incident.severity, Severity::kCritical);
  EXPECT_EQ(Queued(), 2U);
}

TEST_F(Incidents, TellAChannelThatComesIntoPlayLater) {
  const auto record = [&](const char* channel) {
    const std::vector<AlertRoute> routes{{channel, TenMinutes}};
    return incidents_.RecordSighting(Seen(Outcome::kMatch), kGap, routes)->alerts_queued;
  };
  EXPECT_THAT(record("mail"), ElementsAre("mail"));
  EXPECT_THAT(record("control room"), ElementsAre("control room"));
  EXPECT_THAT(record("mail"), IsEmpty());
}

TEST_F(Incidents, CountCooldownsByPersonGroupAndChannel) {
  const std::vector<AlertRoute> routes{{"hook", TenMinutes}, {"mail", TenMinutes}};
  const auto record = [&] {
    return *incidents_.RecordSighting(Seen(Outcome::kMatch), kGap, routes);
  };
  EXPECT_THAT(Record(Seen(Outcome::kMatch)).alerts_queued, ElementsAre("hook"));
  now_ += minutes{2};
  const SightingResult both = record();
  EXPECT_THAT(both.alerts_queued, ElementsAre("mail"));
  EXPECT_THAT(both.alerts_suppressed, ElementsAre("hook"));
  person_.id = "ben";
  EXPECT_THAT(record().alerts_queued, ElementsAre("hook", "mail"));
  NewSighting elsewhere = Seen(Outcome::kMatch);
  elsewhere.camera_group_id = "garage";
  EXPECT_THAT(incidents_.RecordSighting(elsewhere, kGap, routes)->alerts_queued,
              ElementsAre("hook", "mail"));
}

TEST_F(Incidents, LeaveNothingWhenARuleFails) {
  const std::vector<AlertRoute> routes{
      {"hook", TenMinutes},
      {"broken", [](const CooldownState&, const CooldownAttempt&) -> CooldownVerdict {
         throw std::runtime_error("rule");
       }}};
  EXPECT_FALSE(incidents_.RecordSighting(Seen(Outcome::kMatch), kGap, routes).has_value());
  EXPECT_EQ(Queued(), 0U);
  EXPECT_TRUE(incidents_.List({}, {})->items.empty());
  EXPECT_TRUE(Record(Seen(Outcome::kMatch)).created);
}

TEST_F(Incidents, RefuseStrangers) {
  EXPECT_EQ(incidents_.RecordSighting(Seen(Outcome::kStranger), kGap, {}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(Incidents, StayWithTheNameWhenThePersonIsDeleted) {
  PersonRepository persons(*database_);
  person_ = *persons.Create(person_);
  const std::string id = Record(Seen(Outcome::kMatch)).incident.id;
  ASSERT_TRUE(persons.Delete(person_.id).has_value());
  EXPECT_EQ(incidents_.Get(id)->person_name, "Ada");
}

TEST_F(Incidents, AreListedNewestFirstAndFiltered) {
  const std::string match = Record(Seen(Outcome::kMatch)).incident.id;
  person_.id = "ben";
  now_ += minutes{5};
  NewSighting other = Seen(Outcome::kPossibleMatch, 0.5F);
  other.sighting.camera_id = "camera-2";
  const std::string possible = Record(other).incident.id;
  const auto list = [&](auto set) {
    IncidentFilter filter;
    set(filter);
    std::vector<std::string> ids;
    const Page<Incident> page = *incidents_.List(filter, {});
    for (const Incident& incident : page.items) ids.push_back(incident.id);
    return ids;
  };
  using Filter = IncidentFilter;
  EXPECT_THAT(list([](Filter&) {}), ElementsAre(possible, match));
  EXPECT_THAT(list([](Filter& f) { f.camera_id = "camera-2"; }), ElementsAre(possible));
  EXPECT_THAT(
      list([](Filter& f) { f.camera_id = "camera-2", f.outcome = Outcome::kPossibleMatch; }),
      ElementsAre(possible));
  EXPECT_THAT(list([](Filter& f) { f.camera_id = "camera-3"; }), IsEmpty());
  EXPECT_THAT(list([](Filter& f) { f.person_id = "ada"; }), ElementsAre(match));
  EXPECT_THAT(list([&](Filter& f) { f.from = now_; }), ElementsAre(possible));
  EXPECT_THAT(list([&](Filter& f) { f.to = now_ - minutes{1}; }), ElementsAre(match));
  EXPECT_THAT(list([&](Filter& f) { f.from = f.to = now_; }), ElementsAre(possible));
  EXPECT_THAT(list([&](Filter& f) { f.from = now_ + minutes{1}, f.to = now_ + minutes{2}; }),
              IsEmpty());
  EXPECT_THAT(list([](Filter& f) { f.outcome = Outcome::kMatch; }), ElementsAre(match));
  EXPECT_THAT(list([](Filter& f) { f.state = IncidentState::kAcknowledged; }), IsEmpty());
  EXPECT_THAT(list([](Filter& f) { f.camera_id = "camera-2", f.person_id = "ada"; }), IsEmpty());
  const Page<Incident> page = *incidents_.List({}, {.limit = 1});
  EXPECT_EQ(page.next, possible);
  EXPECT_EQ(incidents_.List({}, {.limit = 1, .after = page.next})->items.at(0).id, match);
  IncidentFilter first_camera;
  first_camera.camera_id = "camera-1";
  EXPECT_EQ(incidents_.List(first_camera, {.limit = 1, .after = possible})->items.at(0).id, match);
  EXPECT_TRUE(incidents_.List(first_camera, {.limit = 1, .after = match})->items.empty());
}

// Of those who were there for long before and after, or for some of the time.
TEST_F(Incidents, AreFoundByAnyMomentOfTheirVisit) {
  const WallTime begin = now_;
  const std::string visit = Record(Seen(Outcome::kMatch)).incident.id;
  for (int i = 0; i < 4; ++i) {
    now_ += seconds{30};
    Record(Seen(Outcome::kMatch));
  }
  const auto found = [&](WallTime from, WallTime to) {
    IncidentFilter filter;
    filter.from = from;
    filter.to = to;
    return incidents_.List(filter, {})->items.size() == 1;
  };
  EXPECT_TRUE(found(begin + seconds{50}, begin + seconds{55}));
  EXPECT_TRUE(found(begin - minutes{5}, begin));
  EXPECT_TRUE(found(now_, now_ + std::chrono::days{40}));
  EXPECT_FALSE(found(now_ + seconds{1}, now_ + minutes{5}));
  EXPECT_FALSE(found(begin - minutes{5}, begin - seconds{1}));
  ASSERT_TRUE(database_.Execute("UPDATE incidents SET first_seen = first_seen - 86400000").changed);
  EXPECT_TRUE(found(begin - std::chrono::hours{5}, begin - std::chrono::hours{4})) << visit;
  EXPECT_FALSE(found(begin - std::chrono::hours{30}, begin - std::chrono::hours{25}));
}

TEST_F(Incidents, AreAcknowledgedByTheFirst) {
  const std::string id = Record(Seen(Outcome::kMatch)).incident.id;
  const Incident acknowledged = *incidents_.Acknowledge(id, "olga");
  EXPECT_EQ(acknowledged.state, IncidentState::kAcknowledged);
  EXPECT_EQ(acknowledged.acknowledged_by, "olga");
  EXPECT_EQ(acknowledged.acknowledged_at, database_.GetClock().WallNow());
  EXPECT_EQ(incidents_.Acknowledge(id, "otto")->acknowledged_by, "olga");
  EXPECT_EQ(incidents_.Acknowledge("none", "olga").error().code, ErrorCode::kNotFound);
}

TEST_F(Incidents, AlertsSurviveARestart) {
  Record(Seen(Outcome::kMatch));
  const AlertMessage before = outbox_.DueAlerts("hook", WallTime::max(), 1)->at(0).message;
  database_.Reopen();
  OutboxRepository reopened(*database_);
  const AlertMessage after = reopened.DueAlerts("hook", WallTime::max(), 1)->at(0).message;
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(reopened.PendingCount(), 1);
}

TEST_F(Incidents, ADamagedAlertIsGivenUpAndHoldsUpNobody) {
  Record(Seen(Outcome::kMatch));
  const std::string damaged = outbox_.DueAlerts("hook", WallTime::max(), 1)->at(0).message.id;
  database_.Execute("UPDATE outbox SET message = '{\"id\": 1}'");
  person_.id = "ben";
  Record(Seen(Outcome::kMatch));
  EXPECT_EQ(Queued(), 1U);
  ASSERT_EQ(outbox_.Deliveries(damaged)->size(), 1U);
  EXPECT_EQ(outbox_.Deliveries(damaged)->front().state, DeliveryState::kDead);
  EXPECT_EQ(Queued(), 1U);
  EXPECT_EQ(outbox_.Deliveries(damaged)->size(), 1U);
}

TEST_F(Incidents, ADamagedRowIsAnErrorNotACrash) {
  const std::string id = Record(Seen(Outcome::kMatch)).incident.id;
  database_.Execute("UPDATE sightings SET candidates = 'nonsense'");
  EXPECT_EQ(incidents_.Get(id).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace vigil::database
