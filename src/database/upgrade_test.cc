// A database of the first version, filled, under the program of today: nothing is lost, and every
// repository reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/alert_repository.h"
#include "database/audit_repository.h"
#include "database/audit_verification.h"
#include "database/camera_repository.h"
#include "database/database.h"
#include "database/detection_repository.h"
#include "database/incident_repository.h"
#include "database/migrator.h"
#include "database/person_repository.h"
#include "database/rows.h"
#include "database/session_repository.h"
#include "database/sqlite_connection.h"
#include "database/user_repository.h"
#include "temporary_database.h"
#include "temporary_folder.h"

namespace vigil::database {
namespace {

// One row and more in every table that refers to another, as the first version wrote them.
constexpr std::string_view kRows = R"(
INSERT INTO persons VALUES ('p1', 'Ada', 'fraud', 'guest', 2, 'tall', NULL, 1, 1000, 2000);
INSERT INTO photos VALUES ('f1', 'p1', 'm1', 'image/jpeg', 640, 480, 1, 2, 60, 70, 0.9,
                           '[[1,1],[2,2],[3,3],[4,4],[5,5]]', 0.8, 1000);
UPDATE gallery_counter SET sequence = 1;
INSERT INTO gallery_log VALUES (1, 'r1');
INSERT INTO camera_groups VALUES ('g1', 'entrance', 1000);
INSERT INTO detections VALUES ('d1', 'c1', 3000, 7, 1, 2, 60, 70, 0.9, 0.8, 'match', '', 'p1',
                               0.71, 0.5, '');
INSERT INTO incidents VALUES ('i1', 'p1', 'Ada', 2, 'g1', 0, 'match', 'acknowledged', 2, 3000, 4000,
                              1, 's1', 'anna', 5000);
INSERT INTO sightings VALUES ('s1', 'i1', 'c1', 'gate', 3000, 7, 1, 1, 2, 60, 70, 640, 480, 0.8, '',
                              '', 'match', 0.71, 0.5, 0.001,
                              '[{"person_id":"p1","reference_id":"r1","similarity":0.71}]', 1, 1, 1,
                              'mtcnn:abc:f32', 'facenet:def:f32');
INSERT INTO cooldowns VALUES ('p1', 'g1', 'desk', 3000, 2, 0.71, 0);
INSERT INTO outbox VALUES ('a1', 'desk', 'i1', '{}', 'sent', 1, 3000, 3000);
INSERT INTO deliveries VALUES ('y1', 'a1', 3100, 'sent', 'HTTP 204');
INSERT INTO users VALUES ('u1', 'anna', 'hash', 'admin', 1, 3, 1000);
INSERT INTO sessions VALUES ('e1', 'u1', 'refresh', 99000, 0, 1000);
INSERT INTO spent_refresh_tokens VALUES ('spent', 'e1');
INSERT INTO audit_log VALUES ('l1', 1000, 'u1', 'anna', 'person.create', 'p1', '{}');
)";

class Upgrade : public ::testing::Test {
 protected:
  Upgrade() {
    auto connection = *OpenSqlite({.path = options_.path});
    EXPECT_EQ(Migrate(*connection, BuiltInMigrations().first(1), clock_), 1);
    EXPECT_TRUE(connection->ExecuteScript(std::string(kRows)));
    const Bytes url =
        sealer_.SealText("rtsp://user:pw@192.0.2.1/a", SealContext("cameras", "c1", "url"));
    EXPECT_TRUE(connection->Execute(
        "INSERT INTO cameras VALUES ('c1', 'gate', $1, 'g1', 1, NULL, 40, 1000, 2000)", {url}));
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  const Sealer sealer_ = TestSealer();
  const DatabaseOptions options_{.path = folder_.Path() / "vigil.db"};
};

TEST_F(Upgrade, OfAFilledDatabaseOfTheFirstVersionLosesNothing) {
  const auto opened = OpenDatabase(options_, sealer_, clock_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Database& database = **opened;

  const Person person = PersonRepository(database).Get("p1").value();
  EXPECT_EQ(person.name, "Ada");
  EXPECT_EQ(person.severity, Severity::kHigh);
  EXPECT_EQ(person.photo_count, 1);
  EXPECT_TRUE(person.watchlist_ids.empty());
  const Camera camera = CameraRepository(database).Get("c1").value();
  EXPECT_EQ(camera.url.Reveal(), "rtsp://user:pw@192.0.2.1/a");
  EXPECT_EQ(camera.group_id, "g1");
  EXPECT_FALSE(camera.from_file);
  const User user = UserRepository(database).FindByName("anna").value().value();
  EXPECT_EQ(user.token_version, 3);
  EXPECT_EQ(SessionRepository(database).Get("e1")->user_id, "u1");

  const Incident incident = IncidentRepository(database).Get("i1").value();
  EXPECT_EQ(incident.acknowledged_by, "anna");
  EXPECT_EQ(incident.best.decision.candidates.size(), 1U);
  EXPECT_FALSE(incident.label.has_value());
  EXPECT_EQ(DetectionRepository(database).List({}, {})->items.size(), 1U);
  const StoredAlert alert = AlertRepository(database).Get("a1").value();
  EXPECT_EQ(alert.state, DeliveryState::kSent);
  EXPECT_EQ(alert.deliveries.size(), 1U);
  // The row of then is part of the chain, and a row says so.
  EXPECT_EQ(AuditRepository(database).List({}, {})->items.size(), 2U);
  EXPECT_EQ(VerifyAudit(database)->fault, std::nullopt);
}

// Through the sightings of a camera, for each incident anew, a list of one camera among a million
// incidents took minutes.
TEST_F(Upgrade, BringsTheIndexesThatListsNeed) {
  ASSERT_TRUE(OpenDatabase(options_, sealer_, clock_).has_value());
  const auto connection = *OpenSqlite({.path = options_.path});
  const auto plan = [&](const std::string& sql) {
    return connection->Execute("EXPLAIN QUERY PLAN " + sql, {})->rows.front().Text("detail");
  };
  using testing::HasSubstr;
  EXPECT_THAT(plan("SELECT 1 FROM sightings WHERE camera_id = 'c' AND incident_id = 'i'"),
              HasSubstr("(camera_id=? AND incident_id=?)"));
  EXPECT_THAT(plan("SELECT MAX(incident_id) FROM sightings WHERE camera_id = 'c'"),
              HasSubstr("sightings_camera_incident"));
  EXPECT_THAT(plan("SELECT * FROM incidents WHERE person_id = 'p' ORDER BY id DESC"),
              HasSubstr("incidents_person_id"));
  EXPECT_THAT(plan("SELECT * FROM detections WHERE camera_id = 'c' ORDER BY id DESC"),
              HasSubstr("detections_camera_id"));
}

// What the newer schema forbids would show when a row is changed for the first time.
TEST_F(Upgrade, TheOldRowsCanBeChanged) {
  const auto opened = OpenDatabase(options_, sealer_, clock_);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Database& database = **opened;
  const auto rename = [](auto& row) -> Status {
    row.name += "2";
    return {};
  };
  EXPECT_TRUE(PersonRepository(database).Change("p1", rename));
  EXPECT_TRUE(CameraRepository(database).Change("c1", rename));
  EXPECT_TRUE(UserRepository(database).Change("u1", rename));
  EXPECT_TRUE(PersonRepository(database).Delete("p1"));
  EXPECT_EQ(IncidentRepository(database).Get("i1")->person_name, "Ada") << "incidents stay";
}

}  // namespace
}  // namespace vigil::database
