// From the configuration's channels to those of the alerts room.
#include <chrono>
#include <utility>

#include "alerts/channels.h"
#include "app/service.h"
#include "base/check.h"

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

Result<std::vector<alerts::Channel>> MakeConfiguredChannels(const config::Config& config,
                                                            const Clock& clock) {
  return alerts::MakeChannels(ConfiguredChannelOptions(config), clock);
}

}  // namespace vigil::app
