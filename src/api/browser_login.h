// Logins of browsers: cookies that no script can read, and the rules against requests that another
// page makes a browser send.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/problem.h"

namespace vigil::api {

// The access token and the refresh token of a browser. __Host- makes the browser refuse a cookie of
// that name that is not Secure, or that another host or path sets. Chromium keeps them on
// http://127.0.0.1 too; elsewhere they need https.
inline constexpr std::string_view kAccessCookie = "__Host-vigil";
inline constexpr std::string_view kRefreshCookie = "__Host-vigil-refresh";

// The cookie of that name, or an empty text.
std::string_view CookieOf(const HttpRequest& request, std::string_view name);

// Set-Cookie headers that begin, renew or end a login. Without a lifetime of their own: they end
// with the browser, or with the tokens in them.
void SetLoginCookies(HttpResponse& response, std::string_view access_token,
                     std::string_view refresh_token);
void ClearLoginCookies(NamedValues& headers);
// Whether the request carries either cookie.
bool HasLoginCookie(const HttpRequest& request);

// 403 unless our own page sent this request: by Sec-Fetch-Site, or, where the browser does not tell
// (plain http), by Origin; and with the header X-Vigil-Csrf, which no form can carry.
// SameSite=Strict alone does not stop another port of the same host.
std::optional<Problem> RefuseForeignPage(const HttpRequest& request);

// 403 unless our own page opens this WebSocket, or a program, which sends neither Origin nor
// cookie: browsers let every page open one anywhere, with the cookies of that place.
std::optional<Problem> RefuseForeignSocket(const HttpRequest& request);

// The checks of every request that came over the network: 400 for a token in the address (it would
// be logged) and for two logins at once, 403 for a change that a foreign page asks with our cookie.
// Requests with Authorization are exempt from the last: no page of another site can add it.
std::optional<Problem> RefuseUnsafeLogin(const HttpRequest& request);

}  // namespace vigil::api
