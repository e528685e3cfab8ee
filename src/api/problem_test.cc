// What failures look like to clients.
#include "api/problem.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace vigil::api {
namespace {

TEST(Problem, StatusFollowsFromTheKindOfFailure) {
  EXPECT_EQ(Problem(Error{ErrorCode::kInvalidArgument, ""}).status, 400);
  EXPECT_EQ(Problem(Error{ErrorCode::kNotFound, ""}).status, 404);
  EXPECT_EQ(Problem(Error{ErrorCode::kConflict, ""}).status, 409);
  EXPECT_EQ(Problem(Error{ErrorCode::kPermission, ""}).status, 403);
  EXPECT_EQ(Problem(Error{ErrorCode::kUnavailable, ""}).status, 503);
  EXPECT_EQ(Problem(Error{ErrorCode::kDataLoss, ""}).status, 500);
}

TEST(Problem, AnswersInTheFormOfRfc9457) {
  const HttpResponse response =
      ProblemResponse(InvalidFields({{"name", "is required"}, {"age", "is not a known field"}}));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.front().second, "application/problem+json");
  EXPECT_EQ(ParseJson(response.body).value(),
            json::parse(R"({"type": "urn:vigil:problem:invalid_argument", "title": "Bad Request",
                            "status": 400, "detail": "these fields are wrong: name age",
                            "code": "invalid_argument",
                            "errors": [{"field": "name", "message": "is required"},
                                       {"field": "age", "message": "is not a known field"}]})"));
}

TEST(Problem, TellsNothingAboutFaultsOfItsOwn) {
  const HttpResponse response =
      ProblemResponse(Problem(Error{ErrorCode::kInternal, "SELECT secret FROM x failed"}));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace vigil::api
