// Wiping and masking of secrets.
#include "base/secret.h"

#include <sodium.h>

#include <string>

namespace vigil {

Secret::~Secret() { sodium_memzero(value_.data(), value_.size()); }

std::string MaskUrl(std::string_view url) {
  std::string masked;
  std::string_view rest = url;
  if (const auto scheme = rest.find("://"); scheme != rest.npos) {
    masked = rest.substr(0, scheme + 3);
    rest.remove_prefix(scheme + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    if (const auto at = authority.rfind('@'); at != authority.npos) {
      masked += "***";
      rest.remove_prefix(at);
    }
  }
  const auto query = rest.find('?');
  masked += rest.substr(0, query);
  if (query != rest.npos) masked += "?***";
  return masked;
}

}  // namespace vigil
