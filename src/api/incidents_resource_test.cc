// Incidents, their pictures and their acknowledgement through the API; users, system and web files
// beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "api/api_fixture.h"
#include "api/static_files.h"
#include "database/camera_repository.h"
#include "database/detection_repository.h"
#include "database/incident_repository.h"
#include "database/person_repository.h"

namespace vigil::api {
namespace {

class IncidentsTest : public ApiTest {
 protected:
  // A match of an enrolled person, recorded as the pipeline does.
  Incident MakeIncident() {
    const std::string person_id = MakePerson("Jan");
    Upload("/api/v1/criminals/" + person_id + "/upload-photo", AdminToken(),
           PhotoBytes({220, 30, 30}));
    const GallerySearch search = gallery_->Search(FakeEmbedder::EmbeddingOfSeed(1, 128), 1);
    Camera camera;
    camera.name = "door";
    camera.url = Secret("rtsp://cam/");
    camera = database::CameraRepository(*database_).Create(camera).value();
    NewSighting sighting;
    sighting.person = database::PersonRepository(*database_).Get(person_id).value();
    sighting.camera_group_id = camera.VisitGroup();
    sighting.sighting.camera_id = camera.id;
    sighting.sighting.camera_name = camera.name;
    sighting.sighting.seen_at = clock_.WallNow();
    sighting.sighting.crop_media_id = Keep(MediaKind::kCrop, "the crop");
    sighting.sighting.frame_media_id = Keep(MediaKind::kFrame, "the frame");
    sighting.sighting.decision.outcome = Outcome::kMatch;
    sighting.sighting.decision.similarity = 0.8F;
    sighting.sighting.decision.candidates = search.candidates;
    sighting.sighting.decision.gallery = search.gallery;
    DecisionTrace& trace = sighting.sighting.decision.trace;
    trace.shots.resize(2);
    trace.times.detect = std::chrono::milliseconds{31};
    trace.threshold.comparisons = 12.5;
    return database::IncidentRepository(*database_)
        .RecordSighting(sighting, std::chrono::minutes{1}, {})
        .value()
        .incident;
  }
  std::string Keep(MediaKind kind, std::string_view text) {
    return media_->Put(kind, std::as_bytes(std::span(text))).value();
  }
};

TEST_F(IncidentsTest, TellWhoWhereAndWhy) {
  const Incident incident = MakeIncident();
  const json::value read =
      Json(Ask(Method::kGet, "/api/v1/incidents/" + incident.id, OperatorToken()));
  EXPECT_EQ(read.at("person_name"), "Jan");
  EXPECT_EQ(read.at("state"), "open");
  EXPECT_EQ(read.at("best").at("camera_name"), "door");
  EXPECT_NEAR(read.at("best").at("similarity").as_double(), 0.8, 1e-6);
  EXPECT_EQ(read.at("best").at("candidates").get_array().size(), 1U);
  ASSERT_EQ(read.at("sightings").get_array().size(), 1U);
  EXPECT_TRUE(read.at("best").at("candidates").at(0).at("passes").as_bool());
  EXPECT_TRUE(read.at("best").at("reference_photo_id").is_string());
  EXPECT_EQ(read.at("best").as_object().find("trace"), read.at("best").as_object().end());
  const json::value& trace = read.at("sightings").at(0).at("trace");
  EXPECT_EQ(trace.at("shots").get_array().size(), 2U);
  EXPECT_EQ(trace.at("times_ms").at("detect").to_number<double>(), 31);
  EXPECT_EQ(trace.at("threshold").at("comparisons").to_number<double>(), 12.5);
}

TEST_F(IncidentsTest, ExplainThemselvesInOnePicture) {
  const Incident incident = MakeIncident();
  const std::string target = "/api/v1/incidents/" + incident.id + "/media/why";
  const HttpResponse why = Ask(Method::kGet, target, OperatorToken());
  ASSERT_EQ(why.status, 200) << why.body;
  EXPECT_EQ(HeaderOf(why, "Content-Type"), "image/png");
  const RgbImage shown = media::DecodePhoto(std::as_bytes(std::span(why.body))).value();
  EXPECT_EQ(shown.width, 1440);
  // The enrolled face is red; its crop stands beside the place of the camera's, which is no
  // picture here.
  const auto is_red = [](const RgbImage& image, int x, int y) {
    const std::uint8_t* pixel = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
    return pixel[0] > 180 && pixel[1] < 80 && pixel[2] < 80;
  };
  EXPECT_TRUE(is_red(shown, 1280, 260));
  EXPECT_FALSE(is_red(shown, 1030, 260));

  const std::string of_best = target + "?sighting=" + incident.best.id;
  EXPECT_EQ(Ask(Method::kGet, of_best, OperatorToken()).body, why.body);
  EXPECT_EQ(Ask(Method::kGet, target + "?sighting=none", OperatorToken()).status, 404);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/incidents/none/media/why", OperatorToken()).status, 404);
  EXPECT_EQ(Ask(Method::kGet, target, "").status, 401);

  // People deleted since are said to be so; their photo is gone from the picture.
  ASSERT_EQ(Ask(Method::kDelete, "/api/v1/criminals/" + incident.person_id, AdminToken()).status,
            204);
  const HttpResponse later = Ask(Method::kGet, target, OperatorToken());
  ASSERT_EQ(later.status, 200) << later.body;
  EXPECT_FALSE(is_red(media::DecodePhoto(std::as_bytes(std::span(later.body))).value(), 1280, 260));
}

TEST_F(IncidentsTest, GiveTheirPicturesToWhoMayReadThem) {
  const Incident incident = MakeIncident();
  const std::string media = "/api/v1/incidents/" + incident.id + "/media/";
  EXPECT_EQ(Ask(Method::kGet, media + "crop", OperatorToken()).body, "the crop");
  EXPECT_EQ(Ask(Method::kGet, media + "frame", OperatorToken()).body, "the frame");
  const HttpResponse reference = Ask(Method::kGet, media + "reference", OperatorToken());
  EXPECT_EQ(reference.body, PhotoBytes({220, 30, 30}));
  EXPECT_EQ(HeaderOf(reference, "Cache-Control"), "no-store");
  EXPECT_NE(HeaderOf(reference, "X-Vigil-Faces").find(R"("faces":[{"box":[)"), std::string::npos);
  EXPECT_EQ(Ask(Method::kGet, media + "clip", OperatorToken()).status, 404);
  EXPECT_EQ(Ask(Method::kGet, media + "crop", "").status, 401);
  const json::value audit =
      Json(Ask(Method::kGet, "/api/v1/audit?action=face.view&object=" + incident.id, AdminToken()));
  EXPECT_EQ(audit.at("items").as_array().size(), 3U) << "each picture that was given, and no other";
}

TEST_F(IncidentsTest, AreFilteredInTheList) {
  const Incident incident = MakeIncident();
  const auto count = [&](const std::string& query) {
    const HttpResponse response = Ask(Method::kGet, "/api/v1/incidents?" + query, OperatorToken());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response).at("items").get_array().size();
  };
  EXPECT_EQ(count(""), 1U);
  EXPECT_EQ(count("person=" + incident.person_id + "&outcome=match&state=open"), 1U);
  EXPECT_EQ(count("camera=" + incident.best.camera_id), 1U);
  EXPECT_EQ(count("state=acknowledged"), 0U);
  EXPECT_EQ(count("outcome=possible_match"), 0U);
  EXPECT_EQ(count("person=none"), 0U);
  EXPECT_EQ(count("from=2030-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/incidents?state=closed&from=noon", OperatorToken()).status,
            400);
}

TEST_F(IncidentsTest, AreAcknowledgedOnceByName) {
  const Incident incident = MakeIncident();
  const std::string target = "/api/v1/incidents/" + incident.id + "/acknowledge";
  const HttpResponse response = Ask(Method::kPost, target, OperatorToken());
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response).at("state"), "acknowledged");
  EXPECT_EQ(Json(response).at("acknowledged_by"), "otto");
  EXPECT_EQ(Json(Ask(Method::kPost, target, AdminToken())).at("acknowledged_by"), "otto");
}

