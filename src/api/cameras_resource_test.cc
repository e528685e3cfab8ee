// Cameras, their groups, snapshots and live pictures through the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"
#include "database/camera_repository.h"

namespace vigil::api {
namespace {

class CamerasTest : public ApiTest {
 protected:
  std::string MakeCamera(const std::string& name) {
    const HttpResponse made = Ask(
        Method::kPost, "/api/v1/cameras", AdminToken(),
        json::serialize(json::object{{"name", name}, {"url", "rtsp://user:secret@cam/" + name}}));
    EXPECT_EQ(made.status, 201) << made.body;
    return std::string(Json(made).at("id").get_string());
  }
  void Publish(const std::string& camera_id, std::string name = "Jan") {
    auto image =
        std::make_shared<RgbImage>(RgbImage{64, 48, std::vector<std::uint8_t>(64 * 48 * 3)});
    Frame frame = FrameOfImage(image);
    frame.camera_id = camera_id;
    pipeline::LiveFace face;
    face.box = {1, 2, 3, 4};
    face.track_id = 7;
    face.outcome = Outcome::kMatch;
    face.person_id = "p";
    face.person_name = std::move(name);
    face.similarity = 0.75F;
    live_.Publish(std::move(frame), {face});
  }
};

TEST_F(CamerasTest, NeverShowTheirCredentials) {
  const std::string id = MakeCamera("door");
  for (const std::string& target : {std::string("/api/v1/cameras"), "/api/v1/cameras/" + id}) {
    const HttpResponse response = Ask(Method::kGet, target, AdminToken());
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, testing::HasSubstr("rtsp://***@cam/door"));
    EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_EQ(cameras_changed_, 1);
}

TEST_F(CamerasTest, KeepTheirCredentialsWhenAClientSendsBackWhatItRead) {
  const std::string id = MakeCamera("door");
  const HttpResponse changed = Ask(Method::kPatch, "/api/v1/cameras/" + id, AdminToken(),
                                   R"({"url":"rtsp://***@cam/door","enabled":false})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto camera = database::CameraRepository(*database_).Get(id);
  ASSERT_TRUE(camera.has_value());
  EXPECT_THAT(camera->url.Reveal(), testing::HasSubstr("secret"));
  EXPECT_FALSE(camera->enabled);
}

TEST_F(CamerasTest, OfTheConfigurationAreChangedThereAlone) {
  Camera camera;
  camera.name = "door";
  camera.url = Secret("rtsp://cam/door");
  camera.from_file = true;
  const std::string id = database::CameraRepository(*database_).Create(camera)->id;
  const std::string target = "/api/v1/cameras/" + id;
  EXPECT_TRUE(Json(Ask(Method::kGet, target, AdminToken())).at("from_file").as_bool());
  const HttpResponse changed = Ask(Method::kPatch, target, AdminToken(), R"({"enabled":false})");
  EXPECT_EQ(changed.status, 409);
  EXPECT_THAT(changed.body, testing::HasSubstr("kept in the configuration"));
  EXPECT_EQ(Ask(Method::kDelete, target, AdminToken()).status, 409);
  EXPECT_TRUE(database::CameraRepository(*database_).Get(id)->enabled);
  EXPECT_EQ(cameras_changed_, 0);
  const std::string made = MakeCamera("yard");
  EXPECT_FALSE(
      Json(Ask(Method::kGet, "/api/v1/cameras/" + made, AdminToken())).at("from_file").as_bool());
}

TEST_F(CamerasTest, AreChangedAndDeleted) {
  const std::string target = "/api/v1/cameras/" + MakeCamera("door");
  const HttpResponse changed =
      Ask(Method::kPatch, target, AdminToken(),
          R"({"enabled":false,"detect_interval_ms":500,"min_face_px":40})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_FALSE(Json(changed).at("enabled").get_bool());
  EXPECT_EQ(Json(changed).at("detect_interval_ms").as_int64(), 500);
  EXPECT_EQ(Json(changed).at("name"), "door");
  EXPECT_EQ(Ask(Method::kDelete, target, AdminToken()).status, 204);
  EXPECT_EQ(Ask(Method::kGet, target, AdminToken()).status, 404);
  EXPECT_EQ(cameras_changed_, 3);
}

TEST_F(CamerasTest, TellWhereFacesAreLookedFor) {
  const std::string target = "/api/v1/cameras/" + MakeCamera("door");
  const json::value before = Json(Ask(Method::kGet, target, AdminToken()));
  EXPECT_EQ(before.at("areas"), json::array());
  EXPECT_EQ(before.at("face_score_min"), 0.0);
  EXPECT_FALSE(before.at("keyframes_when_idle").as_bool());
  const HttpResponse changed =
      Ask(Method::kPatch, target, AdminToken(),
          R"({"areas":[[[0,0.4],[1,0.4],[1,1],[0,1]]],"excluded_areas":[[[0.5,0],[1,0],[1,0.5]]],
              "face_score_min":0.8,"keyframes_when_idle":true})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  const auto camera =
      database::CameraRepository(*database_).Get(before.at("id").as_string().c_str());
  ASSERT_TRUE(camera.has_value());
  EXPECT_EQ(camera->watched.areas, (std::vector<Polygon>{{{0, 0.4F}, {1, 0.4F}, {1, 1}, {0, 1}}}));
  EXPECT_FALSE(camera->watched.Contains({0.98F, 0.45F}));
  EXPECT_FLOAT_EQ(camera->face_score_min, 0.8F);
  EXPECT_TRUE(camera->keyframes_when_idle);
  const json::value after = Json(Ask(Method::kGet, target, AdminToken()));
  EXPECT_EQ(json::serialize(after.at("excluded_areas")),
            json::serialize(ParseJson("[[[0.5,0.0],[1.0,0.0],[1.0,0.5]]]").value()));
  // What is not named stays; an empty list watches everything again.
  ASSERT_EQ(Ask(Method::kPatch, target, AdminToken(), R"({"areas":[]})").status, 200);
  const json::value last = Json(Ask(Method::kGet, target, AdminToken()));
  EXPECT_EQ(last.at("areas"), json::array());
  EXPECT_EQ(last.at("excluded_areas").as_array().size(), 1U);
}

TEST_F(CamerasTest, WrongAreasAreRefusedByName) {
  const std::string target = "/api/v1/cameras/" + MakeCamera("door");
  const auto refused = [&](const std::string& areas) {
    const HttpResponse response =
        Ask(Method::kPatch, target, AdminToken(), R"({"areas":)" + areas + "}");
    EXPECT_EQ(response.status, 400) << areas;
    EXPECT_THAT(response.body, testing::HasSubstr("\"areas\"")) << areas;
    return response.body;
  };
  EXPECT_THAT(refused("[[[0,0],[1,0],[1,1]],[[0,0],[1,1]]]"),
              testing::HasSubstr("area 2: has 2 corners"));
  EXPECT_THAT(refused("[[[0,0],[1,0],[1,1.5]]]"), testing::HasSubstr("0 to 1"));
  EXPECT_THAT(refused("[[[0,0],[0.5,0.5],[1,1]]]"), testing::HasSubstr("covers nothing"));
  refused("[[[0,0],[1],[1,1]]]");
  refused("[[[0,0],[1,\"x\"],[1,1]]]");
  refused("\"everywhere\"");
  refused("null");
  EXPECT_EQ(Ask(Method::kPatch, target, AdminToken(), R"({"face_score_min":1.5})").status, 400);
}

TEST_F(CamerasTest, WrongUrlsNamesAndGroupsAreRefused) {
  MakeCamera("door");
  const auto status = [&](const std::string& body) {
    return Ask(Method::kPost, "/api/v1/cameras", AdminToken(), body).status;
  };
  EXPECT_EQ(status(R"({"name":"x","url":"/etc/passwd"})"), 400);
  EXPECT_EQ(status(R"({"name":"x","url":"file:///etc/passwd"})"), 400);
  EXPECT_EQ(status(R"({"name":"x"})"), 400);
  EXPECT_EQ(status(R"({"name":"x","url":"rtsp://c/","group_id":"none"})"), 400);
  EXPECT_EQ(status(R"({"name":"x","url":"rtsp://c/","min_face_px":5})"), 400);
  EXPECT_EQ(status(R"({"name":"door","url":"rtsp://c/"})"), 409);
}

TEST_F(CamerasTest, GroupsHoldCamerasAndLetThemGo) {
  const HttpResponse made =
      Ask(Method::kPost, "/api/v1/camera-groups", AdminToken(), R"({"name":"hall"})");
  ASSERT_EQ(made.status, 201);
  const std::string group(Json(made).at("id").get_string());
  const std::string camera = "/api/v1/cameras/" + MakeCamera("door");
  Ask(Method::kPatch, camera, AdminToken(), R"({"group_id":")" + group + "\"}");
  EXPECT_EQ(Json(Ask(Method::kGet, camera, OperatorToken())).at("group_id"), group.c_str());
  EXPECT_EQ(
      Ask(Method::kPatch, "/api/v1/camera-groups/" + group, AdminToken(), R"({"name":"entrance"})")
          .status,
      200);
  EXPECT_EQ(Json(Ask(Method::kGet, "/api/v1/camera-groups", OperatorToken()))
                .at("items")
                .at(0)
                .at("name"),
            "entrance");
  EXPECT_EQ(Ask(Method::kDelete, "/api/v1/camera-groups/" + group, AdminToken()).status, 204);
  EXPECT_TRUE(Json(Ask(Method::kGet, camera, OperatorToken())).at("group_id").is_null());
}

TEST_F(CamerasTest, ShowTheStateOfTheirStream) {
  const std::string id = MakeCamera("door");
  system_.cameras = {{id, "door", false, "refused", "check the port", std::nullopt}};
  const json::value camera = Json(Ask(Method::kGet, "/api/v1/cameras/" + id, OperatorToken()));
  EXPECT_EQ(camera.at("state").at("cause"), "refused");
  EXPECT_FALSE(camera.at("state").at("up").get_bool());
}

TEST_F(CamerasTest, ASnapshotIsTheLatestPicture) {
  const std::string id = MakeCamera("door");
  const std::string target = "/api/v1/cameras/" + id + "/snapshot.jpg";
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 503);
  Publish(id);
  const HttpResponse response = Ask(Method::kGet, target, OperatorToken());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-store");
  const auto image = media::DecodePhoto(std::as_bytes(std::span(response.body)));
  ASSERT_TRUE(image);
  EXPECT_EQ(image->width, 64);
  // A page asks every second; who looked is recorded once a minute.
  const auto views = [&] {
    return Json(Ask(Method::kGet, "/api/v1/audit?action=face.view&object=" + id, AdminToken()))
        .at("items")
        .as_array()
        .size();
  };
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 200);
  EXPECT_EQ(views(), 1U);
  clock_.Advance(std::chrono::minutes{1});
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 200);
  EXPECT_EQ(views(), 2U);
}

TEST_F(CamerasTest, LivePartsCarryTheFacesOfTheirFrame) {
  const std::string id = MakeCamera("door");
  Publish(id, "Jan Ödön 😀");
  const HttpResponse response =
      Ask(Method::kGet, "/api/v1/cameras/" + id + "/live.mjpeg", OperatorToken());
  ASSERT_EQ(response.status, 200) << response.body;
  ASSERT_NE(response.stream, nullptr);
  const json::value audit =
      Json(Ask(Method::kGet, "/api/v1/audit?action=face.view&object=" + id, AdminToken()));
  EXPECT_EQ(audit.at("items").at(0).at("detail").at("picture"), "live");
  EXPECT_EQ(HeaderOf(response, "Content-Type"),
            "multipart/x-mixed-replace; boundary=vigil-picture");
  const std::string part = response.stream->Next().value();
  const std::string head = part.substr(0, part.find("\r\n\r\n"));
  EXPECT_THAT(head, testing::StartsWith("--vigil-picture\r\nContent-Type: image/jpeg\r\n"));
  const std::string marker = "X-Vigil-Faces: ";
  const json::value faces = json::parse(head.substr(head.find(marker) + marker.size()));
  EXPECT_EQ(faces.at("width").as_int64(), 64);
  EXPECT_EQ(faces.at("faces").at(0).at("name"), "Jan Ödön 😀");
  EXPECT_EQ(faces.at("faces").at(0).at("outcome"), "match");
  EXPECT_EQ(faces.at("faces").at(0).at("box").at(3).as_double(), 4);
  for (const char letter : head) EXPECT_GT(letter, 0);
  EXPECT_EQ(response.stream->Next(), "") << "the same picture is not sent twice";
  Publish(id);
  EXPECT_NE(response.stream->Next().value(), "");
}

TEST_F(CamerasTest, LiveEndsWithTheLoginAndWithSilence) {
  const std::string id = MakeCamera("door");
  const std::string target = "/api/v1/cameras/" + id + "/live.mjpeg";
  Publish(id);
  const HttpResponse silent = Ask(Method::kGet, target, OperatorToken());
  EXPECT_TRUE(silent.stream->Next());
  clock_.Advance(std::chrono::seconds{11});
  EXPECT_EQ(silent.stream->Next(), std::nullopt);

  const HttpResponse watched = Ask(Method::kGet, target, OperatorToken());
  EXPECT_TRUE(watched.stream->Next());
  clock_.Advance(std::chrono::minutes{10});
  Publish(id);
  EXPECT_EQ(watched.stream->Next(), std::nullopt) << "the access token has expired";
}

TEST_F(CamerasTest, LiveTakesOnlySoManyViewers) {
  const std::string id = MakeCamera("door");
  const std::string target = "/api/v1/cameras/" + id + "/live.mjpeg";
  Publish(id);
  HttpResponse first = Ask(Method::kGet, target, OperatorToken());
  const HttpResponse second = Ask(Method::kGet, target, OperatorToken());
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 503);
  first.stream.reset();
  EXPECT_EQ(Ask(Method::kGet, target, OperatorToken()).status, 200);
}

}  // namespace
}  // namespace vigil::api
