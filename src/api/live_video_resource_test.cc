// A camera's video through the API: who may have it, what comes, and when it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"
#include "api/server.h"
#include "api/socket_client.h"
#include "database/camera_repository.h"
#include "media/stream_source.h"
#include "media/test_files.h"

namespace vigil::api {
namespace {

using testing::HasSubstr;

class LiveVideoResourceTest : public ApiTest {
 protected:
  ~LiveVideoResourceTest() override { server_.reset(); }

  // A camera that shows this clip, a frame for each Read.
  void StartCamera(const std::string& codec =
                       "-pix_fmt yuv420p -c:v libx264 -profile:v high "
                       "-level 3.1 -g 10 -bf 0") {
    Camera camera;
    camera.name = "gate";
    camera.url = Secret("rtsp://192.0.2.10/");
    camera_id_ = database::CameraRepository(*database_).Create(camera).value().id;
    target_ = "/api/v1/cameras/" + camera_id_ + "/live";
    const std::string path = folder_ / "camera.mkv";
    ASSERT_TRUE(media::MakeTestVideo(path, 100, "320x240", codec));
    auto opened = media::OpenStream(Secret(path), {.camera_id = camera_id_}, {}, stream_clock_);
    ASSERT_TRUE(opened.has_value()) << opened.error().error.message;
    camera_ = *std::move(opened);
    live_.ShowVideo(camera_id_, camera_.video);
  }
  Frame Read() {
    auto frame = camera_.source->Next({});
    EXPECT_TRUE(frame.has_value());
    return *std::move(frame);
  }
  std::uint16_t Port() {
    if (!server_) {
      server_ = Server::Start({}, api_->Application(), api_->Monitoring()).value();
    }
    return server_->Port();
  }
  NamedValues Bearer() { return {{"authorization", "Bearer " + OperatorToken()}}; }
  // Until the first message.
  void BeginToWatch(SocketClient& client) {
    ASSERT_EQ(client.Open(target_, Bearer()), 101);
    Read();
    Read();
    ASSERT_TRUE(client.Read());
  }
  // The status of an upgrade with these headers beside those of every WebSocket.
  int UpgradeStatus(const NamedValues& headers, const std::string& version = "13") {
    HttpRequest request = RequestOf(Method::kGet, target_).value();
    request.headers = {{"host", "vigil.example:8080"},
                       {"connection", "Upgrade"},
                       {"upgrade", "websocket"},
                       {"sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEA=="},
                       {"sec-websocket-version", version}};
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return Send(std::move(request)).status;
  }