TEST_F(IncidentsTest, AreJudgedByNameWithAHistory) {
  const Incident incident = MakeIncident();
  const std::string target = "/api/v1/incidents/" + incident.id;
  EXPECT_TRUE(Json(Ask(Method::kGet, target, OperatorToken())).at("verdict").is_null());
  const auto judge = [&](const std::string& body) {
    return Ask(Method::kPost, target + "/verdict", OperatorToken(), body);
  };
  EXPECT_EQ(judge(R"({"verdict":"unsure"})").status, 200);
  const HttpResponse response = judge(R"({"verdict":"confirmed","note":"asked him"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response).at("verdict").at("verdict"), "confirmed");
  const json::value read = Json(Ask(Method::kGet, target, OperatorToken()));
  EXPECT_EQ(read.at("verdict").at("note"), "asked him");
  EXPECT_EQ(read.at("verdict").at("user_name"), "otto");
  EXPECT_EQ(read.at("verdicts").as_array().size(), 2U);
  EXPECT_EQ(read.at("verdicts").at(1).at("verdict"), "unsure");
  const auto count = [&](const std::string& verdict) {
    return Json(Ask(Method::kGet, "/api/v1/incidents?verdict=" + verdict, OperatorToken()))
        .at("items")
        .as_array()
        .size();
  };
  EXPECT_EQ(count("confirmed"), 1U);
  EXPECT_EQ(count("unsure"), 0U);
  EXPECT_EQ(count("none"), 0U);
  EXPECT_EQ(judge(R"({"verdict":"maybe"})").status, 400);
  EXPECT_EQ(judge(R"({"note":"x"})").status, 400);
  EXPECT_EQ(judge(R"({"verdict":"unsure","note":")" + std::string(2001, 'x') + "\"}").status, 400);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/incidents?verdict=maybe", OperatorToken()).status, 400);
  const json::value audit = Json(Ask(
      Method::kGet, "/api/v1/audit?action=incident.verdict&object=" + incident.id, AdminToken()));
  ASSERT_EQ(audit.at("items").as_array().size(), 2U);
  EXPECT_EQ(audit.at("items").at(0).at("detail").at("verdict"), "confirmed");
}

