// Logins by cookie, and the requests of foreign pages that must not use them.
#include "api/browser_login.h"

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

constexpr const char* kPassword = "correct horse battery";
const NamedValues kOwnPage{{"sec-fetch-site", "same-origin"}, {"x-vigil-csrf", "1"}};

class BrowserLoginTest : public ApiTest {
 protected:
  HttpResponse AskAs(Method method, const std::string& target, const NamedValues& headers,
                     const std::string& body = "") {
    HttpRequest request = RequestOf(method, target).value();
    request.peer = "192.0.2.1";
    request.headers = headers;
    if (!body.empty()) request.headers.emplace_back("content-type", "application/json");
    request.body = body;
    return Send(std::move(request));
  }
  // name=value pairs of the Set-Cookie headers, as a browser sends them back.
  static std::string CookiesOf(const HttpResponse& response) {
    std::string cookies;
    for (const auto& [name, value] : response.headers) {
      if (name != "Set-Cookie") continue;
      EXPECT_NE(value.find("; Path=/; Secure; HttpOnly; SameSite=Strict"), std::string::npos);
      cookies += (cookies.empty() ? "" : "; ") + value.substr(0, value.find(';'));
    }
    return cookies;
  }
  static NamedValues With(NamedValues headers, const std::string& cookies) {
    headers.emplace_back("cookie", cookies);
    return headers;
  }
  HttpResponse Login(const NamedValues& headers) {
    return AskAs(Method::kPost, "/api/v1/auth/login", headers,
                 format(R"({{"name": "anna", "password": "{}", "cookie": true}})", kPassword));
  }
};

TEST_F(BrowserLoginTest, ALoginLivesInCookiesAlone) {
  AddUser("anna", Role::kAdmin, kPassword);
  const HttpResponse login = Login(kOwnPage);
  ASSERT_EQ(login.status, 200) << login.body;
  EXPECT_FALSE(Json(login).get_object().contains("access_token"));
  EXPECT_FALSE(Json(login).get_object().contains("refresh_token"));
  const std::string cookies = CookiesOf(login);
  EXPECT_EQ(AskAs(Method::kGet, "/api/v1/users", {{"cookie", cookies}}).status, 200);

  const HttpResponse renewed =
      AskAs(Method::kPost, "/api/v1/auth/refresh", With(kOwnPage, cookies), "{}");
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  const std::string renewed_cookies = CookiesOf(renewed);
  EXPECT_NE(renewed_cookies, cookies);

  const HttpResponse out =
      AskAs(Method::kPost, "/api/v1/auth/logout", With(kOwnPage, renewed_cookies), "{}");
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(CookiesOf(out), "__Host-vigil=; __Host-vigil-refresh=");
  EXPECT_EQ(AskAs(Method::kGet, "/api/v1/users", {{"cookie", renewed_cookies}}).status, 401);
}

TEST_F(BrowserLoginTest, ForeignPagesNeitherLogInNorChange) {
  AddUser("anna", Role::kAdmin, kPassword);
  EXPECT_EQ(Login({{"sec-fetch-site", "same-site"}, {"x-vigil-csrf", "1"}}).status, 403);
  EXPECT_EQ(Login({{"sec-fetch-site", "same-origin"}}).status, 403);
  const std::string cookies = CookiesOf(Login(kOwnPage));
  const auto status_of = [&](const NamedValues& headers) {
    return AskAs(Method::kPost, "/api/v1/criminals", With(headers, cookies), R"({"name": "x"})")
        .status;
  };
  EXPECT_EQ(status_of(kOwnPage), 201);
  EXPECT_EQ(status_of({{"sec-fetch-site", "same-origin"}}), 403);
  EXPECT_EQ(status_of({{"x-vigil-csrf", "1"}}), 403);
  for (const char* site : {"same-site", "cross-site", "none"}) {
    EXPECT_EQ(status_of({{"sec-fetch-site", site}, {"x-vigil-csrf", "1"}}), 403) << site;
  }
  // Plain http: browsers tell no Sec-Fetch-Site there.
  const NamedValues plain{{"x-vigil-csrf", "1"}, {"host", "vigil:8080"}};
  const auto from = [&](const std::string& origin) {
    NamedValues headers = plain;
    headers.emplace_back("origin", origin);
    return status_of(headers);
  };
  EXPECT_EQ(from("http://vigil:8080"), 201);
  EXPECT_EQ(from("http://vigil:9090"), 403);
  EXPECT_EQ(from("http://evil.example"), 403);
  EXPECT_EQ(from("null"), 403);
}

