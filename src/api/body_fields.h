// Strict reading of JSON bodies: every wrong field is named, unknown fields are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/json.h"

namespace vigil::api {

// The fields of one JSON object, read by the schema that the route describes: the limits stand
// there and nowhere else. Each reader writes its target only when the field is present and right,
// and notes what is wrong otherwise; Finish tells all that was wrong, required fields that are
// absent and fields that the schema does not know among it. A field that the schema does not name,
// or names as another kind, is a fault of the program. Used by one thread.
class BodyFields {
 public:
  // 415 for another media type, 400 for anything but a JSON object.
  static std::expected<BodyFields, Problem> Of(const Call& call);
  // `schema` is an object and must outlive the fields.
  static std::expected<BodyFields, Problem> Of(const HttpRequest& request, const Schema& schema);

  // Lengths count characters (Unicode code points), not bytes. Control characters other than new
  // lines and tabs are refused.
  // Null, where the schema permits it, empties the target.
  void Text(std::string_view field, std::string& target);
  void Flag(std::string_view field, bool& target);
  // The object itself, for those who read it; nothing when absent or wrong.
  const json::object* Object(std::string_view field);
  // These take null for "none".
  void Integer(std::string_view field, std::optional<int>& target);
  void Number(std::string_view field, std::optional<double>& target);
  void Time(std::string_view field, std::optional<WallTime>& target);
  // A list of texts, each once.
  void Texts(std::string_view field, std::vector<std::string>& target);

  // One word of the schema's; `parse` knows every one of them.
  template <class T, class Parse>
  void Word(std::string_view field, T& target, Parse parse) {
    if (const std::optional<std::string> word = TakeWord(field)) target = parse(*word).value();
  }

  bool Present(std::string_view field) const { return object_.contains(field); }
  // For a field with a reader of its own; null when it is absent.
  const json::value* Find(std::string_view field) const { return object_.if_contains(field); }
  // True when the field is there and null.
  bool Null(std::string_view field) const;
  void Wrong(std::string_view field, std::string message);
  // A 400 that names every wrong, absent and unknown field; nothing when all is well.
  std::optional<Problem> Finish();

 private:
  BodyFields(json::object object, const Schema& schema)
      : object_(std::move(object)), schema_(&schema) {}
  const Schema& SchemaOf(std::string_view field, Schema::Kind kind) const;
  std::optional<std::string> TakeWord(std::string_view field);

  json::object object_;
  const Schema* schema_;
  std::vector<FieldError> errors_;
};

// `limit` (1..200, default 50) and `after` of a list's query.
struct Page {
  int limit = 50;
  std::string after;
};
std::expected<Page, Problem> PageOf(const HttpRequest& request);

// A 200 (or `status`) with a JSON body.
HttpResponse JsonResponse(const json::value& value, int status = 200);

// {"items": [...], "next": "..."}; `next` is null at the end.
HttpResponse ListResponse(json::array items, const std::string& next);

inline HttpResponse NoContent() {
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace vigil::api