TEST_F(ApiTest, DetectionsAreListedFilteredAndPaged) {
  std::vector<DetectionRecord> batch(3);
  batch[0].camera_id = batch[1].camera_id = "door";
  batch[1].outcome = Outcome::kUnrecognisable;
  batch[1].reason = UnrecognisableReason::kBlurred;
  batch[2].camera_id = "yard";
  batch[2].track_id = 7;
  for (DetectionRecord& record : batch) record.seen_at = clock_.WallNow();
  ASSERT_TRUE(database::DetectionRepository(*database_).WriteBatch(batch).has_value());
  const auto get = [&](const std::string& query) {
    const HttpResponse response = Ask(Method::kGet, "/api/v1/detections?" + query, OperatorToken());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response);
  };
  const auto count = [&](const std::string& query) {
    return get(query).at("items").as_array().size();
  };
  EXPECT_EQ(count(""), 3U);
  EXPECT_EQ(count("camera=door"), 2U);
  EXPECT_EQ(count("track=7"), 1U);
  EXPECT_EQ(count("from=2099-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(count("to=2099-01-01T00:00:00Z"), 3U);
  const json::value blurred = get("outcome=unrecognisable").at("items");
  ASSERT_EQ(blurred.as_array().size(), 1U);
  EXPECT_EQ(blurred.at(0).at("reason"), "blurred");
  EXPECT_TRUE(blurred.at(0).at("best_person_id").is_null());
  const json::value first = get("limit=2");
  EXPECT_EQ(first.at("items").as_array().size(), 2U);
  EXPECT_EQ(count("limit=2&after=" + std::string(first.at("next").as_string())), 1U);
  for (const char* query : {"outcome=some", "track=x", "from=noon", "limit=0"}) {
    EXPECT_EQ(Ask(Method::kGet, "/api/v1/detections?" + std::string(query), OperatorToken()).status,
              400)
        << query;
  }
}

TEST_F(ApiTest, AuditIsFilteredAndPaged) {
  MakePerson("Jan");
  MakePerson("Ada");
  const auto count = [&](const std::string& query) {
    const HttpResponse response = Ask(Method::kGet, "/api/v1/audit?" + query, AdminToken());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response).at("items").as_array().size();
  };
  EXPECT_EQ(count("action=person.create"), 2U);
  EXPECT_EQ(count("action=person."), 2U);
  EXPECT_EQ(count("action=person.&limit=1"), 1U);
  EXPECT_EQ(count("user=anna&action=person.create"), 2U);
  EXPECT_EQ(count("user=otto"), 0U);
  EXPECT_EQ(count("from=2099-01-01T00:00:00Z"), 0U);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/audit?from=noon", AdminToken()).status, 400);
}

TEST_F(ApiTest, AProbeNamesTheCauseAndIsRecorded) {
  Camera camera;
  camera.name = "door";
  camera.url = Secret("rtsp://admin:hunter2@127.0.0.1:1/live");  // nobody listens on port 1
  camera = database::CameraRepository(*database_).Create(camera).value();
  const std::string target = "/api/v1/cameras/" + camera.id + "/probe";
  EXPECT_EQ(Ask(Method::kPost, target, OperatorToken()).status, 403);
  const HttpResponse response = Ask(Method::kPost, target, AdminToken());
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response).at("reachable"), false);
  EXPECT_EQ(Json(response).at("cause"), "refused");
  EXPECT_EQ(response.body.find("hunter2"), std::string::npos);
  EXPECT_EQ(Json(Ask(Method::kGet, "/api/v1/audit?action=camera.probe", AdminToken()))
                .at("items")
                .as_array()
                .size(),
            1U);
}

