// JSON from outside bytes, with bounded depth.
#include "base/json.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/format.h"

namespace vigil {

Result<json::value> ParseJson(std::string_view text) {
  json::stream_parser parser;
  boost::system::error_code failure;
  const std::size_t read = parser.write_some(text.data(), text.size(), failure);
  if (!failure && read == text.size()) parser.finish(failure);
  if (failure || read != text.size() || !parser.done()) {
    return Fail(ErrorCode::kInvalidArgument,
                format("not valid JSON near byte {}: {}", read,
                       failure ? failure.message() : "text after the end"));
  }
  return parser.release();
}

namespace {

void Append(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    out += '{';
    for (bool first = true; const auto& [key, member] : *object) {
      if (!std::exchange(first, false)) out += ',';
      out += json::serialize(json::string(key));
      out += ':';
      Append(member, out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (bool first = true; const auto& element : *array) {
      if (!std::exchange(first, false)) out += ',';
      Append(element, out);
    }
    out += ']';
  } else if (const auto* number = value.if_double()) {
    out += std::isfinite(*number) ? format("{}", *number) : "null";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string WriteJson(const json::value& value) {
  std::string out;
  Append(value, out);
  return out;
}

double ShortDecimal(float value) {
  const std::string text = format("{}", value);
  double decimal = 0;
  std::from_chars(text.data(), text.data() + text.size(), decimal);
  return decimal;
}

}  // namespace vigil
