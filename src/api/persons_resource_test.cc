// Enrolled people through the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

using PersonsTest = ApiTest;

TEST_F(PersonsTest, AreMadeReadChangedAndDeleted) {
  const HttpResponse made = Ask(
      Method::kPost, "/api/v1/criminals", AdminToken(),
      R"({"name":"Jan Ödön","reason":"theft","category":"banned","severity":"high","notes":"a\nb","expires_at":"2030-01-02T03:04:05+01:00"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string target = "/api/v1/criminals/" + std::string(Json(made).at("id").get_string());
  const json::value read = Json(Ask(Method::kGet, target, OperatorToken()));
  EXPECT_EQ(read.at("name"), "Jan Ödön");
  EXPECT_EQ(read.at("severity"), "high");
  EXPECT_EQ(read.at("expires_at"), "2030-01-02T02:04:05.000Z");
  EXPECT_EQ(read.at("photos").get_array().size(), 0U);

  const HttpResponse changed =
      Ask(Method::kPatch, target, AdminToken(), R"({"severity":"low","expires_at":null})");
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(Json(changed).at("severity"), "low");
  EXPECT_TRUE(Json(changed).at("expires_at").is_null());
  EXPECT_EQ(Json(changed).at("reason"), "theft");

  EXPECT_EQ(Ask(Method::kDelete, target, AdminToken()).status, 204);
  EXPECT_EQ(Ask(Method::kGet, target, AdminToken()).status, 404);
  EXPECT_EQ(Ask(Method::kPatch, target, AdminToken(), "{}").status, 404);
}

TEST_F(PersonsTest, WrongFieldsAreNamed) {
  const auto field_of = [&](const std::string& body) {
    const HttpResponse response = Ask(Method::kPost, "/api/v1/criminals", AdminToken(), body);
    EXPECT_EQ(response.status, 400) << body;
    const json::value problem = Json(response);
    return problem.as_object().contains("errors")
               ? std::string(problem.at("errors").at(0).at("field").get_string())
               : std::string("none");
  };
  EXPECT_EQ(field_of("{}"), "name");
  EXPECT_EQ(field_of(R"({"name":""})"), "name");
  EXPECT_EQ(field_of(R"({"name":"   "})"), "name");
  EXPECT_EQ(field_of(R"({"name":")" + std::string(10'000, 'x') + R"("})"), "name");
  EXPECT_EQ(field_of(R"({"name":"x","severity":"huge"})"), "severity");
  EXPECT_EQ(field_of(R"({"name":"x","expires_at":"soon"})"), "expires_at");
  EXPECT_EQ(field_of(R"({"name":"x","nick":"y"})"), "nick");
  EXPECT_EQ(field_of("nonsense"), "none");
}

TEST_F(PersonsTest, ListsPageByPage) {
  for (const char* name : {"a", "b", "c"}) MakePerson(name);
  const json::value first = Json(Ask(Method::kGet, "/api/v1/criminals?limit=2", OperatorToken()));
  ASSERT_EQ(first.at("items").get_array().size(), 2U);
  const std::string next(first.at("next").get_string());
  const json::value second =
      Json(Ask(Method::kGet, "/api/v1/criminals?limit=2&after=" + next, OperatorToken()));
  ASSERT_EQ(second.at("items").get_array().size(), 1U);
  EXPECT_EQ(second.at("items").at(0).at("name"), "c");
  EXPECT_TRUE(second.at("next").is_null());
}

TEST_F(PersonsTest, EveryChangeIsInTheAuditLog) {
  const std::string id = MakePerson("Jan");
  Ask(Method::kDelete, "/api/v1/criminals/" + id, AdminToken());
  const json::value audit = Json(Ask(Method::kGet, "/api/v1/audit", AdminToken()));
  ASSERT_EQ(audit.at("items").get_array().size(), 2U);
  EXPECT_EQ(audit.at("items").at(0).at("action"), "person.delete");
  EXPECT_EQ(audit.at("items").at(1).at("action"), "person.create");
  EXPECT_EQ(audit.at("items").at(1).at("user_name"), "anna");
  EXPECT_EQ(audit.at("items").at(1).at("object_id"), id.c_str());
  EXPECT_EQ(audit.at("items").at(1).at("detail").at("name"), "Jan");
}

}  // namespace
}  // namespace vigil::api