TEST_F(ApiTest, UsersAreMadeChangedAndDeletedWithoutShowingHashes) {
  const HttpResponse made =
      Ask(Method::kPost, "/api/v1/users", AdminToken(),
          R"({"name":"Eve","password":"long enough it is","role":"operator"})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Json(made).at("name"), "eve");
  const std::string target = "/api/v1/users/" + std::string(Json(made).at("id").get_string());
  EXPECT_THAT(Ask(Method::kGet, "/api/v1/users", AdminToken()).body,
              testing::Not(testing::HasSubstr("argon")));
  EXPECT_EQ(Json(Ask(Method::kPatch, target, AdminToken(), R"({"role":"admin"})")).at("role"),
            "admin");
  EXPECT_EQ(Ask(Method::kDelete, target, AdminToken()).status, 204);
  EXPECT_EQ(Ask(Method::kPatch, target, AdminToken(), "{}").status, 404);
}

TEST_F(ApiTest, UsersWithWrongFieldsAreRefused) {
  const auto status = [&](const std::string& body) {
    return Ask(Method::kPost, "/api/v1/users", AdminToken(), body).status;
  };
  EXPECT_EQ(status(R"({"name":"eve","password":"short","role":"operator"})"), 400);
  EXPECT_EQ(status(R"({"name":"e v e","password":"long enough it is","role":"operator"})"), 400);
  EXPECT_EQ(status(R"({"name":"eve","password":"long enough it is","role":"public"})"), 400);
  EXPECT_EQ(status(R"({"name":"eve","password":"long enough it is"})"), 400);
  EXPECT_EQ(status(R"({"name":"anna","password":"long enough it is","role":"admin"})"), 409);
}

TEST_F(ApiTest, TheLastAdministratorStays) {
  const User admin = AddUser("root", Role::kAdmin);
  const std::string token = TokenOf(admin);
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/users/" + admin.id, token).status, 409);
}

TEST_F(ApiTest, SystemTellsModelsGalleryAndCameras) {
  system_.version = "1.2.3";
  system_.cameras = {{"c", "door", true, "", "", clock_.WallNow()}};
  system_.queues = {{"writer", 3, 1}};
  system_.disk = {.free_bytes = 5, .capacity_bytes = 9};
  const json::value system = Json(Ask(Method::kGet, "/api/v1/system", OperatorToken()));
  EXPECT_EQ(system.at("version"), "1.2.3");
  EXPECT_EQ(system.at("photo_embedder").at("id"), "fake-embedder");
  EXPECT_EQ(system.at("cameras").at(0).at("name"), "door");
  EXPECT_EQ(system.at("queues").at(0).at("depth").as_int64(), 3);
  EXPECT_EQ(system.at("disk").at("free_bytes").to_number<int>(), 5);
  EXPECT_GE(system.at("decision").at("threshold").as_double(), 0.42);
}

TEST_F(ApiTest, MonitoringAnswersWithoutALogin) {
  for (const char* target : {"/livez", "/readyz", "/metrics"}) {
    EXPECT_EQ(api_->Monitoring().Handle(RequestOf(Method::kGet, target).value()).status, 200);
    EXPECT_EQ(Ask(Method::kGet, target, AdminToken()).status, 404) << "on a port of its own";
  }
}

TEST_F(ApiTest, WebFilesAreServedByATable) {
  const auto write = [&](const std::string& name, const std::string& text) {
    std::filesystem::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name) << text;
  };
  write("page/index.html", "<p>");
  write("page/sub/app.js", "1");
  write("page/.hidden.js", "2");
  write("secret.js", "3");
  std::filesystem::create_symlink(directory_ / "secret.js", directory_ / "page" / "link.js");
  Router router(StaticRoutes(directory_ / "page").value(), api_->Authentication(), clock_);
  const auto get = [&](const std::string& target) {
    return router.Handle(RequestOf(Method::kGet, target).value());
  };
  EXPECT_EQ(get("/").body, "<p>");
  EXPECT_EQ(HeaderOf(get("/index.html"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get("/sub/app.js").body, "1");
  EXPECT_NE(HeaderOf(get("/"), "Content-Security-Policy"), "");
  for (const char* target :
       {"/.hidden.js", "/link.js", "/../secret.js", "/sub/../../secret.js", "/%2e%2e/secret.js"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
  EXPECT_FALSE(StaticRoutes(directory_ / "absent"));
}

}  // namespace
}  // namespace vigil::api
