// Checks of bodies and queries that people and programs send.
#include "api/body_fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
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

std::expected<BodyFields, Problem> BodyFields::Of(const Call& call) {
  VIGIL_CHECK(call.route.description.body_kind == BodyKind::kJson,
              "a handler reads a body that its route does not describe");
  return Of(call.request, call.route.description.body);
}

std::expected<BodyFields, Problem> BodyFields::Of(const HttpRequest& request,
                                                  const Schema& schema) {
  if (MediaTypeOf(request.Header("content-type")) != "application/json") {
    return Refuse(415, "unsupported_media_type", "send the body as Content-Type: application/json");
  }
  VIGIL_ASSIGN_OR_RETURN(json::value value, ParseJson(request.body));
  if (!value.is_object()) {
    return Refuse(400, "invalid_argument", "the body must be a JSON object");
  }
  return BodyFields(std::move(value.get_object()), schema);
}

const Schema& BodyFields::SchemaOf(std::string_view field, Schema::Kind kind) const {
  const Field* known = schema_->FieldNamed(field);
  VIGIL_CHECK(known != nullptr && known->schema.kind == kind,
              "a handler reads a field that its route does not describe");
  return known->schema;
}

void BodyFields::Wrong(std::string_view field, std::string message) {
  errors_.push_back({std::string(field), std::move(message)});
}

void BodyFields::Text(std::string_view field, std::string& target) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kText);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (value->is_null() && schema.nullable) return target.clear();
  if (!value->is_string()) return Wrong(field, "must be a text");
  const std::string_view text = value->get_string();
  const auto length = static_cast<double>(CharacterCount(text));
  if (length < schema.least.value_or(0) || length > schema.greatest.value_or(length)) {
    return Wrong(field, format("must have {} to {} characters, has {}", schema.least.value_or(0),
                               schema.greatest.value_or(length), length));
  }
  if (HasControlCharacter(text)) return Wrong(field, "holds control characters");
  target = text;
}

std::optional<std::string> BodyFields::TakeWord(std::string_view field) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kWord);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr || (value->is_null() && schema.nullable)) return std::nullopt;
  if (value->is_string()) {
    std::string word(value->get_string());
    if (std::ranges::find(schema.words, word) != schema.words.end()) return word;
  }
  std::string choices;
  for (const std::string& word : schema.words) choices += (choices.empty() ? "" : ", ") + word;
  Wrong(field, "must be one of " + choices);
  return std::nullopt;
}

const json::object* BodyFields::Object(std::string_view field) {
  const json::value* value = Find(field);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) Wrong(field, "must be an object");
  return value->if_object();
}

void BodyFields::Flag(std::string_view field, bool& target) {
  SchemaOf(field, Schema::Kind::kFlag);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (!value->is_bool()) return Wrong(field, "must be true or false");
  target = value->get_bool();
}

void BodyFields::Integer(std::string_view field, std::optional<int>& target) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kInteger);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (value->is_null() && schema.nullable) {
    target.reset();
    return;
  }
  json::error_code inexact;
  const auto number = value->to_number<std::int64_t>(inexact);
  const auto least = static_cast<int>(schema.least.value_or(std::numeric_limits<int>::min()));
  const auto greatest = static_cast<int>(schema.greatest.value_or(std::numeric_limits<int>::max()));
  if (inexact || number < least || number > greatest) {
    return Wrong(field, format("must be a whole number from {} to {}", least, greatest));
  }
  target = static_cast<int>(number);
}

void BodyFields::Number(std::string_view field, std::optional<double>& target) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kNumber);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (value->is_null() && schema.nullable) {
    target.reset();
    return;
  }
  const double number = value->is_number() ? value->to_number<double>() : std::nan("");
  const double least = schema.least.value_or(std::numeric_limits<double>::lowest());
  const double greatest = schema.greatest.value_or(std::numeric_limits<double>::max());
  if (!(number >= least && number <= greatest)) {
    return Wrong(field, format("must be a number from {} to {}", least, greatest));
  }
  target = number;
}

void BodyFields::Texts(std::string_view field, std::vector<std::string>& target) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kList);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (!value->is_array()) return Wrong(field, "must be a list of texts");
  std::vector<std::string> texts;
  for (const json::value& item : value->get_array()) {
    const json::string* text = item.if_string();
    const Schema& shape = schema.items.front();
    if (text == nullptr || HasControlCharacter(*text) ||
        static_cast<double>(CharacterCount(*text)) < shape.least.value_or(0) ||
        static_cast<double>(CharacterCount(*text)) > shape.greatest.value_or(1e9)) {
      return Wrong(field, format("entry {} is no text of {} to {} characters", texts.size() + 1,
                                 shape.least.value_or(0), shape.greatest.value_or(1e9)));
    }
    if (std::ranges::find(texts, std::string_view(*text)) != texts.end()) {
      return Wrong(field, format("'{}' is given twice", std::string_view(*text)));
    }
    texts.emplace_back(std::string_view(*text));
  }
  if (static_cast<double>(texts.size()) < schema.least.value_or(0)) {
    return Wrong(field, format("must have at least {} entries", *schema.least));
  }
  if (static_cast<double>(texts.size()) > schema.greatest.value_or(1e9)) {
    return Wrong(field, format("must have at most {} entries", *schema.greatest));
  }
  target = std::move(texts);
}

void BodyFields::Time(std::string_view field, std::optional<WallTime>& target) {
  const Schema& schema = SchemaOf(field, Schema::Kind::kTime);
  const json::value* value = object_.if_contains(field);
  if (value == nullptr) return;
  if (value->is_null() && schema.nullable) {
    target.reset();
    return;
  }
  const Result<WallTime> time = value->is_string()
                                    ? ParseTime(std::string_view(value->get_string()))
                                    : Fail(ErrorCode::kInvalidArgument, "no text");
  if (!time) return Wrong(field, "must be a time like 2026-11-22T21:28:47Z (RFC 3339)");
  target = *time;
}

bool BodyFields::Null(std::string_view field) const {
  const json::value* value = object_.if_contains(field);
  return value != nullptr && value->is_null();
}

std::optional<Problem> BodyFields::Finish() {
  for (const Field& field : schema_->fields) {
    if (field.presence == kRequired && !Present(field.name)) Wrong(field.name, "is required");
  }
  for (const auto& entry : object_) {
    if (schema_->FieldNamed(entry.key()) == nullptr) Wrong(entry.key(), "is not a known field");
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
