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

Schema Fields() {
  return Object("", {{"name", Text(1, 1)},
                     {"other", Text(1, 10)},
                     {"group", Nullable(Text(1, 10))},
                     {"on", Flag()},
                     {"n", Nullable(Integer(1, 5))}});
}

TEST(BodyFields, ReadsWhatIsThereAndKeepsTheRest) {
  const Schema schema = Fields();
  auto fields = BodyFields::Of(
      JsonRequest(R"({"name": "Ä", "on": false, "n": null, "group": null})"), schema);
  ASSERT_TRUE(fields);
  std::string name = "before";
  std::string other = "kept";
  bool on = true;
  std::optional<int> number = 3;
  std::string group = "emptied";
  fields->Text("name", name);
  fields->Text("other", other);
  fields->Text("group", group);
  fields->Flag("on", on);
  fields->Integer("n", number);
  EXPECT_EQ(fields->Finish(), std::nullopt);
  EXPECT_EQ(name, "Ä");
  EXPECT_EQ(other, "kept");
  EXPECT_EQ(group, "");
  EXPECT_FALSE(on);
  EXPECT_EQ(number, std::nullopt);
}

TEST(BodyFields, NamesEveryWrongAbsentAndUnknownField) {
  const Schema schema = Object("", {{"long", Text(1, 2)},
                                    {"kind", Word({"a", "b"})},
                                    {"flag", Flag()},
                                    {"n", Nullable(Integer(1, 5))},
                                    {"time", Nullable(Time())},
                                    {"bell", Text(1, 5)},
                                    {"never null", Integer(1, 5)},
                                    {"missing", Text(1, 5), kRequired}});
  auto fields = BodyFields::Of(
      JsonRequest(R"({"long": "abc", "kind": "x", "flag": 1, "n": 2.5, "time": "noon",
                      "bell": "\u0007", "never null": null, "?": 0})"),
      schema);
  ASSERT_TRUE(fields);
  std::string text;
  bool flag = false;
  std::optional<int> number;
  std::optional<WallTime> time;
  int kind = 0;
  fields->Text("long", text);
  fields->Word("kind", kind, [](std::string_view) { return std::optional<int>(); });
  fields->Flag("flag", flag);
  fields->Integer("n", number);
  fields->Time("time", time);
  fields->Text("bell", text);
  fields->Integer("never null", number);
  EXPECT_THAT(WrongFields(fields->Finish()), ElementsAre("long", "kind", "flag", "n", "time",
                                                         "bell", "never null", "missing", "?"));
  EXPECT_EQ(text, "");
}

TEST(BodyFields, RefusesOtherMediaTypesAndOtherJson) {
  const Schema none = Object("", {});
  const auto status_of = [&](std::string body, std::string type) {
    const auto fields = BodyFields::Of(JsonRequest(std::move(body), std::move(type)), none);
    return fields ? 200 : fields.error().status;
  };
  EXPECT_EQ(status_of("{}", "text/plain"), 415);
  EXPECT_EQ(status_of("{}", "application/json-seq"), 415);
  EXPECT_EQ(status_of("{}", "Application/JSON ; charset=utf-8"), 200);
  EXPECT_EQ(status_of("[]", "application/json"), 400);
  EXPECT_EQ(status_of("{\"a\":", "application/json"), 400);
  EXPECT_EQ(status_of("{\"a\":\"\xFF\"}", "application/json"), 400);
  EXPECT_EQ(status_of(std::string(40, '['), "application/json"), 400);
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
