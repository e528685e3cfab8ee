// Two people change one thing at a time: what each of them changed holds.
#include <latch>
#include <thread>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

class ConcurrentChangesTest : public ApiTest {
 protected:
  // Sends both while the writer is kept busy, so that each has read what it needs before either is
  // saved.
  void ChangeBoth(const std::string& path, const std::string& one, const std::string& other) {
    const std::string token = AdminToken();
    std::latch busy(1);
    std::latch release(1);
    std::jthread holder([&] {
      const Status held = database_->Write([&](database::Connection&) -> Status {
        busy.count_down();
        release.wait();
        return {};
      });
      EXPECT_TRUE(held);
    });
    busy.wait();
    std::vector<std::jthread> clients;
    for (const std::string& body : {one, other}) {
      clients.emplace_back([this, path, token, body] {
        const HttpResponse response = Ask(Method::kPatch, path, token, body);
        EXPECT_EQ(response.status, 200) << response.body;
      });
    }
    while (database_->WriteQueueDepth() < 2) std::this_thread::yield();
    release.count_down();
    clients.clear();
  }
  std::string Make(const std::string& path, const std::string& body) {
    const HttpResponse response = Ask(Method::kPost, path, AdminToken(), body);
    EXPECT_EQ(response.status, 201) << response.body;
    return path + "/" + std::string(Json(response).at("id").get_string());
  }
  json::value Get(const std::string& path) { return Json(Ask(Method::kGet, path, AdminToken())); }
};

TEST_F(ConcurrentChangesTest, OfAnAccountBothHold) {
  User user = AddUser("otto", Role::kOperator);
  user.enabled = false;
  ASSERT_TRUE(database::UserRepository(*database_).Update(user));
  ChangeBoth("/api/v1/users/" + user.id, R"({"enabled":true})", R"({"role":"admin"})");
  const User changed = database::UserRepository(*database_).Get(user.id).value();
  EXPECT_TRUE(changed.enabled);
  EXPECT_EQ(changed.role, Role::kAdmin);
}

TEST_F(ConcurrentChangesTest, OfACameraBothHold) {
  const std::string camera =
      Make("/api/v1/cameras", R"({"name":"gate","url":"rtsp://192.0.2.1/a"})");
  ChangeBoth(camera, R"({"enabled":false})", R"({"min_face_px":77})");
  EXPECT_EQ(Get(camera).at("enabled"), false);
  EXPECT_EQ(Get(camera).at("min_face_px"), 77);
}

TEST_F(ConcurrentChangesTest, OfAPersonBothHold) {
  const std::string person = "/api/v1/criminals/" + MakePerson("Anna");
  ChangeBoth(person, R"({"reason":"fraud"})", R"({"severity":"critical"})");
  EXPECT_EQ(Get(person).at("reason"), "fraud");
  EXPECT_EQ(Get(person).at("severity"), "critical");
}

TEST_F(ConcurrentChangesTest, OfAWatchlistBothHold) {
  const std::string list = Make("/api/v1/watchlists", R"({"name":"banned"})");
  ChangeBoth(list, R"({"cooldown_s":60})", R"({"severity":"high"})");
  EXPECT_EQ(Get(list).at("cooldown_s"), 60);
  EXPECT_EQ(Get(list).at("severity"), "high");
}

TEST_F(ConcurrentChangesTest, OfAChannelBothHold) {
  const std::string channel =
      Make("/api/v1/channels",
           R"({"name":"desk","kind":"http","settings":{"url":"https://x.example/"}})");
  ChangeBoth(channel, R"({"cooldown_s":60})", R"({"settings":{"method":"PUT"}})");
  const json::value shown = Get("/api/v1/channels").at("items").at(0);
  EXPECT_EQ(shown.at("cooldown_s"), 60);
  EXPECT_EQ(shown.at("settings").at("method"), "PUT");
}

// What one of them may not do changes nothing for the other.
TEST_F(ConcurrentChangesTest, ARefusedOneChangesNothing) {
  const std::string list = Make("/api/v1/watchlists", R"({"name":"banned","cooldown_s":60})");
  const HttpResponse refused =
      Ask(Method::kPatch, list, AdminToken(), R"({"cooldown_s":61,"severity":"terrible"})");
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(Get(list).at("cooldown_s"), 60);
}

}  // namespace
}  // namespace vigil::api
