// Targets of requests, as clients and attackers write them.
#include "api/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::api {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(RequestOf, SplitsAndDecodesPathAndQuery) {
  const auto request = RequestOf(Method::kGet, "/api/v1/a%20b?limit=5&after=x%2Fy+z&flag");
  ASSERT_TRUE(request);
  EXPECT_THAT(request->segments, ElementsAre("api", "v1", "a b"));
  EXPECT_THAT(request->query,
              ElementsAre(Pair("limit", "5"), Pair("after", "x/y z"), Pair("flag", "")));
  EXPECT_EQ(request->Query("limit"), "5");
  EXPECT_EQ(request->Query("absent"), std::nullopt);
}

TEST(RequestOf, RootHasNoSegments) {
  EXPECT_THAT(RequestOf(Method::kGet, "/").value().segments, ElementsAre());
}

TEST(RequestOf, RefusesTargetsThatAreNoPlainPath) {
  for (const char* target :
       {"", "api", "http://host/x", "*", "/a%2Fb", "/a%5Cb", "/a%00b", "/a%", "/a%zz", "/a b"}) {
    EXPECT_FALSE(RequestOf(Method::kGet, target)) << target;
  }
}

TEST(HttpRequest, FindsHeadersByName) {
  HttpRequest request;
  request.headers = {{"content-type", "text/plain"}};
  EXPECT_EQ(request.Header("content-type"), "text/plain");
  EXPECT_EQ(request.Header("accept"), "");
}

}  // namespace
}  // namespace vigil::api
