// Routing, roles and the checks that every request passes.
#include "api/router.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace vigil::api {
namespace {

// A route without a role, without a description, or with another of its demands left out, does not
// compile; nor does a description without its answer.
static_assert(std::is_constructible_v<Route, Method, const char*, Role, Lane, std::size_t,
                                      Description, Handler>);
static_assert(
    !std::is_constructible_v<Route, Method, const char*, Lane, std::size_t, Description, Handler>);
static_assert(
    !std::is_constructible_v<Route, Method, const char*, Role, Lane, std::size_t, Handler>);
static_assert(!std::is_constructible_v<Route, Method, const char*, Handler>);
static_assert(!std::is_default_constructible_v<Description>);
static_assert(!std::is_constructible_v<Description, const char*, const char*, const char*>);

// Takes the token "operator" or "admin".
class FakeAuthenticator final : public Authenticator {
 public:
  Status CheckToken(const HttpRequest& request) const override {
    if (request.Header("authorization").empty()) {
      return Fail(ErrorCode::kPermission, "log in");
    }
    return {};
  }
  Result<Principal> Authenticate(const HttpRequest& request) override {
    const std::string_view token = request.Header("authorization");
    if (token == "broken") return Fail(ErrorCode::kUnavailable, "database is away");
    if (token != "admin" && token != "operator") return Fail(ErrorCode::kPermission, "log in");
    return Principal{"1", "name", "2", token == "admin" ? Role::kAdmin : Role::kOperator};
  }
};

Description Of(std::string id) {
  return {std::move(id), "things", "Does something.", GivesMedia({"text/plain"})};
}

Answer Say(std::string text) { return BodyResponse(200, "text/plain", std::move(text)); }

class RouterTest : public testing::Test {
 protected:
  HttpResponse Ask(Method method, const std::string& target, const std::string& token = "",
                   std::string body = "") {
    HttpRequest request = RequestOf(method, target).value();
    if (!token.empty()) request.headers.emplace_back("authorization", token);
    request.body = std::move(body);
    request.local_socket = local_;
    const HttpApplication::Plan plan = router_.Prepare(request);
    return plan.refusal ? *plan.refusal : router_.Handle(request);
  }
  static std::string HeaderOf(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  bool local_ = false;
  ManualClock clock_;
  FakeAuthenticator authenticator_;
  std::vector<AnsweredRequest> seen_;
  Router router_{
      {{Method::kGet, "/open", Role::kPublic, Lane::kQuick, kNoBody, Of("open"),
        [](const Call&) { return Say("open"); }},
       {Method::kGet, "/things/{id}/parts/{part}", Role::kOperator, Lane::kStore, kNoBody,
        Of("part"),
        [](const Call& call) { return Say(call.Parameter("id") + "," + call.Parameter("part")); }},
       {Method::kPost, "/things", Role::kAdmin, Lane::kHeavy, 10, Of("make").Takes(Object("", {})),
        [](const Call& call) { return Say(call.who.user_name); }},
       {Method::kPost, "/things/{id}/parts/search", Role::kOperator, Lane::kStore, 10,
        Of("search").Takes(Object("", {})), [](const Call&) { return Say("searched"); }},
       {Method::kDelete, "/things", Role::kAdmin, Lane::kStore, kNoBody, Of("clear"),
        [](const Call&) -> Answer { throw std::runtime_error("the innards"); }}},
      authenticator_,
      clock_,
      [this](const AnsweredRequest& request) { seen_.push_back(request); }};
};

TEST_F(RouterTest, GivesTheParametersOfThePattern) {
  EXPECT_EQ(Ask(Method::kGet, "/things/a%20b/parts/7", "operator").body, "a b,7");
}

TEST_F(RouterTest, AnswersHeadByGet) { EXPECT_EQ(Ask(Method::kHead, "/open").status, 200); }

TEST_F(RouterTest, UnknownPathsAre404) {
  for (const char* target : {"/", "/opens", "/open/", "/things//parts/1", "/things/1/parts"}) {
    EXPECT_EQ(Ask(Method::kGet, target, "admin").status, 404) << target;
  }
}

TEST_F(RouterTest, OtherMethodsAre405AndNameTheRightOnes) {
  const HttpResponse response = Ask(Method::kPut, "/things", "admin");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(HeaderOf(response, "Allow"), "DELETE, POST");
  EXPECT_EQ(HeaderOf(Ask(Method::kPost, "/open"), "Allow"), "GET, HEAD");
}

TEST_F(RouterTest, ALiteralPatternHidesTheOnesWithParameters) {
  const HttpResponse response = Ask(Method::kGet, "/things/1/parts/search", "admin");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(HeaderOf(response, "Allow"), "POST");
}

TEST_F(RouterTest, WithoutATokenAsksForOne) {
  const HttpResponse response = Ask(Method::kPost, "/things");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(HeaderOf(response, "WWW-Authenticate"), "Bearer");
}

TEST_F(RouterTest, ATokenThatLooksRightButIsNotIs401) {
  EXPECT_EQ(Ask(Method::kPost, "/things", "stolen").status, 401);
}

TEST_F(RouterTest, AnOperatorOnAnAdminRouteIs403) {
  EXPECT_EQ(Ask(Method::kPost, "/things", "operator").status, 403);
  EXPECT_EQ(Ask(Method::kPost, "/things", "admin").status, 200);
}

TEST_F(RouterTest, AFailingDatabaseIsNotALogout) {
  EXPECT_EQ(Ask(Method::kPost, "/things", "broken").status, 503);
}

TEST_F(RouterTest, TheLocalSocketActsAsAdministrator) {
  local_ = true;
  EXPECT_EQ(Ask(Method::kPost, "/things").body, "local socket");
}

TEST_F(RouterTest, BodiesBeyondTheRouteAre413) {
  EXPECT_EQ(Ask(Method::kPost, "/things", "admin", "0123456789").status, 200);
  EXPECT_EQ(Ask(Method::kPost, "/things", "admin", "0123456789a").status, 413);
}

TEST_F(RouterTest, AThrowingHandlerIsA500WithoutDetails) {
  const HttpResponse response = Ask(Method::kDelete, "/things", "admin");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("the innards"), std::string::npos);
}

TEST_F(RouterTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const char* target : {"/open", "/absent", "/things/1/parts/2"}) {
    const HttpResponse response = Ask(Method::kGet, target);
    EXPECT_EQ(HeaderOf(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(HeaderOf(response, "Referrer-Policy"), "no-referrer");
    EXPECT_NE(HeaderOf(response, "Content-Security-Policy").find("frame-ancestors 'none'"),
              std::string::npos);
  }
}

TEST_F(RouterTest, MetricsNameThePatternNotThePath) {
  Ask(Method::kGet, "/things/secret/parts/2", "operator");
  Ask(Method::kGet, "/nowhere");
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].route, "/things/{id}/parts/{part}");
  EXPECT_EQ(seen_[0].status, 200);
  EXPECT_EQ(seen_[1].route, "none");
  EXPECT_EQ(seen_[1].status, 404);
}

