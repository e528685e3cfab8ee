// Checks of bodies and queries that people and programs send.
#include "api/body_fields.h"

#include <algorithm>
#include <charconv>

#include "base/format.h"
#include "base/time_text.h"

namespace vigil::api {
namespace {

std::size_t CharacterCount(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || value == 0x7F;
  });
}

}  // namespace

std::expected<BodyFields, Problem> BodyFields::Of(const HttpRequest& request) {
  const std::string_view type = request.Header("content-type");
  if (!type.starts_with("application/json")) {
    return Refuse(415, "unsupported_media_type", "send the body as Content-Type: application/json");
  }
  VIGIL_ASSIGN_OR_RETURN(json::value value, ParseJson(request.body));
  if (!value.is_object()) {
    return Refuse(400, "invalid_argument", "the body must be a JSON object");
  }
  return BodyFields(std::move(value.get_object()));
}

const json::value* BodyFields::Take(std::string_view field) {
  known_.emplace(field);
  return object_.if_contains(field);
}

bool BodyFields::Refused(std::string_view field) const {
  return std::ranges::any_of(errors_,
                             [&](const FieldError& error) { return error.field == field; });
}

void BodyFields::Wrong(std::string_view field, std::string message) {
  errors_.push_back({std::string(field), std::move(message)});
}

void BodyFields::Text(std::string_view field, std::string& target, std::size_t length_min,
                      std::size_t length_max) {
  const json::value* value = Take(field);
  if (value == nullptr) return;
  if (!value->is_string()) return Wrong(field, "must be a text");
  const std::string_view text = value->get_string();
  const std::size_t length = CharacterCount(text);
  if (length < length_min || length > length_max) {
    return Wrong(field,
                 format("must have {} to {} characters, has {}", length_min, length_max, length));
  }
  if (HasControlCharacter(text)) return Wrong(field, "holds control characters");
  target = text;
}

void BodyFields::Flag(std::string_view field, bool& target) {
  const json::value* value = Take(field);
  if (value == nullptr) return;
  if (!value->is_bool()) return Wrong(field, "must be true or false");
  target = value->get_bool();
}

void BodyFields::Integer(std::string_view field, std::optional<int>& target, int least,
                         int greatest) {
  const json::value* value = Take(field);
  if (value == nullptr) return;
  if (value->is_null()) {
    target.reset();
    return;
  }
  json::error_code inexact;
  const auto number = value->to_number<std::int64_t>(inexact);
  if (inexact || number < least || number > greatest) {
    return Wrong(field, format("must be a whole number from {} to {}", least, greatest));
  }
  target = static_cast<int>(number);
}

void BodyFields::Time(std::string_view field, std::optional<WallTime>& target) {
  const json::value* value = Take(field);
  if (value == nullptr) return;
  if (value->is_null()) {
    target.reset();
    return;
  }
  const Result<WallTime> time = value->is_string()
                                    ? ParseTime(std::string_view(value->get_string()))
                                    : Fail(ErrorCode::kInvalidArgument, "no text");
  if (!time) return Wrong(field, "must be a time like 2026-11-22T21:28:47Z (RFC 3339)");
  target = *time;
}

bool BodyFields::Null(std::string_view field) {
  const json::value* value = Take(field);
  return value != nullptr && value->is_null();
}

void BodyFields::Require(std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) {
    if (!Present(field)) Wrong(field, "is required");
  }
}

std::optional<Problem> BodyFields::Finish() {
  for (const auto& entry : object_) {
    if (!known_.contains(std::string_view(entry.key()))) Wrong(entry.key(), "is not a known field");
  }
  if (errors_.empty()) return std::nullopt;
  return InvalidFields(std::move(errors_));
}

std::expected<Page, Problem> PageOf(const HttpRequest& request) {
  Page page;
  page.after = request.Query("after").value_or("");
  if (const auto text = request.Query("limit")) {
    const auto [end, failure] =
        std::from_chars(text->data(), text->data() + text->size(), page.limit);
    if (failure != std::errc{} || end != text->data() + text->size() || page.limit < 1 ||
        page.limit > 200) {
      return std::unexpected(InvalidFields({{"limit", "must be a whole number from 1 to 200"}}));
    }
  }
  return page;
}

HttpResponse JsonResponse(const json::value& value, int status) {
  return BodyResponse(status, "application/json", json::serialize(value));
}

HttpResponse ListResponse(json::array items, const std::string& next) {
  json::object list{{"items", std::move(items)}, {"next", nullptr}};
  if (!next.empty()) list["next"] = next;
  return JsonResponse(list);
}

}  // namespace vigil::api
