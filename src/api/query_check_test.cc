// Every list refuses what its description does not permit, and names it.
#include "api/query_check.h"

#include <gmock/gmock.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

class QueryCheckTest : public ApiTest {
 protected:
  // The field that is named as wrong; empty when the request is served.
  std::string WrongIn(const std::string& target) {
    const HttpResponse response = Ask(Method::kGet, target, AdminToken());
    if (response.status == 200) return "";
    EXPECT_EQ(response.status, 400) << response.body;
    return std::string(Json(response).at("errors").at(0).at("field").get_string());
  }
};

TEST_F(QueryCheckTest, ValuesAreWithinTheirLimits) {
  const std::string long_text(1001, 'x');
  EXPECT_EQ(WrongIn("/api/v1/incidents?limit=201"), "limit");
  EXPECT_EQ(WrongIn("/api/v1/incidents?limit=200"), "");
  EXPECT_EQ(WrongIn("/api/v1/incidents?limit=1&limit=0"), "limit");
  EXPECT_EQ(WrongIn("/api/v1/incidents?after=" + long_text), "after");
  EXPECT_EQ(WrongIn("/api/v1/incidents?camera=" + std::string(101, 'x')), "camera");
  EXPECT_EQ(WrongIn("/api/v1/incidents?camera=" + std::string(100, 'x')), "");
  EXPECT_EQ(WrongIn("/api/v1/incidents?camera=%FF"), "camera");
  EXPECT_EQ(WrongIn("/api/v1/incidents?from=yesterday"), "from");
  EXPECT_EQ(WrongIn("/api/v1/incidents?state=closed"), "state");
  EXPECT_EQ(WrongIn("/api/v1/detections?track=1x"), "track");
  EXPECT_EQ(WrongIn("/api/v1/alerts?channel=" + long_text), "channel");
  EXPECT_EQ(WrongIn("/api/v1/audit?user=" + long_text), "user");
  EXPECT_EQ(WrongIn("/api/v1/criminals?watchlist=" + long_text), "watchlist");
}

TEST_F(QueryCheckTest, WhatIsNotDescribedIsIgnored) {
  EXPECT_EQ(WrongIn("/api/v1/incidents?utm_source=x"), "");
}

}  // namespace
}  // namespace vigil::api
