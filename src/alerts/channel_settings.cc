// One table-like function per kind, used for reading; showing is its mirror.
#include "alerts/channel_settings.h"

#include <set>

#include "alerts/secret_mask.h"
#include "alerts/wire_text.h"
#include "base/check.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

constexpr std::string_view kMasked = "***";

// Reads fields and notes every fault.
class SettingsReader {
 public:
  explicit SettingsReader(const json::object& settings) : settings_(settings) {}

  void Text(std::string_view field, std::string& target, std::size_t length_max = 2'000) {
    const json::value* value = Take(field);
    if (value == nullptr) return;
    if (!value->is_string()) return Wrong(field, "must be a text");
    if (value->get_string().size() > length_max) {
      return Wrong(field, format("is longer than {} bytes", length_max));
    }
    target = std::string(value->get_string());
  }
  void Hidden(std::string_view field, Secret& target) {
    std::string text;
    Text(field, text);
    if (!text.empty()) target = Secret(std::move(text));
  }
  void Flag(std::string_view field, bool& target) {
    const json::value* value = Take(field);
    if (value == nullptr) return;
    if (!value->is_bool()) return Wrong(field, "must be true or false");
    target = value->get_bool();
  }
  void Texts(std::string_view field, std::vector<std::string>& target) {
    const json::value* value = Take(field);
    if (value == nullptr) return;
    if (!value->is_array()) return Wrong(field, "must be a list of texts");
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return Wrong(field, "must be a list of texts");
      target.emplace_back(item.get_string());
    }
  }
  void Templates(std::string_view field, std::vector<NamedTemplate>& target) {
    const json::value* value = Take(field);
    if (value == nullptr) return;
    if (!value->is_object()) return Wrong(field, "must be an object of texts");
    for (const auto& [name, text] : value->get_object()) {
      if (!text.is_string()) return Wrong(field, "must be an object of texts");
      target.push_back({std::string(name), Secret(std::string(text.get_string()))});
    }
  }
  void Wrong(std::string_view field, std::string message) {
    errors_.push_back({std::string(field), std::move(message)});
  }
  std::vector<SettingError> Finish() {
    for (const auto& [field, value] : settings_) {
      if (!known_.contains(std::string_view(field))) Wrong(field, "is not a setting of this kind");
    }
    return std::move(errors_);
  }

 private:
  const json::value* Take(std::string_view field) {
    known_.emplace(field);
    const json::value* value = settings_.if_contains(field);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const json::object& settings_;
  std::set<std::string, std::less<>> known_;
  std::vector<SettingError> errors_;
};

WebhookOptions ReadWebhook(SettingsReader& reader, const SharedSettings& shared) {
  WebhookOptions options;
  options.public_url = shared.public_url;
  reader.Hidden("url", options.url);
  reader.Hidden("secret", options.secret);
  reader.Flag("allow_private_addresses", options.allow_private_addresses);
  return options;
}

EmailOptions ReadEmail(SettingsReader& reader, const SharedSettings& shared) {
  EmailOptions options;
  options.public_url = shared.public_url;
  reader.Text("smtp_url", options.smtp_url);
  std::string tls = "starttls";
  reader.Text("tls", tls);
  if (tls == "implicit") {
    options.security = SmtpSecurity::kImplicit;
  } else if (tls == "none") {
    options.security = SmtpSecurity::kNone;
  } else if (tls != "starttls") {
    reader.Wrong("tls", "must be one of starttls, implicit, none");
  }
  reader.Text("user", options.user);
  reader.Hidden("password", options.password);
  reader.Text("from", options.from);
  reader.Texts("to", options.to);
  if (options.smtp_url.contains('@')) {
    reader.Wrong("smtp_url", "holds a login; write it into user and password");
  }
  if (options.user.empty() != options.password.Empty()) {
    reader.Wrong(options.user.empty() ? "user" : "password",
                 "is missing: user and password go together");
  }
  return options;
}

HttpOptions ReadHttp(SettingsReader& reader, const SharedSettings& shared) {
  constexpr std::size_t kBodyBytesMax = 20'000;
  HttpOptions options;
  options.public_url = shared.public_url;
  reader.Text("method", options.method);
  reader.Hidden("url", options.url);
  reader.Hidden("secret", options.secret);
  reader.Templates("headers", options.headers);
  reader.Text("content_type", options.content_type);
  reader.Text("body", options.body, kBodyBytesMax);
  reader.Templates("fields", options.fields);
  reader.Text("snapshot_field", options.snapshot_field);
  reader.Text("success", options.success);
  reader.Flag("allow_private_addresses", options.allow_private_addresses);
  return options;
}

json::value Masked(const Secret& secret) {
  return secret.Empty() ? json::value(nullptr) : json::value(kMasked);
}

json::value OrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object ShownWebhook(const WebhookOptions& options) {
  return {{"url", MaskUrl(options.url.Reveal())},
          {"secret", Masked(options.secret)},
          {"allow_private_addresses", options.allow_private_addresses}};
}

