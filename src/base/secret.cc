// Wiping and masking of secrets.
#include "base/secret.h"

#include <sodium.h>

#include <string>

namespace vigil {

Secret::~Secret() { sodium_memzero(value_.data(), value_.size()); }

std::string MaskUrl(std::string_view url) {
  std::string masked;
  std::string_view rest = url;
  auto login_end = rest.npos;
  if (const auto scheme = rest.find("://"); scheme != rest.npos && scheme == rest.find(':')) {
    masked = rest.substr(0, scheme + 3);
    rest.remove_prefix(scheme + 3);
    login_end = rest.substr(0, rest.find_first_of("/?#")).rfind('@');
  }
  // A password with a raw '/', '?' or '#' ends the authority early; the last '@' ends it for sure.
  const auto at = rest.rfind('@');
  if (at != rest.npos && rest.substr(0, at).find(':') != rest.npos) login_end = at;
  if (login_end != rest.npos) {
    masked += "***";
    rest.remove_prefix(login_end);
  }
  const auto query = rest.find('?');
  masked += rest.substr(0, query);
  if (query != rest.npos) masked += "?***";
  return masked;
}

}  // namespace vigil
