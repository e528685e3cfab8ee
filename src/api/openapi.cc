// From the table of routes to the specification.
#include "api/openapi.h"

#include <algorithm>
#include <array>
#include <set>

#include "api/resources.h"
#include "base/check.h"
#include "base/format.h"

namespace vigil::api {
namespace {

constexpr double kQueryTextMax = 2'000;  // characters

constexpr std::string_view kBase = "/api/v1";

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kGroups{
    {{"auth", "Logins: bearer tokens for programs, a cookie for browsers."},
     {"users", "Accounts, for administrators."},
     {"criminals", "The enrolled people and their photos."},
     {"watchlists", "Lists of people with rules of their own."},
     {"cameras", "What is watched, and its pictures as they are now."},
     {"camera-groups", "Cameras that belong together."},
     {"incidents", "Who was seen where, and why the system thinks so."},
     {"channels", "Where alerts go."},
     {"alerts", "What was sent, and what the receivers said."},
     {"audit", "Who did what, and the proof that nobody changed the record of it."},
     {"system", "The state of the whole, and this specification."}}};

json::object Reference(std::string_view kind, std::string_view name) {
  return {{"$ref", format("#/components/{}/{}", kind, name)}};
}

// "NotFound" for 404: the name of the component that all routes share.
std::string ErrorName(int status) {
  std::string name;
  for (const char letter : StatusTitle(status)) {
    if (letter != ' ') name += letter;
  }
  return name;
}

json::value MethodWord(Method method) {
  std::string word(MethodName(method));
  for (char& letter : word) letter = static_cast<char>(letter - 'A' + 'a');
  return json::value(word);
}

json::object ParameterJson(const Field& field, std::string_view place, json::object& components) {
  Schema schema = field.schema;
  std::string sentence = std::exchange(schema.description, "");
  json::object parameter{{"name", field.name},
                         {"in", place},
                         {"required", field.presence == kRequired},
                         {"schema", JsonSchemaOf(schema, components, true)}};
  if (!sentence.empty()) parameter["description"] = sentence;
  return parameter;
}

json::array ParametersJson(const Route& route, json::object& components) {
  json::array parameters;
  for (const std::string& name : PathParameters(route)) {
    const auto& described = route.description.path;
    const auto found = std::ranges::find(described, name, &Field::name);
    const Field field = found == described.end() ? Field(name, Id(), kRequired) : *found;
    parameters.push_back(ParameterJson(field, "path", components));
  }
  for (const Field& field : route.description.query) {
    parameters.push_back(ParameterJson(field, "query", components));
  }
  if (route.description.body_kind == BodyKind::kPhoto) {
    for (Field field : route.description.body.fields) {
      if (field.schema.kind == Schema::Kind::kText && field.schema.greatest > kQueryTextMax) {
        continue;  // the head of a request would be too long: a field of the form alone
      }
      field.presence = kOptional;
      if (!field.schema.description.empty()) field.schema.description += "; ";
      field.schema.description += "here when an image is the whole body, else a field of the form";
      parameters.push_back(ParameterJson(field, "query", components));
    }
  }
  for (const Field& field : route.description.headers) {
    parameters.push_back(ParameterJson(field, "header", components));
  }
  return parameters;
}

json::object PhotoContent(const Schema& fields, json::object& components) {
  std::vector<Field> form{{"file", Described(Text(), "the photo's bytes"), kRequired}};
  for (const Field& field : fields.fields) form.push_back(field);
  json::object object = JsonSchemaOf(Object("", std::move(form)), components, true).get_object();
  object["properties"].at("file") = {{"type", "string"},
                                     {"contentMediaType", "application/octet-stream"},
                                     {"description", "JPEG, PNG or WebP"}};
  json::object content{{"multipart/form-data", {{"schema", std::move(object)}}}};
  for (const char* type : {"image/jpeg", "image/png", "image/webp", "application/octet-stream"}) {
    content[type] = json::object{{"schema", json::object{}}};
  }
  return content;
}

json::object BodyJson(const Route& route, json::object& components) {
  const Description& description = route.description;
  json::object body{{"required", true},
                    {"description", format("At most {} bytes.", route.body_bytes_max)}};
  if (description.body_kind == BodyKind::kPhoto) {
    body["content"] = PhotoContent(description.body, components);
  } else {
    body["content"] = {
        {"application/json", {{"schema", JsonSchemaOf(description.body, components, true)}}}};
  }
  return body;
}

json::object ReplyJson(const Reply& reply, json::object& components) {
  json::object object{{"description", StatusTitle(reply.status)}};
  json::object content;
  for (const std::string& type : reply.media_types) {
    content[type] =
        json::object{{"schema", reply.schema ? JsonSchemaOf(*reply.schema, components, false)
                                             : json::value(json::object())}};
  }
  if (!content.empty()) object["content"] = std::move(content);
  return object;
}

json::object ResponsesJson(const Route& route, json::object& components) {
  json::object responses;
  for (const Reply& reply : route.description.replies) {
    responses[std::to_string(reply.status)] = ReplyJson(reply, components);
  }
  for (const int status : RouteErrors(route)) {
    responses[std::to_string(status)] = Reference("responses", ErrorName(status));
  }
  return responses;
}

std::string DescriptionText(const Route& route) {
  std::string text = route.description.notes;
  if (!text.empty()) text += "\n\n";
  return text + format("Role: {}.", RoleWord(route.role));
}

json::object OperationJson(const Route& route, json::object& components) {
  const Description& description = route.description;
  json::object operation{{"operationId", description.operation_id},
                         {"tags", json::array{description.tag}},
                         {"summary", description.summary},
                         {"description", DescriptionText(route)},
                         {"x-vigil-role", RoleWord(route.role)}};
  if (route.role == Role::kPublic) {
    operation["security"] = json::array();
  } else {
    operation["security"] = json::array{{{"bearer", json::array()}}, {{"cookie", json::array()}}};
  }
  json::array parameters = ParametersJson(route, components);
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (description.body_kind != BodyKind::kNone) {
    operation["requestBody"] = BodyJson(route, components);
  }
  operation["responses"] = ResponsesJson(route, components);
  return operation;
}

json::object ErrorResponses(const std::set<int>& statuses, json::object& components) {
  json::object responses;
  const json::value problem = JsonSchemaOf(ProblemSchema(), components, false);
  for (const int status : statuses) {
    json::object response{{"description", StatusTitle(status)},
                          {"content", {{"application/problem+json", {{"schema", problem}}}}}};
    if (status == 429 || status == 503) {
      response["headers"] = {{"Retry-After",
                              {{"description", "seconds to wait"},
                               {"schema", {{"type", "integer"}, {"minimum", 0}}}}}};
    }
    responses[ErrorName(status)] = std::move(response);
  }
  return responses;
}

json::object SecuritySchemes() {
  return {{"bearer",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"bearerFormat", "JWT"},
            {"description", "The access token of POST /auth/login, for programs."}}},
          {"cookie",
           {{"type", "apiKey"},
            {"in", "cookie"},
            {"name", "__Host-vigil"},
            {"description",
             "The cookie of a browser's login. Requests that change anything come from our own "
             "origin and carry X-Vigil-Csrf: 1."}}}};
}

