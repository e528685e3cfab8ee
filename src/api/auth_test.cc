// Setup, login, refresh, logout, and what ends a login.
#include "api/auth.h"

#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

constexpr const char* kPassword = "correct horse battery";

class AuthTest : public ApiTest {
 protected:
  HttpResponse Login(const std::string& name, const std::string& password) {
    return Ask(Method::kPost, "/api/v1/auth/login", "",
               json::serialize(json::object{{"name", name}, {"password", password}}));
  }
  HttpResponse WithRefreshToken(const std::string& route, const std::string& token) {
    return Ask(Method::kPost, "/api/v1/auth/" + route, "",
               json::serialize(json::object{{"refresh_token", token}}));
  }
  static std::string Field(const HttpResponse& response, std::string_view name) {
    return std::string(Json(response).at(name).get_string());
  }
  int SystemStatus(const std::string& access_token) {
    return Ask(Method::kGet, "/api/v1/system", access_token).status;
  }
};

TEST_F(AuthTest, SetupSpendsItsTokenOnce) {
  const auto token = database::UserRepository(*database_).MakeSetupToken().value();
  ASSERT_TRUE(token);
  const auto body = [&](const std::string& given) {
    return json::serialize(
        json::object{{"token", given}, {"name", "Root"}, {"password", kPassword}});
  };
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/auth/setup", "", body("wrong")).status, 403);
  const HttpResponse made = Ask(Method::kPost, "/api/v1/auth/setup", "", body(token->Reveal()));
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(Field(made, "name"), "root");
  EXPECT_EQ(Field(made, "role"), "admin");
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/auth/setup", "", body(token->Reveal())).status, 403);
  EXPECT_EQ(Login("root", kPassword).status, 200);
}

TEST_F(AuthTest, LoginGivesTokensThatOpenRoutes) {
  AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse response = Login("Anna", kPassword);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Json(response).at("expires_in").as_int64(), 600);
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-store");
  EXPECT_EQ(response.body.find("argon2"), std::string::npos);
  EXPECT_EQ(SystemStatus(Field(response, "access_token")), 200);
}

TEST_F(AuthTest, WrongNamePasswordAndDisabledAccountAnswerAlike) {
  AddUser("root", Role::kAdmin);
  User user = AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse wrong_password = Login("anna", "not this one");
  const HttpResponse unknown = Login("nobody", kPassword);
  user.enabled = false;
  ASSERT_TRUE(database::UserRepository(*database_).Update(user));
  const HttpResponse disabled = Login("anna", kPassword);
  EXPECT_EQ(wrong_password.status, 401);
  EXPECT_EQ(unknown.body, wrong_password.body);
  EXPECT_EQ(disabled.body, wrong_password.body);
}

TEST_F(AuthTest, GuessingIsThrottled) {
  AddUser("anna", Role::kOperator, kPassword);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Login("anna", "wrong guess").status, 401);
  const HttpResponse refused = Login("anna", kPassword);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(HeaderOf(refused, "Retry-After"), "2");
  clock_.Advance(std::chrono::seconds{2});
  EXPECT_EQ(Login("anna", kPassword).status, 200);
}

TEST_F(AuthTest, AccessTokensExpireAndAreRefreshed) {
  AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse login = Login("anna", kPassword);
  clock_.Advance(std::chrono::minutes{10});
  EXPECT_EQ(SystemStatus(Field(login, "access_token")), 401);
  const HttpResponse refreshed = WithRefreshToken("refresh", Field(login, "refresh_token"));
  ASSERT_EQ(refreshed.status, 200) << refreshed.body;
  EXPECT_EQ(SystemStatus(Field(refreshed, "access_token")), 200);
}

TEST_F(AuthTest, ASpentRefreshTokenEndsTheWholeLogin) {
  AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse login = Login("anna", kPassword);
  const HttpResponse refreshed = WithRefreshToken("refresh", Field(login, "refresh_token"));
  EXPECT_EQ(WithRefreshToken("refresh", Field(login, "refresh_token")).status, 401);
  EXPECT_EQ(WithRefreshToken("refresh", Field(refreshed, "refresh_token")).status, 401);
  EXPECT_EQ(SystemStatus(Field(refreshed, "access_token")), 401);
}

TEST_F(AuthTest, RefreshTokensEndAfterSevenDays) {
  AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse login = Login("anna", kPassword);
  clock_.Advance(std::chrono::hours{24 * 7 + 1});
  EXPECT_EQ(WithRefreshToken("refresh", Field(login, "refresh_token")).status, 401);
}

TEST_F(AuthTest, LogoutEndsAccessAtOnce) {
  AddUser("anna", Role::kOperator, kPassword);
  const HttpResponse login = Login("anna", kPassword);
  EXPECT_EQ(WithRefreshToken("logout", Field(login, "refresh_token")).status, 204);
  EXPECT_EQ(SystemStatus(Field(login, "access_token")), 401);
  EXPECT_EQ(WithRefreshToken("refresh", Field(login, "refresh_token")).status, 401);
}

TEST_F(AuthTest, ADisabledAccountLosesAccessAtOnce) {
  const User user = AddUser("eve", Role::kOperator, kPassword);
  const HttpResponse login = Login("eve", kPassword);
  EXPECT_EQ(
      Ask(Method::kPatch, "/api/v1/users/" + user.id, AdminToken(), R"({"enabled":false})").status,
      200);
  EXPECT_EQ(SystemStatus(Field(login, "access_token")), 401);
  EXPECT_EQ(WithRefreshToken("refresh", Field(login, "refresh_token")).status, 401);
}

TEST_F(AuthTest, TheSigningKeySurvivesARestart) {
  const std::string& token = OperatorToken();
  const auto again = Auth::Make(*database_, clock_).value();
  HttpRequest request = RequestOf(Method::kGet, "/").value();
  request.headers.emplace_back("authorization", "bearer " + token);
  EXPECT_TRUE(again->Authenticate(request));
}

TEST_F(AuthTest, RefusesHeadersThatAreNoBearerToken) {
  for (const char* header : {"", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c"}) {
    HttpRequest request = RequestOf(Method::kGet, "/").value();
    request.headers.emplace_back("authorization", header);
    EXPECT_FALSE(api_->Authentication().CheckToken(request)) << header;
    EXPECT_FALSE(api_->Authentication().Authenticate(request)) << header;
  }
}

}  // namespace
}  // namespace vigil::api
