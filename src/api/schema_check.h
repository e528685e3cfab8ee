// For tests: does an answer have the shape that its route describes?
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/format.h"
#include "base/json.h"
#include "base/time_text.h"

namespace vigil::api {

inline void CheckShape(const Schema& schema, const json::value& value, const std::string& path,
                       std::vector<std::string>& wrong);

inline void CheckObject(const Schema& schema, const json::object& object, const std::string& path,
                        std::vector<std::string>& wrong) {
  for (const Field& field : schema.fields) {
    const json::value* value = object.if_contains(field.name);
    if (value != nullptr) CheckShape(field.schema, *value, path + "." + field.name, wrong);
    if (value == nullptr && field.presence == kRequired) {
      wrong.push_back(format("{}.{} is absent", path, field.name));
    }
  }
  for (const auto& entry : object) {
    if (schema.FieldNamed(entry.key()) == nullptr) {
      wrong.push_back(format("{}.{} is not described", path, std::string(entry.key())));
    }
  }
}

// Stricter than the specification: a field that is not described is wrong.
inline void CheckShape(const Schema& schema, const json::value& value, const std::string& path,
                       std::vector<std::string>& wrong) {
  const auto demand = [&](bool holds, std::string_view what) {
    if (!holds) wrong.push_back(format("{} is not {}: {}", path, what, WriteJson(value)));
    return holds;
  };
  const auto within = [&](double number) {
    return number >= schema.least.value_or(number) && number <= schema.greatest.value_or(number);
  };
  if (value.is_null() && schema.nullable) return;
  switch (schema.kind) {
    case Schema::Kind::kAnything:
      return;
    case Schema::Kind::kText:
      if (!demand(value.is_string(), "a text")) return;
      demand(within(static_cast<double>(value.get_string().size())), "a text of that length");
      return;
    case Schema::Kind::kWord:
      demand(value.is_string() &&
                 std::ranges::count(schema.words, std::string(value.get_string())) == 1,
             "one of the words");
      return;
    case Schema::Kind::kFlag:
      demand(value.is_bool(), "a flag");
      return;
    case Schema::Kind::kInteger:
      demand((value.is_int64() || value.is_uint64()) && within(value.to_number<double>()),
             "a whole number in range");
      return;
    case Schema::Kind::kNumber:
      demand(value.is_number() && within(value.to_number<double>()), "a number in range");
      return;
    case Schema::Kind::kTime:
      demand(value.is_string() && ParseTime(std::string_view(value.get_string())).has_value(),
             "a time");
      return;
    case Schema::Kind::kList:
      if (!demand(value.is_array(), "a list")) return;
      demand(within(static_cast<double>(value.get_array().size())), "a list of that length");
      for (const json::value& item : value.get_array()) {
        CheckShape(schema.items.front(), item, path + "[]", wrong);
      }
      return;
    case Schema::Kind::kObject:
      if (demand(value.is_object(), "an object")) {
        CheckObject(schema, value.get_object(), path, wrong);
      }
      return;
  }
}

inline void CheckBody(const Schema& schema, const std::string& body,
                      std::vector<std::string>& wrong) {
  if (const Result<json::value> value = ParseJson(body)) {
    CheckShape(schema, *value, "", wrong);
  } else {
    wrong.push_back("the body is no JSON: " + value.error().message);
  }
}

// What of `response` the route's description does not permit; empty when all is as described.
inline std::vector<std::string> UndescribedIn(const Route& route, const HttpResponse& response) {
  std::vector<std::string> wrong;
  std::string type;
  for (const auto& [name, value] : response.headers) {
    if (name == "Content-Type") type = MediaTypeOf(value);
  }
  const auto& replies = route.description.replies;
  const auto reply = std::ranges::find(replies, response.status, &Reply::status);
  if (reply == replies.end()) {
    if (std::ranges::count(RouteErrors(route), response.status) == 0) {
      wrong.push_back(format("the status {} is not described", response.status));
    }
    if (type != "application/problem+json") wrong.push_back("an error is no problem: " + type);
    CheckBody(ProblemSchema(), response.body, wrong);
    return wrong;
  }
  if (reply->media_types.empty()) {
    if (!response.body.empty()) wrong.emplace_back("a body where none is described");
    return wrong;
  }
  if (std::ranges::count(reply->media_types, type) == 0) {
    wrong.push_back("the media type is not described: " + type);
  }
  if (reply->schema) CheckBody(*reply->schema, response.body, wrong);
  return wrong;
}

}  // namespace vigil::api
