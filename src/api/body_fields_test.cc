// Bodies that are right, and all the ways in which they are not.
#include "api/body_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::api {
namespace {

using testing::ElementsAre;

HttpRequest JsonRequest(std::string body, std::string type = "application/json") {
  HttpRequest request;
  request.headers.emplace_back("content-type", std::move(type));
  request.body = std::move(body);
  return request;
}

std::vector<std::string> WrongFields(const std::optional<Problem>& problem) {
  std::vector<std::string> names;
  if (problem) {
    for (const FieldError& error : problem->errors) names.push_back(error.field);
  }
  return names;
}

TEST(BodyFields, ReadsWhatIsThereAndKeepsTheRest) {
  auto fields = BodyFields::Of(JsonRequest(R"({"name": "Ä", "on": false, "n": null})"));
  ASSERT_TRUE(fields);
  std::string name = "before";
  std::string other = "kept";
  bool on = true;
  std::optional<int> number = 3;
  fields->Text("name", name, 1, 1);
  fields->Text("other", other, 1, 10);
  fields->Flag("on", on);
  fields->Integer("n", number, 1, 5);
  EXPECT_EQ(fields->Finish(), std::nullopt);
  EXPECT_EQ(name, "Ä");
  EXPECT_EQ(other, "kept");
  EXPECT_FALSE(on);
  EXPECT_EQ(number, std::nullopt);
}

TEST(BodyFields, NamesEveryWrongAndUnknownField) {
  auto fields = BodyFields::Of(JsonRequest(
      R"({"long": "abc", "kind": "x", "flag": 1, "n": 2.5, "time": "noon", "bell": "\u0007", "?": 0})"));
  ASSERT_TRUE(fields);
  std::string text;
  bool flag = false;
  std::optional<int> number;
  std::optional<WallTime> time;
  int kind = 0;
  fields->Text("long", text, 1, 2);
  fields->Word("kind", kind, [](std::string_view) { return std::optional<int>(); }, "a, b");
  fields->Flag("flag", flag);
  fields->Integer("n", number, 1, 5);
  fields->Time("time", time);
  fields->Text("bell", text, 1, 5);
  fields->Require({"missing"});
  EXPECT_THAT(WrongFields(fields->Finish()),
              ElementsAre("long", "kind", "flag", "n", "time", "bell", "missing", "?"));
  EXPECT_EQ(text, "");
}

TEST(BodyFields, RefusesOtherMediaTypesAndOtherJson) {
  EXPECT_EQ(BodyFields::Of(JsonRequest("{}", "text/plain")).error().status, 415);
  EXPECT_EQ(BodyFields::Of(JsonRequest("[]")).error().status, 400);
  EXPECT_EQ(BodyFields::Of(JsonRequest("{\"a\":")).error().status, 400);
  EXPECT_EQ(BodyFields::Of(JsonRequest("{\"a\":\"\xFF\"}")).error().status, 400);
  EXPECT_EQ(BodyFields::Of(JsonRequest(std::string(40, '['))).error().status, 400);
}

TEST(PageOf, ReadsLimitAndCursor) {
  const auto page = PageOf(RequestOf(Method::kGet, "/x?limit=7&after=abc").value());
  ASSERT_TRUE(page);
  EXPECT_EQ(page->limit, 7);
  EXPECT_EQ(page->after, "abc");
}

TEST(PageOf, RefusesLimitsOutsideTheirRange) {
  for (const char* target :
       {"/x?limit=0", "/x?limit=201", "/x?limit=7x", "/x?limit=", "/x?limit=-1"}) {
    EXPECT_FALSE(PageOf(RequestOf(Method::kGet, target).value())) << target;
  }
}

}  // namespace
}  // namespace vigil::api
