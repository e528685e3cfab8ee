// Forms with files (multipart/form-data, RFC 7578): the way browsers upload photos.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vigil::api {

// One field of a form. `content` points into the parsed body.
struct FormPart {
  std::string name;
  std::string file_name;  // empty: no file
  std::string_view content;
};

// The `boundary` parameter of a Content-Type header; nothing when it is another type or the
// boundary is not 1..70 long.
std::optional<std::string> MultipartBoundary(std::string_view content_type);

// Splits a whole body, which must outlive the parts. kInvalidArgument for anything that is not well
// formed, for a part without a name, and for more than `parts_max` parts.
Result<std::vector<FormPart>> ParseMultipart(std::string_view body, std::string_view boundary,
                                             std::size_t parts_max = 16);

}  // namespace vigil::api
