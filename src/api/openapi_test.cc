// The specification of the real table, and the words it is made of.
#include "api/openapi.h"

#include "api/api_fixture.h"

namespace vigil::api {
namespace {

class OpenApiTest : public ApiTest {
 protected:
  json::value Specification() { return Json(Ask(Method::kGet, "/api/v1/openapi.json", "")); }
  json::value Operation(std::string_view path, std::string_view method) {
    return Specification().at("paths").at(path).at(method);
  }
};

TEST_F(OpenApiTest, TellsEveryRouteWithItsRole) {
  const json::value specification = Specification();
  EXPECT_EQ(specification.at("openapi"), "3.1.0");
  std::size_t described = 0;
  for (const Route& route : api_->Application().Routes()) {
    if (!route.pattern.starts_with("/api/v1/")) continue;
    ++described;
    std::string method(MethodName(route.method));
    for (char& letter : method) letter = static_cast<char>(letter - 'A' + 'a');
    const json::value operation = Operation(route.pattern.substr(7), method);
    EXPECT_EQ(operation.at("x-vigil-role"), json::value(RoleWord(route.role))) << route.pattern;
    EXPECT_EQ(operation.at("security").get_array().empty(), route.role == Role::kPublic);
  }
  EXPECT_GT(described, 30U);
}

TEST_F(OpenApiTest, TellsTheLimitsByWhichBodiesAreRead) {
  const json::value specification = Specification();
  const json::value body = Operation("/cameras", "post").at("requestBody");
  EXPECT_EQ(body.at("content").at("application/json").at("schema").at("$ref"),
            "#/components/schemas/CameraCreate");
  const json::value& shape = specification.at("components").at("schemas").at("CameraCreate");
  EXPECT_EQ(shape.at("required"), (json::array{"name", "url"}));
  EXPECT_EQ(shape.at("additionalProperties"), false);
  EXPECT_EQ(shape.at("properties").at("detect_interval_ms"),
            (json::value{{"type", json::array{"integer", "null"}},
                         {"minimum", 20},
                         {"maximum", 60000},
                         {"description", "null: as configured for all cameras"}}));
  // A change demands nothing.
  EXPECT_FALSE(specification.at("components")
                   .at("schemas")
                   .at("CameraChange")
                   .get_object()
                   .contains("required"));
}

TEST_F(OpenApiTest, TellsParametersAndErrors) {
  const json::value list = Operation("/incidents", "get");
  EXPECT_EQ(list.at("parameters").at(0).at("name"), "limit");
  EXPECT_EQ(list.at("parameters").at(0).at("schema").at("maximum"), 200);
  const json::value media = Operation("/incidents/{id}/media/{kind}", "get");
  EXPECT_EQ(media.at("parameters").at(1).at("schema").at("enum"),
            (json::array{"crop", "frame", "reference"}));
  EXPECT_EQ(media.at("responses").at("404").at("$ref"), "#/components/responses/NotFound");
}

TEST(Schema, NamedShapesBecomeReferences) {
  json::object components;
  const Schema cat = Object("Cat", {{"name", Text(), kRequired}});
  EXPECT_EQ(JsonSchemaOf(Nullable(cat), components, false),
            (json::value{{"anyOf", json::array{{{"$ref", "#/components/schemas/Cat"}},
                                               {{"type", "null"}}}}}));
  EXPECT_EQ(components.at("Cat").at("required"), (json::array{"name"}));
}

TEST(SchemaDeathTest, OneNameStandsForOneShape) {
  json::object components;
  JsonSchemaOf(Object("Cat", {{"name", Text()}}), components, false);
  EXPECT_DEATH(JsonSchemaOf(Object("Cat", {{"age", Count()}}), components, false), "one name");
}

// The check behind every other test of the API can itself fail.
TEST(SchemaCheck, NamesWhatIsNotAsDescribed) {
  const Schema schema = Object("", {{"id", Id(), kRequired},
                                    {"kind", Word({"a"})},
                                    {"box", ListOf(Number(), 4, 4)},
                                    {"at", Nullable(Time())},
                                    {"n", Integer(0, 5)}});
  std::vector<std::string> wrong;
  CheckBody(schema, R"({"id": "1", "kind": "a", "box": [1, 2.5, 3, 4], "at": null, "n": 5})",
            wrong);
  EXPECT_THAT(wrong, testing::IsEmpty());
  CheckBody(schema, R"({"kind": "b", "box": [1, "x"], "at": "noon", "n": 6, "more": 1})", wrong);
  EXPECT_THAT(wrong, testing::SizeIs(7)) << testing::PrintToString(wrong);
}

TEST(SchemaCheck, AnUndescribedStatusIsWrong) {
  const Route route(Method::kGet, "/x", Role::kPublic, Lane::kQuick, kNoBody,
                    Description("x", "system", "X.", GivesNothing()),
                    [](const Call&) -> Answer { return NoContent(); });
  EXPECT_THAT(UndescribedIn(route, NoContent()), testing::IsEmpty());
  EXPECT_THAT(UndescribedIn(route, JsonResponse({})), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(UndescribedIn(route, ProblemResponse(Problem(409, "conflict", "no"))),
              testing::SizeIs(1));
}

}  // namespace
}  // namespace vigil::api
