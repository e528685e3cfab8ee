// Incidents, their pictures and their acknowledgement through the API; users, system and web files
// beside them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "api/api_fixture.h"
#include "api/static_files.h"
#include "database/camera_repository.h"
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
  const json::value system = Json(Ask(Method::kGet, "/api/v1/system", OperatorToken()));
  EXPECT_EQ(system.at("version"), "1.2.3");
  EXPECT_EQ(system.at("photo_embedder").at("id"), "fake-embedder");
  EXPECT_EQ(system.at("cameras").at(0).at("name"), "door");
  EXPECT_EQ(system.at("queues").at(0).at("depth").as_int64(), 3);
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
