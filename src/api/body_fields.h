// Strict reading of JSON bodies: every wrong field is named, unknown fields are refused.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "base/clock.h"
#include "base/json.h"

namespace vigil::api {

// The fields of one JSON object. Each reader writes its target only when the field is present and
// right, notes what is wrong otherwise, and marks the field as known; Finish tells all that was
// wrong. Used by one thread.
class BodyFields {
 public:
  // 415 for another media type, 400 for anything but a JSON object.
  static std::expected<BodyFields, Problem> Of(const HttpRequest& request);

  // Lengths count characters (Unicode code points), not bytes. Control characters other than new
  // lines and tabs are refused.
  void Text(std::string_view field, std::string& target, std::size_t length_min,
            std::size_t length_max);
  void Flag(std::string_view field, bool& target);
  // These take null for "none".
  void Integer(std::string_view field, std::optional<int>& target, int least, int greatest);
  void Time(std::string_view field, std::optional<WallTime>& target);

  // One word of a closed set; `parse` gives nothing for words outside it.
  template <class T, class Parse>
  void Word(std::string_view field, T& target, Parse parse, std::string_view choices) {
    std::string word;
    Text(field, word, 0, 100);
    if (!Present(field) || Refused(field)) return;
    if (const std::optional<T> value = parse(word)) {
      target = *value;
    } else {
      Wrong(field, "must be one of " + std::string(choices));
    }
  }

  bool Present(std::string_view field) const { return object_.contains(field); }
  // Marks the field as known; true when it is there and null.
  bool Null(std::string_view field);
  void Require(std::initializer_list<std::string_view> fields);
  void Wrong(std::string_view field, std::string message);
  // A 400 that names every wrong and every unknown field; nothing when all is well.
  std::optional<Problem> Finish();

 private:
  explicit BodyFields(json::object object) : object_(std::move(object)) {}
  const json::value* Take(std::string_view field);
  bool Refused(std::string_view field) const;

  json::object object_;
  std::set<std::string, std::less<>> known_;
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
