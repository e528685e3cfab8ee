// A strict parser of whole, already limited bodies.
#include "api/multipart.h"

#include <algorithm>
#include <cctype>

#include "base/utf8.h"

namespace vigil::api {
namespace {

constexpr std::size_t kPartHeaderBytesMax = 4096;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// `; name="value"` or `; name=value` in a header's value; names are compared without case.
std::optional<std::string> Parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != header.npos; at = header.find(';', at)) {
    at = header.find_first_not_of(" \t", at + 1);
    if (at == header.npos) break;
    const std::size_t equals = header.find_first_of("=;", at);
    if (equals == header.npos) break;
    if (header[equals] == ';') {
      at = equals;
      continue;
    }
    const bool wanted = Lower(header.substr(at, equals - at)) == name;
    at = equals + 1;
    std::string value;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size()) ++at;
        value += header[at];
      }
      if (at == header.size()) return std::nullopt;
    } else {
      const std::size_t end = std::min(header.find_first_of("; \t", at), header.size());
      value = header.substr(at, end - at);
      at = end;
    }
    if (wanted) return value;
  }
  return std::nullopt;
}

std::string_view HeaderLine(std::string_view headers, std::string_view name) {
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, end);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        Lower(line.substr(0, name.size())) == name) {
      return line.substr(name.size() + 1);
    }
    headers.remove_prefix(std::min(end + 2, headers.size()));
  }
  return {};
}

}  // namespace

std::optional<std::string> MultipartBoundary(std::string_view content_type) {
  constexpr std::string_view kType = "multipart/form-data";
  if (Lower(content_type.substr(0, kType.size())) != kType) return std::nullopt;
  std::optional<std::string> boundary = Parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return std::nullopt;
  return boundary;
}

Result<std::vector<FormPart>> ParseMultipart(std::string_view body, std::string_view boundary,
                                             std::size_t parts_max) {
  const auto malformed = [](std::string_view why) {
    return Fail(ErrorCode::kInvalidArgument, "the form is malformed: " + std::string(why));
  };
  if (boundary.empty() || boundary.size() > 70) return malformed("its boundary is not 1..70 long");
  const std::string delimiter = "--" + std::string(boundary);
  if (!body.starts_with(delimiter)) return malformed("it does not begin with its boundary");
  std::vector<FormPart> parts;
  for (body.remove_prefix(delimiter.size());;) {
    if (body.starts_with("--")) return parts;
    if (!body.starts_with("\r\n")) return malformed("a boundary is not followed by a new line");
    if (parts.size() == parts_max) return malformed("it has too many parts");
    body.remove_prefix(2);
    const std::size_t head = body.find("\r\n\r\n");
    if (head == body.npos || head > kPartHeaderBytesMax) return malformed("a part has no header");
    const std::size_t end = body.find("\r\n" + delimiter, head + 2);
    if (end == body.npos) return malformed("a part has no end");
    const std::string_view disposition = HeaderLine(body.substr(0, head), "content-disposition");
    const std::optional<std::string> name = Parameter(disposition, "name");
    if (!name) return malformed("a part has no name");
    const std::string filename = Parameter(disposition, "filename").value_or("");
    if (!IsUtf8(*name) || !IsUtf8(filename)) {
      return malformed("the name of a part or its file is not valid UTF-8");
    }
    parts.push_back({*name, filename,
                     end >= head + 4 ? body.substr(head + 4, end - head - 4) : std::string_view{}});
    body.remove_prefix(end + 2 + delimiter.size());
  }
}

}  // namespace vigil::api
