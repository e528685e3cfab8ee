// One check per kind of value; handlers read what has passed.
#include "api/query_check.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/format.h"
#include "base/time_text.h"
#include "base/utf8.h"

namespace vigil::api {
namespace {

template <class Number>
std::optional<Number> NumberOf(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool Within(const Schema& schema, double value) {
  return value >= schema.least.value_or(value) && value <= schema.greatest.value_or(value);
}

std::string RangeText(const Schema& schema) {
  if (!schema.least || !schema.greatest) return "";
  return format(" from {} to {}", *schema.least, *schema.greatest);
}

std::string WordsText(const std::vector<std::string>& words) {
  return format("{}", fmt::join(words, ", "));
}

std::string FaultOfText(const Schema& schema, std::string_view value) {
  if (!IsUtf8(value)) return "is not valid UTF-8";
  const auto characters = static_cast<double>(std::ranges::count_if(
      value, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
  if (Within(schema, characters)) return "";
  return format("must have {:.0f} to {:.0f} characters", schema.least.value_or(0),
                schema.greatest.value_or(0));
}

// Empty when `value` is as described.
std::string FaultOf(const Schema& schema, std::string_view value) {
  switch (schema.kind) {
    case Schema::Kind::kText:
      return FaultOfText(schema, value);
    case Schema::Kind::kWord:
      if (std::ranges::find(schema.words, value) != schema.words.end()) return "";
      return "must be one of " + WordsText(schema.words);
    case Schema::Kind::kFlag:
      return value == "true" || value == "false" ? "" : "must be true or false";
    case Schema::Kind::kInteger: {
      const auto number = NumberOf<std::int64_t>(value);
      if (number && Within(schema, static_cast<double>(*number))) return "";
      return "must be a whole number" + RangeText(schema);
    }
    case Schema::Kind::kNumber: {
      const auto number = NumberOf<double>(value);
      if (number && Within(schema, *number)) return "";
      return "must be a number" + RangeText(schema);
    }
    case Schema::Kind::kTime:
      if (ParseTime(value)) return "";
      return "must be a time like 2026-11-22T21:28:47Z (RFC 3339)";
    default:
      return "";
  }
}

}  // namespace

std::optional<Problem> RefuseWrongQuery(const Route& route, const HttpRequest& request) {
  std::vector<FieldError> errors;
  for (const Field& field : route.description.query) {
    for (const auto& [name, value] : request.query) {
      if (name != field.name) continue;
      std::string fault = FaultOf(field.schema, value);
      if (!fault.empty()) errors.push_back({name, std::move(fault)});
    }
  }
  if (errors.empty()) return std::nullopt;
  return InvalidFields(std::move(errors));
}

}  // namespace vigil::api
