// Each rule says what is wrong and how to mend it; none quotes a secret.
#include "config/validate.h"

#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "base/format.h"
#include "base/ip_address.h"
#include "core/area.h"

namespace vigil::config {
namespace {

bool IsWebUrl(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

void ValidateData(Reading& reading) {
  const DataConfig& data = reading.config.data;
  if (data.directory.empty()) reading.Refuse("data.directory", "must not be empty");
  const std::string& key = data.seal_key.Reveal();
  const bool hex = key.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!key.empty() && (key.size() != 64 || !hex)) {
    reading.Refuse("data.seal_key",
                   "expects 64 hex characters, as openssl rand -hex 32 prints them");
  }
}

void ValidateDatabase(Reading& reading) {
  const std::string& url = reading.config.database.url;
  if (url.starts_with("sqlite:") && url.size() > std::string_view("sqlite:").size()) return;
  constexpr std::string_view kPostgres = "postgresql://";
  if (!url.starts_with(kPostgres)) {
    reading.Refuse("database.url",
                   "expects sqlite:FILE or postgresql://USER@HOST/NAME, for example "
                   "sqlite:vigil.db");
    return;
  }
  const std::string_view rest = std::string_view(url).substr(kPostgres.size());
  const std::string_view login = rest.substr(0, rest.find_first_of("@/?"));
  const bool has_login = login.size() < rest.size() && rest[login.size()] == '@';
  const bool has_password = (has_login && login.find(':') != std::string_view::npos) ||
                            rest.find("password=") != std::string_view::npos;
  if (has_password) {
    reading.Refuse("database.url",
                   "holds a password; put it into a file of mode 600 and write "
                   "?passfile=/etc/vigil/pgpass behind the name, or set PGPASSWORD");
  }
}

void ValidateApi(Reading& reading) {
  const ApiConfig& api = reading.config.api;
  if (api.address.empty()) reading.Refuse("api.address", "must not be empty; write 127.0.0.1");
  if (api.port != 0 && api.port == api.metrics_port) {
    reading.Refuse("api.metrics_port", format("is {} like api.port; choose another", api.port));
  }
  constexpr std::size_t kProxiesMax = 64;
  if (api.trusted_proxies.size() > kProxiesMax) {
    reading.Refuse("api.trusted_proxies", format("has more than {} entries", kProxiesMax));
  }
  for (const std::string& proxy : api.trusted_proxies) {
    if (const auto range = IpRange::Parse(proxy); !range) {
      reading.Refuse("api.trusted_proxies", range.error().message);
    }
  }
  // Accepting them would serve in the clear what the installation believes to be encrypted.
  constexpr std::string_view kNoTls =
      "this version speaks plain HTTP only; leave it empty and put a proxy that speaks TLS before "
      "it";
  if (!api.tls_certificate.empty()) reading.Refuse("api.tls_certificate", kNoTls);
  if (!api.tls_key.empty()) reading.Refuse("api.tls_key", kNoTls);
}

void ValidateWebhook(Reading& reading, const std::string& path, const ChannelConfig& channel) {
  if (!IsWebUrl(channel.url.Reveal())) {
    reading.Refuse(path + ".url", "expects the receiver's address, https:// or http://");
  }
  constexpr std::string_view kPrefix = "whsec_";
  constexpr std::size_t kKeyBytesMin = 24;
  constexpr std::size_t kKeyBytesMax = 64;
  const std::string& secret = channel.secret.Reveal();
  const auto key = secret.starts_with(kPrefix)
                       ? Base64Decode(std::string_view(secret).substr(kPrefix.size()))
                       : Result<std::string>(std::string());
  if (!key || key->size() < kKeyBytesMin || key->size() > kKeyBytesMax) {
    reading.Refuse(path + ".secret",
                   "expects whsec_ and the base64 of 24 to 64 bytes; make one with: "
                   "echo whsec_$(openssl rand -base64 32)");
  }
}

// The templates themselves are tried when the channel is made.
void ValidateHttp(Reading& reading, const std::string& path, const ChannelConfig& channel) {
  if (!IsWebUrl(channel.url.Reveal())) {
    reading.Refuse(path + ".url", "expects the receiver's address, https:// or http://");
  }
  for (const auto& [key, lines] :
       {std::pair{".headers", &channel.headers}, std::pair{".fields", &channel.fields}}) {
    for (const std::string& line : *lines) {
      if (line.find(':') != std::string::npos && !line.starts_with(':')) continue;
      reading.Refuse(path + key, R"(expects texts such as "Name: text")");
    }
  }
}

void ValidateEmail(Reading& reading, const std::string& path, const ChannelConfig& channel) {
  const bool implicit = channel.tls == SmtpTls::kImplicit;
  const std::string_view scheme = implicit ? "smtps://" : "smtp://";
  if (!channel.smtp_url.starts_with(scheme) || channel.smtp_url.size() == scheme.size()) {
    reading.Refuse(path + ".smtp_url", implicit ? "expects smtps://host:465 with tls implicit"
                                                : "expects smtp://host:587");
  } else if (channel.smtp_url.contains('@')) {
    reading.Refuse(path + ".smtp_url", "holds a login; write it into user and password");
  }
  if (channel.from.empty()) reading.Refuse(path + ".from", "is missing: who sends the mail");
  if (channel.to.empty()) reading.Refuse(path + ".to", R"(is missing, as ["guards@example.org"])");
  if (channel.user.empty() != channel.password.Empty()) {
    reading.Refuse(path + (channel.user.empty() ? ".user" : ".password"),
                   "is missing: user and password go together");
  }
}

void ValidateAlerts(Reading& reading) {
  const AlertsConfig& alerts = reading.config.alerts;
  if (!alerts.public_url.empty() && !IsWebUrl(alerts.public_url)) {
    reading.Refuse("alerts.public_url", "expects https:// or http:// and a host");
  }
  std::set<std::string> names;
  for (std::size_t index = 0; index < alerts.channels.size(); ++index) {
    const ChannelConfig& channel = alerts.channels[index];
    const std::string path = format("alerts.channels.{}", index);
    if (channel.name.empty()) {
      reading.Refuse(path + ".name", "is missing");
    } else if (!names.insert(channel.name).second) {
      reading.Refuse(path + ".name", format("\"{}\" is taken; choose another", channel.name));
    }
    if (channel.kind == ChannelKind::kWebhook) {
      ValidateWebhook(reading, path, channel);
    } else if (channel.kind == ChannelKind::kHttp) {
      ValidateHttp(reading, path, channel);
    } else {
      ValidateEmail(reading, path, channel);
    }
  }
}

void ValidateAreas(Reading& reading, const std::string& path,
                   const std::vector<std::string>& areas) {
  if (areas.size() > kPolygonsMax) {
    reading.Refuse(path, format("has more than {} entries", kPolygonsMax));
  }
  for (const std::string& area : areas) {
    if (const auto polygon = ParsePolygon(area); !polygon) {
      reading.Refuse(path, polygon.error().message);
    }
  }
}

void ValidateCameras(Reading& reading) {
  std::set<std::string> names;
  for (std::size_t index = 0; index < reading.config.cameras.size(); ++index) {
    const CameraConfig& camera = reading.config.cameras[index];
    const std::string path = format("cameras.{}", index);
    if (camera.name.empty()) {
      reading.Refuse(path + ".name", "is missing");
    } else if (!names.insert(camera.name).second) {
      reading.Refuse(path + ".name", format("\"{}\" is taken; choose another", camera.name));
    }
    if (camera.url.Empty()) {
      reading.Refuse(path + ".url", "is missing: rtsp://host/path or the path of a video file");
    }
    ValidateAreas(reading, path + ".areas", camera.areas);
    ValidateAreas(reading, path + ".excluded_areas", camera.excluded_areas);
  }
}

}  // namespace

void Validate(Reading& reading) {
  ValidateData(reading);
  ValidateDatabase(reading);
  const ModelsConfig& models = reading.config.models;
  if (models.detector.empty()) reading.Refuse("models.detector", "must not be empty");
  if (models.embedder.empty()) reading.Refuse("models.embedder", "must not be empty");
  ValidateAlerts(reading);
  ValidateApi(reading);
  if (reading.config.logs.directory.empty()) {
    reading.Refuse("logs.directory", "must not be empty; write ./logs");
  }
  ValidateCameras(reading);
}

}  // namespace vigil::config
