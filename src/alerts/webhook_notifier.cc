// One POST an attempt, over a fresh connection, so that its address is checked anew.
#include "alerts/webhook_notifier.h"

#include <utility>

#include "alerts/curl_call.h"
#include "alerts/http_answer.h"
#include "alerts/message_text.h"
#include "alerts/secret_mask.h"
#include "alerts/webhook_body.h"
#include "base/crypto.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";

Result<Secret> DecodeKey(const Secret& secret) {
  constexpr std::size_t kKeyBytesMin = 24;
  constexpr std::size_t kKeyBytesMax = 64;
  const std::string_view text = secret.Reveal();
  if (text.starts_with(kSecretPrefix)) {
    auto key = Base64Decode(text.substr(kSecretPrefix.size()));
    if (key.has_value() && key->size() >= kKeyBytesMin && key->size() <= kKeyBytesMax) {
      return Secret(*std::move(key));
    }
  }
  return Fail(ErrorCode::kInvalidArgument,
              "secret: expects whsec_ and the base64 of 24 to 64 bytes; make one with: "
              "echo whsec_$(openssl rand -base64 32)");
}

std::string Sign(const Secret& key, std::string_view id, std::string_view timestamp,
                 std::string_view body) {
  return "v1," + Base64Encode(HmacSha256(key.Reveal(), format("{}.{}.{}", id, timestamp, body)));
}

class WebhookNotifier final : public Notifier {
 public:
  WebhookNotifier(const WebhookOptions& options, Secret key, std::string host, const Clock& clock)
      : options_(options), key_(std::move(key)), host_(std::move(host)), clock_(clock) {
    mask_.AddUrl(options_.url.Reveal());
  }

  Result<std::string> Deliver(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                              std::stop_token stop) override {
    const WallTime now = clock_.WallNow();
    if (snapshot_jpeg.size() > options_.snapshot_max_bytes) snapshot_jpeg = {};
    const std::string body =
        WebhookBody(message, snapshot_jpeg, now, IncidentLink(options_.public_url, message));
    const CurlList headers = Headers(message, now, body);
    CurlCall call(
        {options_.allow_private_addresses ? AddressPolicy::kAny : AddressPolicy::kPublicOnly,
         options_.ca_file, options_.connect_timeout, options_.timeout},
        std::move(stop));
    CURL* curl = call.Handle();
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_URL, options_.url.Reveal().c_str());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "vigil");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    const CURLcode code = call.Perform();
    if (code != CURLE_OK) {
      Error error = call.Explain(code, host_);
      error.message = mask_.Hide(std::move(error.message));
      return std::unexpected(std::move(error));
    }
    return Judge(call.Status());
  }

 private:
  CurlList Headers(const AlertMessage& message, WallTime now, const std::string& body) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    const std::string timestamp = format("{}", seconds);
    CurlList headers;
    Append(headers, "Content-Type: application/json");
    Append(headers, "Expect:");
    Append(headers, "webhook-id: " + message.id);
    Append(headers, "webhook-timestamp: " + timestamp);
    Append(headers, "webhook-signature: " + Sign(key_, message.id, timestamp, body));
    return headers;
  }

  Result<std::string> Judge(long status) const {
    if (status >= 200 && status <= 299) return format("HTTP {}", status);
    return std::unexpected(ExplainHttpStatus(status, host_));
  }

  const WebhookOptions options_;
  const Secret key_;
  const std::string host_;
  SecretMask mask_;
  const Clock& clock_;
};

}  // namespace

Result<std::string> SignWebhook(const Secret& secret, std::string_view id,
                                std::string_view timestamp, std::string_view body) {
  VIGIL_ASSIGN_OR_RETURN(const Secret key, DecodeKey(secret));
  return Sign(key, id, timestamp, body);
}

Result<std::unique_ptr<Notifier>> MakeWebhookNotifier(const WebhookOptions& options,
                                                      const Clock& clock) {
  VIGIL_ASSIGN_OR_RETURN(Secret key, DecodeKey(options.secret));
  auto url = ParseUrl(options.url.Reveal());
  if (!url.has_value()) return Annotate(url.error(), "url");
  if (url->scheme != "http" && url->scheme != "https") {
    return Fail(ErrorCode::kInvalidArgument, "url: expects https:// or http://");
  }
  return std::make_unique<WebhookNotifier>(options, std::move(key), url->host, clock);
}

}  // namespace vigil::alerts