json::array TagsJson() {
  json::array tags;
  for (const auto& [name, sentence] : kGroups) {
    tags.push_back({{"name", name}, {"description", sentence}});
  }
  return tags;
}

void CheckNames(const Description& description, std::set<std::string>& ids) {
  VIGIL_CHECK(ids.insert(description.operation_id).second, "two routes have one operation id");
  VIGIL_CHECK(std::ranges::any_of(
                  kGroups, [&](const auto& group) { return group.first == description.tag; }),
              "a route's group is not one of kGroups");
}

}  // namespace

std::string_view RoleWord(Role role) {
  switch (role) {
    case Role::kPublic:
      return "public";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
  }
  return "admin";
}

json::object OpenApiOf(std::span<const Route> routes) {
  json::object paths;
  json::object schemas;
  std::set<int> errors;
  std::set<std::string> ids;
  for (const Route& route : routes) {
    if (!route.pattern.starts_with(kBase)) continue;
    CheckNames(route.description, ids);
    const std::string path = route.pattern.substr(kBase.size());
    if (!paths.contains(path)) paths[path] = json::object();
    paths[path].get_object()[MethodWord(route.method).get_string()] = OperationJson(route, schemas);
    for (const int status : RouteErrors(route)) errors.insert(status);
  }
  json::object responses = ErrorResponses(errors, schemas);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Vigil"},
            {"version", "1"},
            {"summary", "Recognises enrolled people on live cameras and alerts at once."},
            {"description",
             "JSON in UTF-8; times are RFC 3339 in UTC; ids are opaque texts; errors are RFC 9457 "
             "problems."},
            {"license", {{"name", "Apache 2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", json::array{{{"url", std::string(kBase)}}}},
          {"tags", TagsJson()},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", std::move(schemas)},
            {"responses", std::move(responses)},
            {"securitySchemes", SecuritySchemes()}}}};
}

std::vector<Route> SpecificationRoutes(const std::shared_ptr<const std::string>& specification) {
  return {
      {Method::kGet, "/api/v1/openapi.json", Role::kPublic, Lane::kQuick, kNoBody,
       Description("getSpecification", "system", "This specification (OpenAPI 3.1).",
                   Gives(Described(Anything(), "an OpenAPI document"))),
       [specification](const Call&) -> Answer {
         return BodyResponse(200, "application/json", *specification);
       }},
  };
}

}  // namespace vigil::api
