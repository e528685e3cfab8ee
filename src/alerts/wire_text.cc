// See wire_text.h.
#include "alerts/wire_text.h"

#include "base/json.h"

namespace vigil::alerts {

std::string PercentEncoded(std::string_view text, std::string_view digits) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return encoded;
}

std::string InsideJsonText(std::string_view text) {
  const std::string quoted = json::serialize(json::value(text));
  return quoted.substr(1, quoted.size() - 2);
}

std::string_view UrlOrigin(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  return scheme_end == url.npos ? url : url.substr(0, url.find_first_of("/?#", scheme_end + 3));
}

}  // namespace vigil::alerts
