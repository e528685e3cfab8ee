// libcurl's connect-only transfers: everything up to the point where the message would go.
#include "alerts/reach.h"

#include <utility>
#include <variant>

#include "alerts/curl_call.h"
#include "alerts/wire_text.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

Result<std::string> ReachWebhook(const WebhookOptions& options, std::stop_token stop) {
  VIGIL_ASSIGN_OR_RETURN(const UrlParts url, ParseUrl(options.url.Reveal()));
  CurlCall call({options.allow_private_addresses ? AddressPolicy::kAny : AddressPolicy::kPublicOnly,
                 options.ca_file, options.connect_timeout, options.timeout},
                std::move(stop));
  CURL* curl = call.Handle();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_URL, options.url.Reveal().c_str());
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  if (const CURLcode code = call.Perform(); code != CURLE_OK) {
    return std::unexpected(call.Explain(code, url.host));
  }
  return format("{} takes connections", url.host);
}

Result<std::string> ReachMail(const EmailOptions& options, std::stop_token stop) {
  VIGIL_ASSIGN_OR_RETURN(const UrlParts url, ParseUrl(options.smtp_url));
  const bool plain = options.security == SmtpSecurity::kNone;
  CurlCall call({plain ? AddressPolicy::kLoopbackOnly : AddressPolicy::kAny, options.ca_file,
                 options.connect_timeout, options.timeout},
                std::move(stop));
  CURL* curl = call.Handle();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_URL, options.smtp_url.c_str());
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  if (!options.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.Reveal().c_str());
  }
  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
  const CURLcode code = call.Perform();
  if (code == CURLE_LOGIN_DENIED) {
    return Fail(ErrorCode::kPermission, format("{}: the mail server refused the login", url.host));
  }
  if (code != CURLE_OK) return std::unexpected(call.Explain(code, url.host));
  return format("{}: connected{}", url.host, options.user.empty() ? "" : " and logged in");
}

}  // namespace

Result<std::string> Reach(const Receiver& receiver, std::stop_token stop) {
  if (const auto* webhook = std::get_if<WebhookOptions>(&receiver)) {
    return ReachWebhook(*webhook, std::move(stop));
  }
  if (const auto* http = std::get_if<HttpOptions>(&receiver)) {
    WebhookOptions like;
    // Of a templated URL always plain text.
    like.url = Secret(format("{}/", UrlOrigin(http->url.Reveal())));
    like.allow_private_addresses = http->allow_private_addresses;
    like.ca_file = http->ca_file;
    like.connect_timeout = http->connect_timeout;
    like.timeout = http->timeout;
    return ReachWebhook(like, std::move(stop));
  }
  return ReachMail(std::get<EmailOptions>(receiver), std::move(stop));
}

}  // namespace vigil::alerts
