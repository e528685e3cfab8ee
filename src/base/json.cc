// JSON from outside bytes, with bounded depth.
#include "base/json.h"

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

}  // namespace vigil