json::object ShownEmail(const EmailOptions& options) {
  json::array to;
  for (const std::string& recipient : options.to) to.emplace_back(recipient);
  const std::string_view tls = options.security == SmtpSecurity::kStarttls   ? "starttls"
                               : options.security == SmtpSecurity::kImplicit ? "implicit"
                                                                             : "none";
  return {{"smtp_url", MaskUrl(options.smtp_url)},
          {"tls", tls},
          {"user", OrNull(options.user)},
          {"password", Masked(options.password)},
          {"from", options.from},
          {"to", std::move(to)}};
}

json::object ShownHttp(const HttpOptions& options) {
  json::object headers;
  for (const NamedTemplate& header : options.headers) headers[header.name] = kMasked;
  json::object fields;
  for (const NamedTemplate& field : options.fields) fields[field.name] = field.text.Reveal();
  return {{"method", options.method},
          {"url", MaskUrl(options.url.Reveal())},
          {"secret", Masked(options.secret)},
          {"headers", std::move(headers)},
          {"content_type", options.content_type},
          {"body", options.body},
          {"fields", std::move(fields)},
          {"snapshot_field", OrNull(options.snapshot_field)},
          {"success", options.success},
          {"allow_private_addresses", options.allow_private_addresses}};
}

}  // namespace

std::expected<Receiver, std::vector<SettingError>> ReadReceiver(std::string_view kind,
                                                                const json::object& settings,
                                                                const SharedSettings& shared,
                                                                const Clock& clock) {
  SettingsReader reader(settings);
  Receiver receiver;
  if (kind == "webhook") {
    receiver = ReadWebhook(reader, shared);
  } else if (kind == "email") {
    receiver = ReadEmail(reader, shared);
  } else {
    VIGIL_CHECK(kind == "http", "kinds are checked before");
    receiver = ReadHttp(reader, shared);
  }
  std::vector<SettingError> errors = reader.Finish();
  if (!errors.empty()) return std::unexpected(std::move(errors));
  // The makers name the faulty option before a colon.
  if (const auto made = MakeNotifier(receiver, clock); !made) {
    const std::string& message = made.error().message;
    const std::size_t colon = message.find(": ");
    if (colon == std::string::npos) {
      const std::size_t space = std::min(message.find(' '), message.size());
      return std::unexpected(std::vector<SettingError>{{message.substr(0, space), message}});
    }
    return std::unexpected(
        std::vector<SettingError>{{message.substr(0, colon), message.substr(colon + 2)}});
  }
  return receiver;
}

json::object ShownSettings(const Receiver& receiver, Viewer viewer) {
  json::object shown;
  std::string url;
  if (const auto* webhook = std::get_if<WebhookOptions>(&receiver)) {
    shown = ShownWebhook(*webhook);
    url = webhook->url.Reveal();
  } else if (const auto* email = std::get_if<EmailOptions>(&receiver)) {
    shown = ShownEmail(*email);
  } else {
    shown = ShownHttp(std::get<HttpOptions>(receiver));
    url = std::get<HttpOptions>(receiver).url.Reveal();
  }
  if (viewer == Viewer::kAdmin) return shown;
  if (!url.empty()) shown["url"] = OriginOnly(url);
  for (const char* name : {"user", "body"}) {
    json::value* text = shown.if_contains(name);
    if (text != nullptr && text->is_string() && !text->get_string().empty()) *text = kMasked;
  }
  if (json::value* fields = shown.if_contains("fields")) {
    for (auto& [name, text] : fields->get_object()) text = kMasked;
  }
  return shown;
}

namespace {

// Scheme, host and port of a setting that is a URL; empty for none.
std::string_view OriginIn(const json::object& settings, std::string_view name) {
  const json::value* url = settings.if_contains(name);
  if (url == nullptr || !url->is_string()) return {};
  return UrlOrigin(url->get_string());
}

}  // namespace

std::vector<std::string> SecretsToGiveAgain(const json::object& stored, const json::object& merged,
                                            const json::object& change) {
  if (OriginIn(stored, "url") == OriginIn(merged, "url") &&
      OriginIn(stored, "smtp_url") == OriginIn(merged, "smtp_url")) {
    return {};
  }
  std::vector<std::string> names;
  for (const char* name : {"secret", "password", "headers"}) {
    const json::value* given = change.if_contains(name);
    const bool masked = given != nullptr && json::serialize(*given).contains(kMasked);
    if (stored.contains(name) && (given == nullptr || masked)) names.emplace_back(name);
  }
  return names;
}

json::object MergeSettings(json::object stored, const json::object& change,
                           const json::object& shown) {
  for (const auto& [field, value] : change) {
    const json::value* seen = shown.if_contains(field);
    if (seen != nullptr && *seen == value && !value.is_null()) continue;
    if (value.is_null()) {
      stored.erase(field);
    } else if (value.is_object() && stored.contains(field) && stored[field].is_object()) {
      // Headers: those sent as they were shown keep their values.
      json::object merged;
      for (const auto& [name, text] : value.get_object()) {
        const json::value* kept = stored[field].get_object().if_contains(name);
        merged[name] = text == json::value(kMasked) && kept != nullptr ? *kept : text;
      }
      stored[field] = std::move(merged);
    } else {
      stored[field] = value;
    }
  }
  return stored;
}

}  // namespace vigil::alerts