TEST_F(BrowserLoginTest, ForeignPagesNeitherChangeNorDelete) {
  AddUser("anna", Role::kAdmin, kPassword);
  const std::string cookies = CookiesOf(Login(kOwnPage));
  const HttpResponse made =
      AskAs(Method::kPost, "/api/v1/criminals", With(kOwnPage, cookies), R"({"name": "Ada"})");
  const std::string person = "/api/v1/criminals/" + std::string(Json(made).at("id").get_string());
  for (const Method method : {Method::kPatch, Method::kDelete}) {
    const std::string body = method == Method::kPatch ? R"({"reason": "fraud"})" : "";
    const auto status_of = [&](const NamedValues& headers) {
      return AskAs(method, person, With(headers, cookies), body).status;
    };
    EXPECT_EQ(status_of({{"sec-fetch-site", "cross-site"}, {"x-vigil-csrf", "1"}}), 403);
    EXPECT_EQ(status_of({{"sec-fetch-site", "same-origin"}}), 403);
    EXPECT_EQ(status_of({{"x-vigil-csrf", "1"}}), 403);
    EXPECT_EQ(Ask(Method::kGet, person, OperatorToken()).status, 200) << "still there, unchanged";
    EXPECT_EQ(Json(Ask(Method::kGet, person, OperatorToken())).at("reason"), "");
  }
  EXPECT_EQ(AskAs(Method::kDelete, person, With(kOwnPage, cookies)).status, 204);
}

// Where a trusted proxy tells the scheme, the same host over another one is another page.
TEST_F(BrowserLoginTest, ThePageOfAnotherSchemeIsForeign) {
  AddUser("anna", Role::kAdmin, kPassword);
  const std::string cookies = CookiesOf(Login(kOwnPage));
  const auto status_of = [&](const std::string& origin, const std::string& scheme) {
    HttpRequest request = RequestOf(Method::kPost, "/api/v1/criminals").value();
    request.peer = "192.0.2.1";
    request.scheme = scheme;
    request.headers = {{"cookie", cookies},
                       {"x-vigil-csrf", "1"},
                       {"host", "vigil.example"},
                       {"origin", origin},
                       {"content-type", "application/json"}};
    request.body = R"({"name": "Ada"})";
    return Send(std::move(request)).status;
  };
  EXPECT_EQ(status_of("https://vigil.example", "https"), 201);
  EXPECT_EQ(status_of("http://vigil.example", "https"), 403);
  EXPECT_EQ(status_of("http://vigil.example", ""), 201) << "unknown: not compared";
}

TEST_F(BrowserLoginTest, ALogoutTakesTheCookiesWhateverBecomesOfTheLogin) {
  AddUser("anna", Role::kAdmin, kPassword);
  const std::string cookies = CookiesOf(Login(kOwnPage));
  const std::string access = cookies.substr(0, cookies.find(';'));
  const HttpResponse without_refresh =
      AskAs(Method::kPost, "/api/v1/auth/logout", With(kOwnPage, access), "{}");
  EXPECT_EQ(without_refresh.status, 400);
  EXPECT_EQ(CookiesOf(without_refresh), "__Host-vigil=; __Host-vigil-refresh=");
  const HttpResponse spent = AskAs(Method::kPost, "/api/v1/auth/logout",
                                   With(kOwnPage, "__Host-vigil-refresh=unknown"), "{}");
  EXPECT_EQ(CookiesOf(spent), "__Host-vigil=; __Host-vigil-refresh=");
}

TEST_F(BrowserLoginTest, TwoLoginsAndTokensInTheAddressAreRefused) {
  const std::string token = AdminToken();
  EXPECT_EQ(AskAs(Method::kGet, "/api/v1/users",
                  {{"authorization", "Bearer " + token}, {"cookie", "__Host-vigil=" + token}})
                .status,
            400);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/users?access_token=x", token).status, 400);
  EXPECT_EQ(AskAs(Method::kGet, "/api/v1/users", {{"cookie", "__Host-vigil=" + token}}).status,
            200);
  EXPECT_EQ(AskAs(Method::kGet, "/api/v1/users", {{"cookie", "vigil=" + token}}).status, 401);
}

TEST_F(BrowserLoginTest, BearerRequestsNeedNoHeaderOfPages) {
  EXPECT_EQ(Ask(Method::kPost, "/api/v1/criminals", AdminToken(), R"({"name": "x"})").status, 201);
}

TEST(CookieOf, FindsTheNamedCookie) {
  HttpRequest request;
  request.headers.emplace_back("cookie", "a=1; __Host-vigil-refresh=r;  __Host-vigil=a=b");
  EXPECT_EQ(CookieOf(request, kAccessCookie), "a=b");
  EXPECT_EQ(CookieOf(request, kRefreshCookie), "r");
  EXPECT_EQ(CookieOf(request, "b"), "");
}

}  // namespace
}  // namespace vigil::api