  media::TestFolder folder_;
  SystemClock stream_clock_;
  std::string camera_id_;
  std::string target_;
  media::OpenedStream camera_;
  std::unique_ptr<Server> server_;
};

TEST_F(LiveVideoResourceTest, SendsCodecHeaderAndFragmentsThatPlay) {
  StartCamera();
  for (int i = 0; i < 13; ++i) Read();
  SocketClient client(Port());
  ASSERT_EQ(client.Open(target_, Bearer()), 101);
  ASSERT_TRUE(client.Read());
  EXPECT_TRUE(client.IsText());
  EXPECT_EQ(ParseJson(client.Message()).value(),
            (json::value{{"codec", "avc1.64001F"}, {"width", 320}, {"height", 240}}));
  ASSERT_TRUE(client.Read());
  EXPECT_FALSE(client.IsText());
  std::string video = client.Message();
  EXPECT_EQ(video.substr(4, 4), "ftyp");
  EXPECT_THAT(video, HasSubstr("avcC"));
  for (int i = 0; i < 5; ++i) Read();
  // Of frames 10 to 17 all but the newest.
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(client.Read());
    EXPECT_EQ(client.Message().substr(4, 4), "moof");
    video += client.Message();
  }
  media::WriteAll(folder_ / "played.mp4", video);
  auto played = media::OpenStream(Secret(folder_ / "played.mp4"), {}, {}, stream_clock_);
  ASSERT_TRUE(played.has_value()) << played.error().error.message;
  int frames = 0;
  while (played->source->Next({})) ++frames;
  EXPECT_EQ(frames, 7);
  EXPECT_EQ(played->counters->corrupt_packets, 0);
}

TEST_F(LiveVideoResourceTest, TellsTheFacesWithThePlayersTime) {
  StartCamera();
  SocketClient client(Port());
  ASSERT_EQ(client.Open(target_, Bearer()), 101);
  for (int i = 0; i < 3; ++i) Read();
  pipeline::LiveFace face;
  face.box = {1, 2, 3, 4};
  live_.Publish(Read(), {face});
  Read();
  std::string text;
  while (text.find("media_time") == text.npos && client.Read()) {
    text = client.IsText() ? client.Message() : "";
  }
  const json::value told = ParseJson(text).value();
  EXPECT_NEAR(told.at("media_time").to_number<double>(), 0.12, 0.002);
  EXPECT_EQ(told.at("width"), 320);
  EXPECT_EQ(told.at("faces").at(0).at("box"), (json::array{1.0, 2.0, 3.0, 4.0}));
}

TEST_F(LiveVideoResourceTest, WithoutAnUpgradeTellsWhatWouldCome) {
  StartCamera();
  const HttpResponse told = Ask(Method::kGet, target_, OperatorToken());
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(Json(told).at("codec"), "avc1.64001F");
}

TEST_F(LiveVideoResourceTest, IsForOurOwnPagesAndPrograms) {
  StartCamera();
  const NamedValues cookie{{"cookie", "__Host-vigil=" + OperatorToken()}};
  const auto status = [&](const NamedValues& login, const std::string& origin,
                          const NamedValues& more = {}) {
    NamedValues headers = login;
    if (!origin.empty()) headers.emplace_back("origin", origin);
    headers.insert(headers.end(), more.begin(), more.end());
    return UpgradeStatus(headers);
  };
  EXPECT_EQ(status(Bearer(), ""), 101);
  EXPECT_EQ(status(cookie, "http://vigil.example:8080"), 101);
  EXPECT_EQ(status(cookie, "https://behind.a.proxy", {{"sec-fetch-site", "same-origin"}}), 101);
  EXPECT_EQ(status(cookie, "http://vigil.example:8080", {{"sec-fetch-site", "same-site"}}), 403);
  EXPECT_EQ(status(cookie, ""), 403);
  EXPECT_EQ(status({}, ""), 401);
  for (const char* foreign :
       {"http://evil.example", "http://vigil.example", "null", "http://vigil.example:9090",
        "http://evil.vigil.example:8080", "http://vigil.example:8080.evil.example"}) {
    EXPECT_EQ(status(cookie, foreign), 403) << foreign;
    EXPECT_EQ(status(Bearer(), foreign), 403) << foreign;
  }
  EXPECT_EQ(UpgradeStatus(Bearer(), "12"), 426);
}

TEST_F(LiveVideoResourceTest, RefusesWhatBrowsersDoNotPlay) {
  StartCamera("-c:v mpeg4");
  const HttpResponse refused = Ask(Method::kGet, target_, OperatorToken());
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Json(refused).at("code"), "not_playable");
  EXPECT_THAT(refused.body, HasSubstr("mpeg4"));
  EXPECT_EQ(UpgradeStatus(Bearer()), 409);
}

TEST_F(LiveVideoResourceTest, WithoutAStreamIs503) {
  StartCamera();
  live_.ShowVideo(camera_id_, nullptr);
  EXPECT_EQ(UpgradeStatus(Bearer()), 503);
}

TEST_F(LiveVideoResourceTest, HasPlacesForSoManyViewersOfAUser) {
  StartCamera();
  std::vector<HttpResponse> viewers;
  HttpRequest request = RequestOf(Method::kGet, target_).value();
  request.headers = {{"authorization", "Bearer " + OperatorToken()},
                     {"upgrade", "websocket"},
                     {"sec-websocket-key", "AQIDBAUGBwgJCgsMDQ4PEA=="},
                     {"sec-websocket-version", "13"}};
  while (viewers.size() < 32) {
    viewers.push_back(Send(request));
    ASSERT_EQ(viewers.back().status, 101);
  }
  EXPECT_EQ(Send(request).status, 429);
  viewers.pop_back();
  EXPECT_EQ(Send(request).status, 101);
}

TEST_F(LiveVideoResourceTest, EndsWithTheAccess) {
  StartCamera();
  SocketClient client(Port());
  BeginToWatch(client);
  database::UserRepository users(*database_);
  User otto = users.FindByName("otto").value().value();
  otto.enabled = false;
  ASSERT_TRUE(users.Update(otto).has_value());
  clock_.Advance(std::chrono::milliseconds{400});
  while (client.Read()) {
  }
  EXPECT_EQ(client.CloseCode(), 1008);
}

TEST_F(LiveVideoResourceTest, EndsWithTheCamerasStream) {
  StartCamera();
  SocketClient client(Port());
  BeginToWatch(client);
  camera_.source.reset();
  while (client.Read()) {
  }
  EXPECT_EQ(client.CloseCode(), 1012);
}

}  // namespace
}  // namespace vigil::api
