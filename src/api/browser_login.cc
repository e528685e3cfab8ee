// Cookies, and who may use them.
#include "api/browser_login.h"

#include <algorithm>

#include "base/format.h"
#include "base/trimmed.h"

namespace vigil::api {
namespace {

constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Strict";

bool Changes(Method method) { return method != Method::kGet && method != Method::kHead; }

// "https://vigil.example:8443" against the Host header "vigil.example:8443" and, where a trusted
// proxy told it, the scheme. Without one it is unknown: a proxy that is not trusted may have taken
// TLS away.
bool IsOwnOrigin(const HttpRequest& request) {
  const std::string_view origin = request.Header("origin");
  const std::string_view host = request.Header("host");
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == origin.npos || host.empty()) return false;
  if (!request.scheme.empty() && origin.substr(0, scheme_end) != request.scheme) return false;
  return origin.substr(scheme_end + 3) == host;
}

}  // namespace

std::string_view CookieOf(const HttpRequest& request, std::string_view name) {
  std::string_view rest = request.Header("cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view cookie = Trimmed(rest.substr(0, end), " ");
    const std::size_t equals = cookie.find('=');
    if (equals != cookie.npos && cookie.substr(0, equals) == name) {
      return cookie.substr(equals + 1);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

void SetLoginCookies(HttpResponse& response, std::string_view access_token,
                     std::string_view refresh_token) {
  response.headers.emplace_back("Set-Cookie",
                                format("{}={}{}", kAccessCookie, access_token, kAttributes));
  response.headers.emplace_back("Set-Cookie",
                                format("{}={}{}", kRefreshCookie, refresh_token, kAttributes));
}

bool HasLoginCookie(const HttpRequest& request) {
  return !CookieOf(request, kAccessCookie).empty() || !CookieOf(request, kRefreshCookie).empty();
}

void ClearLoginCookies(NamedValues& headers) {
  for (const std::string_view name : {kAccessCookie, kRefreshCookie}) {
    headers.emplace_back("Set-Cookie", format("{}={}; Max-Age=0", name, kAttributes));
  }
}

std::optional<Problem> RefuseForeignPage(const HttpRequest& request) {
  const std::string_view site = request.Header("sec-fetch-site");
  const bool own_page = site.empty() ? IsOwnOrigin(request) : site == "same-origin";
  if (!own_page) {
    return Problem(403, "foreign_page",
                   "with a browser's login only Vigil's own pages may do this; programs send "
                   "Authorization: Bearer TOKEN");
  }
  if (request.Header("x-vigil-csrf") != "1") {
    return Problem(
        403, "csrf_header_missing",
        "with a browser's login a request that changes something carries X-Vigil-Csrf: 1");
  }
  return std::nullopt;
}

std::optional<Problem> RefuseForeignSocket(const HttpRequest& request) {
  const std::string_view origin = request.Header("origin");
  const std::string_view site = request.Header("sec-fetch-site");
  const bool own_page =
      !origin.empty() && (site.empty() ? IsOwnOrigin(request) : site == "same-origin");
  const bool program = origin.empty() && CookieOf(request, kAccessCookie).empty();
  if (own_page || program) return std::nullopt;
  return Problem(403, "foreign_page",
                 "only Vigil's own pages may open this with a browser; programs send "
                 "Authorization: Bearer TOKEN and no Origin");
}

std::optional<Problem> RefuseUnsafeLogin(const HttpRequest& request) {
  for (const char* name : {"access_token", "refresh_token", "token"}) {
    if (request.Query(name)) {
      return Problem(400, "token_in_address",
                     "a token does not belong in the address, where logs keep it; send it as "
                     "Authorization: Bearer TOKEN");
    }
  }
  const bool bearer = !request.Header("authorization").empty();
  const bool cookie = HasLoginCookie(request);
  if (bearer && cookie) {
    return Problem(400, "two_logins", "send either Authorization or the cookie, not both");
  }
  if (cookie && Changes(request.method)) return RefuseForeignPage(request);
  return std::nullopt;
}

}  // namespace vigil::api
