// From the configuration's channels to those of the alerts room.
#include <algorithm>
#include <chrono>
#include <utility>

#include "alerts/channel_settings.h"
#include "alerts/channels.h"
#include "app/service.h"
#include "base/check.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time_text.h"
#include "database/channel_repository.h"

namespace vigil::app {
namespace {

alerts::SmtpSecurity SecurityOf(config::SmtpTls tls) {
  switch (tls) {
    case config::SmtpTls::kStarttls:
      return alerts::SmtpSecurity::kStarttls;
    case config::SmtpTls::kImplicit:
      return alerts::SmtpSecurity::kImplicit;
    case config::SmtpTls::kNone:
      return alerts::SmtpSecurity::kNone;
  }
  VIGIL_CHECK(false, "unknown TLS mode");
}

// "Name: text", as validation has made sure.
std::vector<alerts::NamedTemplate> TemplatesOf(const std::vector<std::string>& lines) {
  std::vector<alerts::NamedTemplate> templates;
  for (const std::string& line : lines) {
    const std::size_t colon = line.find(':');
    const std::size_t start = line.find_first_not_of(' ', colon + 1);
    templates.push_back(
        {line.substr(0, colon), Secret(start == std::string::npos ? "" : line.substr(start))});
  }
  return templates;
}

alerts::HttpOptions HttpOptionsOf(const config::ChannelConfig& channel,
                                  const config::AlertsConfig& all) {
  alerts::HttpOptions options;
  options.method = channel.method;
  options.url = channel.url;
  options.secret = channel.secret;
  options.headers = TemplatesOf(channel.headers);
  options.content_type = channel.content_type;
  options.body = channel.body;
  options.fields = TemplatesOf(channel.fields);
  options.snapshot_field = channel.snapshot_field;
  options.success = channel.success;
  options.allow_private_addresses = channel.allow_private_addresses;
  options.ca_file = channel.ca_file;
  options.public_url = all.public_url;
  return options;
}

alerts::ChannelOptions OptionsOf(const config::ChannelConfig& channel,
                                 const config::AlertsConfig& all) {
  alerts::ChannelOptions options{
      .name = channel.name,
      .receiver = {},
      .cooldown = {.duration = std::chrono::seconds(channel.cooldown_s.value_or(all.cooldown_s))},
      .include_snapshot = channel.include_snapshot};
  if (channel.kind == config::ChannelKind::kWebhook) {
    options.receiver =
        alerts::WebhookOptions{.url = channel.url,
                               .secret = channel.secret,
                               .allow_private_addresses = channel.allow_private_addresses,
                               .ca_file = channel.ca_file,
                               .public_url = all.public_url};
  } else if (channel.kind == config::ChannelKind::kHttp) {
    options.receiver = HttpOptionsOf(channel, all);
  } else {
    options.receiver = alerts::EmailOptions{.smtp_url = channel.smtp_url,
                                            .security = SecurityOf(channel.tls),
                                            .user = channel.user,
                                            .password = channel.password,
                                            .from = channel.from,
                                            .to = channel.to,
                                            .ca_file = channel.ca_file,
                                            .public_url = all.public_url};
  }
  return options;
}

}  // namespace

std::vector<alerts::ChannelOptions> ConfiguredChannelOptions(const config::Config& config) {
  std::vector<alerts::ChannelOptions> options;
  options.reserve(config.alerts.channels.size());
  for (const auto& channel : config.alerts.channels) {
    options.push_back(OptionsOf(channel, config.alerts));
  }
  return options;
}

Result<alerts::ChannelOptions> StoredChannelOptions(const database::StoredChannel& channel,
                                                    const config::AlertsConfig& all,
                                                    const Clock& clock) {
  VIGIL_ASSIGN_OR_RETURN(const json::value settings, ParseJson(channel.settings.Reveal()));
  if (!settings.is_object()) return Fail(ErrorCode::kDataLoss, "its settings are no object");
  auto receiver =
      alerts::ReadReceiver(channel.kind, settings.get_object(), {all.public_url}, clock);
  if (!receiver) {
    const auto& first = receiver.error().front();
    return Fail(ErrorCode::kInvalidArgument, format("{}: {}", first.field, first.message));
  }
  return alerts::ChannelOptions{
      .name = channel.name,
      .receiver = *std::move(receiver),
      .cooldown = {.duration = std::chrono::seconds(channel.cooldown_s.value_or(all.cooldown_s))},
      .include_snapshot = channel.include_snapshot,
      .revision = format("{} {}", channel.id, FormatTime(channel.updated_at))};
}

Result<std::vector<alerts::Channel>> MakeAllChannels(const config::Config& config,
                                                     database::Database& database) {
  const Clock& clock = database.GetClock();
  const auto configured = ConfiguredChannelOptions(config);
  VIGIL_ASSIGN_OR_RETURN(auto channels, alerts::MakeChannels(configured, clock));
  VIGIL_ASSIGN_OR_RETURN(const auto stored, database::ChannelRepository(database).List());
  for (const database::StoredChannel& wanted : stored) {
    if (!wanted.enabled) continue;
    if (std::ranges::find(configured, wanted.name, &alerts::ChannelOptions::name) !=
        configured.end()) {
      LogError("alerts", "channel {} of the file hides the one of the same name in the database",
               wanted.name);
      continue;
    }
    // One bad channel must not silence the others.
    auto options = StoredChannelOptions(wanted, config.alerts, clock);
    if (!options) {
      LogError("alerts", "channel {} is not used: {}", wanted.name, options.error().message);
      continue;
    }
    const std::vector<alerts::ChannelOptions> one = {*std::move(options)};
    auto made = alerts::MakeChannels(one, clock);
    if (made) channels.push_back(std::move(made->front()));
  }
  return channels;
}

}  // namespace vigil::app