TEST_F(RouterTest, ErrorsFollowFromTheRoute) {
  const std::vector<Route>& routes = router_.Routes();
  EXPECT_EQ(RouteErrors(routes[0]), (std::vector{400, 413, 431, 500, 503}));
  EXPECT_EQ(RouteErrors(routes[1]), (std::vector{400, 401, 403, 404, 413, 431, 500, 503}));
  EXPECT_EQ(RouteErrors(routes[2]), (std::vector{400, 401, 403, 413, 415, 431, 500, 503}));
}

TEST_F(RouterTest, WhatTheServerRefusesIsCountedAndCarriesTheHeaders) {
  HttpRequest request = RequestOf(Method::kPost, "/things").value();
  const HttpResponse large = router_.Refuse(Problem(413, "too_large", "too large"), &request);
  const HttpResponse unread = router_.Refuse(Problem(503, "busy", "busy"), nullptr);
  EXPECT_EQ(HeaderOf(large, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(HeaderOf(large, "Retry-After"), "");
  EXPECT_EQ(HeaderOf(unread, "Retry-After"), "2");
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].route, "/things");
  EXPECT_EQ(seen_[0].status, 413);
  EXPECT_EQ(seen_[1].route, "none");
  EXPECT_EQ(seen_[1].status, 503);
}

TEST_F(RouterTest, PlansTheLaneAndLimitOfTheRoute) {
  HttpRequest request = RequestOf(Method::kPost, "/things").value();
  request.headers.emplace_back("authorization", "admin");
  const HttpApplication::Plan plan = router_.Prepare(request);
  EXPECT_FALSE(plan.refusal);
  EXPECT_EQ(plan.body_bytes_max, 10U);
  EXPECT_EQ(plan.lane, Lane::kHeavy);
}

}  // namespace
}  // namespace vigil::api
