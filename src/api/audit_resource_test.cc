// What the audit log is told by the routes, what it never holds, and its verification.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"
#include "api/recently.h"

namespace vigil::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "correct horse battery";

class AuditTest : public ApiTest {
 protected:
  json::value Get(const std::string& target) {
    const HttpResponse response = Ask(Method::kGet, "/api/v1" + target, AdminToken());
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response);
  }
  json::value Verify(const json::object& body = {}) {
    const HttpResponse response =
        Ask(Method::kPost, "/api/v1/audit/verify", AdminToken(), json::serialize(body));
    EXPECT_EQ(response.status, 200) << response.body;
    return Json(response);
  }
  void Execute(const std::string& sql) {
    ASSERT_TRUE(database_->Write(
        [&](database::Connection& connection) { return connection.Execute(sql, {}); }));
  }
  // "auth.login anna" and so on, oldest first.
  std::vector<std::string> Lines(const std::string& query) {
    std::vector<std::string> lines;
    const json::value page = Get("/audit?" + query);
    for (const json::value& item : page.at("items").as_array()) {
      const auto text = [&](const char* field) { return std::string(item.at(field).as_string()); };
      lines.insert(lines.begin(), text("action") + " " + text("user_name"));
    }
    return lines;
  }
};

TEST_F(AuditTest, LoginsAndRefusalsAreRecorded) {
  AddUser("root", Role::kOperator, kPassword);
  const auto login = [&](const std::string& name, const std::string& password) {
    return Ask(Method::kPost, "/api/v1/auth/login", "",
               json::serialize(json::object{{"name", name}, {"password", password}}));
  };
  ASSERT_EQ(login("root", kPassword).status, 200);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(login("root", "a wrong guess").status, 401);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(login("root", "a wrong guess").status, 429);
  EXPECT_THAT(
      Lines("action=auth."),
      ElementsAre("auth.login root", "auth.refused root", "auth.refused root", "auth.refused root",
                  "auth.refused root", "auth.refused root", "auth.refused root"))
      << "throttled attempts once a minute and address";
  EXPECT_EQ(Get("/audit?action=auth.&limit=1").at("items").at(0).at("detail"),
            json::parse(R"({"address":"192.0.2.1","code":"too_many_attempts"})"));
}

// People type a password where the name belongs.
TEST_F(AuditTest, ANameThatNobodyHasIsNotRecorded) {
  Ask(Method::kPost, "/api/v1/auth/login", "", R"({"name":"hunter2hunter2","password":"x"})");
  const HttpResponse response = Ask(Method::kGet, "/api/v1/audit?action=auth.", AdminToken());
  EXPECT_THAT(response.body, HasSubstr("auth.refused"));
  EXPECT_THAT(response.body, Not(HasSubstr("hunter2")));
}

TEST_F(AuditTest, ATokenThatComesBackIsRecorded) {
  AddUser("root", Role::kOperator, kPassword);
  const std::string body = json::serialize(json::object{{"name", "root"}, {"password", kPassword}});
  const json::value tokens = Json(Ask(Method::kPost, "/api/v1/auth/login", "", body));
  const std::string refresh =
      json::serialize(json::object{{"refresh_token", tokens.at("refresh_token")}});
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/auth/refresh", "", refresh).status, 200);
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/auth/refresh", "", refresh).status, 401);
  EXPECT_EQ(Lines("action=auth.reused").size(), 1U);
}

