// How texts are written inside URLs and JSON, and which part of a URL names the receiver.
#pragma once

#include <string>
#include <string_view>

namespace vigil::alerts {

// All but the unreserved characters of RFC 3986, 2.3, as %XX. `digits`: sixteen of them.
std::string PercentEncoded(std::string_view text, std::string_view digits = "0123456789ABCDEF");

// As it stands between the quotes of a JSON text (RFC 8259, 7).
std::string InsideJsonText(std::string_view text);

// Scheme, login, host and port of a URL that may be a template: what comes before the path, the
// query and the fragment. The whole text when it has no scheme.
std::string_view UrlOrigin(std::string_view url);

}  // namespace vigil::alerts
