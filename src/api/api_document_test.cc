// docs/api.md is written from the table of routes; this test fails when it is not current.
// VIGIL_UPDATE_DOCS=1 writes it anew.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "api/api_fixture.h"
#include "api/openapi.h"

namespace vigil::api {
namespace {

constexpr std::string_view kBase = "/api/v1";

constexpr std::string_view kHead =
    R"(<!-- Written by vigil_api_test from the table of routes: VIGIL_UPDATE_DOCS=1 build/release/bin/vigil_api_test --gtest_filter='ApiDocument.*' -->
# REST API

The whole specification is at `/api/v1/openapi.json` (OpenAPI 3.1), and as pages to read and try at `/docs`. Everything below lies under `/api/v1`.

JSON in UTF-8; times are RFC 3339 in UTC; ids are opaque texts. Lists are read in pages: send `next` back as `after` until it is null. Errors are RFC 9457
problems (`application/problem+json`) with a stable `code`, a `detail` for people, and `errors` by field. Every route may answer 400, 413, 431, 500 and 503
(with `Retry-After`); with a role also 401 and 403; with an id also 404; with a body also 415. Other errors are named at the route.

Programs send `Authorization: Bearer TOKEN`; the examples take the server's address and a token from the shell:

```
VIGIL=http://127.0.0.1:8080
TOKEN=$(curl -s "$VIGIL/api/v1/auth/login" -H 'Content-Type: application/json' \
    -d '{"name": "anna", "password": "a long password"}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
```

Browsers log in with `"cookie": true` and get the cookies `__Host-vigil` and `__Host-vigil-refresh`, which no script can read; their requests that change
something come from Vigil's own pages and carry `X-Vigil-Csrf: 1`. A request with both kinds of login, and a token in an address, are refused. On
another host than 127.0.0.1 browsers keep these cookies over https only.
)";

std::string Limits(const Schema& schema, std::string_view unit) {
  if (schema.least && schema.greatest) {
    return format(" {} to {}{}", *schema.least, *schema.greatest, unit);
  }
  if (schema.least && *schema.least != 0) return format(" from {}{}", *schema.least, unit);
  return "";
}

std::string TypeText(const Schema& schema) {
  switch (schema.kind) {
    case Schema::Kind::kAnything:
      return "any JSON";
    case Schema::Kind::kText:
      return "text" + (schema.least ? "," + Limits(schema, " characters") : "");
    case Schema::Kind::kWord: {
      std::string words;
      for (const std::string& word : schema.words)
        words += (words.empty() ? "`" : ", `") + word + "`";
      return "one of " + words;
    }
    case Schema::Kind::kFlag:
      return "true or false";
    case Schema::Kind::kInteger:
      return "whole number" + Limits(schema, "");
    case Schema::Kind::kNumber:
      return "number" + Limits(schema, "");
    case Schema::Kind::kTime:
      return "time";
    case Schema::Kind::kList:
      return "list of " + TypeText(schema.items.front());
    case Schema::Kind::kObject:
      return "object";
  }
  return "";
}

std::string FieldLines(std::string_view title, const std::vector<Field>& fields) {
  if (fields.empty()) return "";
  std::string text = format("\n{}:\n\n", title);
  for (const Field& field : fields) {
    text += format("- `{}`: {}{}{}", field.name, TypeText(field.schema),
                   field.schema.nullable ? ", or null" : "",
                   field.presence == kRequired ? "; required" : "");
    text += field.schema.description.empty() ? "\n" : format(" ({})\n", field.schema.description);
  }
  return text;
}

json::value Example(const Field& field) {
  static const std::map<std::string, json::value, std::less<>> kExamples{
      {"name", "anna"},
      {"password", "a long password"},
      {"token", "TOKEN"},
      {"url", "rtsp://user:password@192.0.2.10/stream"},
      {"refresh_token", "TOKEN"}};
  if (const auto known = kExamples.find(field.name); known != kExamples.end()) return known->second;
  switch (field.schema.kind) {
    case Schema::Kind::kWord:
      return json::value(field.schema.words.front());
    case Schema::Kind::kFlag:
      return true;
    case Schema::Kind::kInteger:
    case Schema::Kind::kNumber:
      return static_cast<std::int64_t>(field.schema.least.value_or(1));
    case Schema::Kind::kTime:
      return "2026-11-22T21:28:47Z";
    case Schema::Kind::kList:
      return json::array();
    case Schema::Kind::kObject:
      return json::object();
    default:
      return "text";
  }
}

// All required fields, or the first where none is.
json::object ExampleBody(const Schema& schema) {
  json::object body;
  for (const Field& field : schema.fields) {
    if (field.presence == kRequired) body[field.name] = Example(field);
  }
  if (body.empty() && !schema.fields.empty()) {
    body[schema.fields.front().name] = Example(schema.fields.front());
  }
  return body;
}

std::string CurlLine(const Route& route) {
  std::string path = route.pattern;
  for (const std::string& name : PathParameters(route)) {
    std::string upper = name;
    for (char& letter : upper) letter = static_cast<char>(std::toupper(letter));
    const auto word = std::ranges::find(route.description.path, name, &Field::name);
    const bool is_word = word != route.description.path.end() && !word->schema.words.empty();
    path.replace(path.find("{" + name + "}"), name.size() + 2,
                 is_word ? word->schema.words.front() : upper);
  }
  std::string line = format("curl \"$VIGIL{}\"", path);
  const bool implied =
      route.method == Method::kGet ||
      (route.method == Method::kPost && route.description.body_kind != BodyKind::kNone);
  if (!implied) line += format(" -X {}", MethodName(route.method));
  if (route.role != Role::kPublic) line += " -H \"Authorization: Bearer $TOKEN\"";
  if (route.description.body_kind == BodyKind::kPhoto) line += " -F file=@photo.jpg";
  if (route.description.body_kind == BodyKind::kJson) {
    line += format(" -H 'Content-Type: application/json' \\\n    -d '{}'",
                   json::serialize(ExampleBody(route.description.body)));
  }
  if (!route.description.replies.front().schema &&
      route.description.replies.front().status == 200) {
    line += " -o picture";
  }
  return line;
}

std::string ReplyText(const Reply& reply) {
  if (reply.media_types.empty()) return format("{}", reply.status);
  std::string what;
  for (const std::string& type : reply.media_types) what += (what.empty() ? "" : ", ") + type;
  if (reply.schema && !reply.schema->name.empty()) what = "`" + reply.schema->name + "`";
  return format("{} {}", reply.status, what);
}

std::string RouteText(const Route& route) {
  const Description& described = route.description;
  std::string text =
      format("\n### {} {}\n\n{} Role: {}.", MethodName(route.method),
             route.pattern.substr(kBase.size()), described.summary, RoleWord(route.role));
  if (!described.notes.empty()) text += " " + described.notes;
  text += "\n" + FieldLines("Query", described.query);
  if (described.body_kind == BodyKind::kJson) text += FieldLines("Body", described.body.fields);
  if (described.body_kind == BodyKind::kPhoto) {
    text += "\nForm: `file`, the photo (or the image as the whole body).\n" +
            FieldLines("Other fields of the form", described.body.fields);
  }
  text += format("\n```\n{}\n```\n\nAnswers ", CurlLine(route));
  for (const Reply& reply : described.replies) {
    text += (&reply == &described.replies.front() ? "" : ", ") + ReplyText(reply);
  }
  for (const int status : described.errors) text += format(", {}", status);
  return text + ".\n";
}

std::string Document(const std::vector<Route>& routes) {
  const json::object specification = OpenApiOf(routes);
  std::string text(kHead);
  for (const json::value& tag : specification.at("tags").get_array()) {
    const std::string name(tag.at("name").get_string());
    text += format("\n## {}\n\n{}\n", name, std::string(tag.at("description").get_string()));
    for (const Route& route : routes) {
      if (route.pattern.starts_with(kBase) && route.description.tag == name)
        text += RouteText(route);
    }
  }
  return text;
}

class ApiDocument : public ApiTest {};

TEST_F(ApiDocument, IsCurrent) {
  const std::filesystem::path file = std::filesystem::path(VIGIL_SOURCE_DIR) / "docs/api.md";
  const std::string wanted = Document(api_->Application().Routes());
  if (std::getenv("VIGIL_UPDATE_DOCS") != nullptr) std::ofstream(file) << wanted;
  std::ifstream stream(file);
  const std::string found{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_TRUE(found == wanted)
      << "docs/api.md is not current: VIGIL_UPDATE_DOCS=1 build/release/bin/vigil_api_test "
         "--gtest_filter='ApiDocument.*'";
}

}  // namespace
}  // namespace vigil::api