TEST_F(AuditTest, NoSecretIsInIt) {
  AddUser("root", Role::kOperator, kPassword);
  Ask(Method::kPost, "/api/v1/auth/login", "",
      json::serialize(json::object{{"name", "root"}, {"password", kPassword}}));
  Ask(Method::kPost, "/api/v1/users", AdminToken(),
      json::serialize(
          json::object{{"name", "otto"}, {"role", "operator"}, {"password", "canary-password"}}));
  Ask(Method::kPost, "/api/v1/cameras", AdminToken(),
      R"({"name":"door","url":"rtsp://user:canary-url@cam/"})");
  const HttpResponse response = Ask(Method::kGet, "/api/v1/audit?limit=200", AdminToken());
  EXPECT_THAT(response.body, HasSubstr("user.create"));
  EXPECT_THAT(response.body, HasSubstr("camera.create"));
  EXPECT_THAT(response.body, Not(HasSubstr("canary")));
  EXPECT_THAT(response.body, Not(HasSubstr(kPassword)));
  EXPECT_THAT(response.body, Not(HasSubstr("argon2")));
}

TEST_F(AuditTest, EveryViewOfAPhotoIsRecorded) {
  const std::string person = MakePerson("Jan");
  const HttpResponse made = Upload("/api/v1/criminals/" + person + "/upload-photo", AdminToken(),
                                   PhotoBytes({220, 30, 30}));
  const std::string picture = HeaderOf(made, "Location");
  EXPECT_EQ(Ask(Method::kGet, picture, OperatorToken()).status, 200);
  EXPECT_EQ(Ask(Method::kGet, picture, OperatorToken()).status, 200);
  EXPECT_EQ(Ask(Method::kGet, picture + "x", OperatorToken()).status, 404);
  EXPECT_THAT(Lines("action=face.view"), ElementsAre("face.view otto", "face.view otto"));
  const json::value view = Get("/audit?action=face.view&limit=1").at("items").at(0);
  EXPECT_EQ(view.at("object_id"), Json(made).at("id"));
  EXPECT_EQ(view.at("detail").at("picture"), "photo");
}

TEST_F(AuditTest, HeadAndVerificationTellThatAllIsWell) {
  MakePerson("Jan");
  const json::value head = Get("/audit/head");
  EXPECT_EQ(head.at("sequence"), 1);
  EXPECT_EQ(Get("/audit").at("items").at(0).at("hash"), head.at("hash"));
  MakePerson("Ada");
  const json::value verdict = Verify({{"head", head}});
  EXPECT_EQ(verdict.at("intact"), true);
  EXPECT_EQ(verdict.at("rows"), 2);
  EXPECT_EQ(verdict.at("heads_matched"), 1);
  EXPECT_THAT(Lines("action=audit.verify"), ElementsAre("audit.verify anna"));
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/audit/head", OperatorToken()).status, 403);
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/audit/verify", OperatorToken(), "{}").status, 403);
}

TEST_F(AuditTest, VerificationNamesTheFirstWrongRow) {
  for (const char* name : {"Ada", "Jan", "Ole"}) MakePerson(name);
  const json::value head = Get("/audit/head");
  Execute("UPDATE audit_log SET user_name = 'eve' WHERE sequence = 2");
  const json::value verdict = Verify();
  EXPECT_EQ(verdict.at("intact"), false);
  EXPECT_EQ(verdict.at("fault").at("sequence"), 2);
  json::object forged = head.as_object();
  forged["sequence"] = 2;
  EXPECT_EQ(Verify({{"head", forged}}).at("fault").at("sequence"), 2);
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/audit/verify", AdminToken(), R"({"head":{"at":1}})").status,
            400);
}

TEST_F(AuditTest, NumbersOfRowsAreNeverNegative) {
  MakePerson("Jan");
  json::object head = Get("/audit/head").as_object();
  head["sequence"] = -1;
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/audit/verify", AdminToken(),
                json::serialize(json::object{{"head", head}}))
                .status,
            400);
  Execute("INSERT INTO audit_log VALUES ('put-in', 0, '', '', '', '', '{}', -5, '')");
  EXPECT_EQ(Verify().at("fault").at("sequence"), 0);
}

TEST(Recently, LetsEachThroughOnceAnInterval) {
  ManualClock clock;
  Recently recently(clock, std::chrono::minutes{1}, 2);
  EXPECT_TRUE(recently.IsDue("a"));
  EXPECT_FALSE(recently.IsDue("a"));
  EXPECT_TRUE(recently.IsDue("b"));
  clock.Advance(std::chrono::seconds{60});
  EXPECT_TRUE(recently.IsDue("a"));
  EXPECT_FALSE(recently.IsDue("a"));
  EXPECT_TRUE(recently.IsDue("c")) << "too many: all are forgotten";
  EXPECT_TRUE(recently.IsDue("a"));
}

}  // namespace
}  // namespace vigil::api
