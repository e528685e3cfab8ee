// One bad channel is told with all others, so that a configuration is mended in one go.
#include "alerts/channels.h"

#include <set>

#include "base/format.h"
#include "base/uuid.h"

namespace vigil::alerts {

std::string_view KindOf(const Receiver& receiver) {
  if (std::holds_alternative<WebhookOptions>(receiver)) return "webhook";
  return std::holds_alternative<EmailOptions>(receiver) ? "email" : "http";
}

Result<std::unique_ptr<Notifier>> MakeNotifier(const Receiver& receiver, const Clock& clock) {
  if (const auto* webhook = std::get_if<WebhookOptions>(&receiver)) {
    return MakeWebhookNotifier(*webhook, clock);
  }
  if (const auto* http = std::get_if<HttpOptions>(&receiver)) {
    return MakeHttpNotifier(*http, clock);
  }
  return MakeEmailNotifier(std::get<EmailOptions>(receiver), clock);
}

Result<std::vector<Channel>> MakeChannels(std::span<const ChannelOptions> options,
                                          const Clock& clock) {
  std::vector<Channel> channels;
  std::vector<std::string> errors;
  std::set<std::string> names;
  for (const ChannelOptions& wanted : options) {
    if (wanted.name.empty() || !names.insert(wanted.name).second) {
      errors.push_back(format("channel \"{}\": a channel needs a name of its own", wanted.name));
      continue;
    }
    auto notifier = MakeNotifier(wanted.receiver, clock);
    if (!notifier.has_value()) {
      errors.push_back(format("channel \"{}\": {}", wanted.name, notifier.error().message));
      continue;
    }
    channels.push_back({wanted.name, MakeCooldownRule(wanted.cooldown), wanted.include_snapshot,
                        *std::move(notifier), wanted.revision});
  }
  if (!errors.empty()) {
    return Fail(ErrorCode::kInvalidArgument, format("{}", fmt::join(errors, "\n")));
  }
  return channels;
}

std::vector<AlertRoute> MakeRoutes(std::span<const Channel> channels) {
  std::vector<AlertRoute> routes;
  routes.reserve(channels.size());
  for (const Channel& channel : channels) routes.push_back({channel.name, channel.cooldown});
  return routes;
}

AlertMessage TestMessage(std::string_view channel, const Clock& clock) {
  AlertMessage message;
  message.id = MakeUuid(clock);
  message.incident_id = MakeUuid(clock);
  message.person_name = "Nobody (test message)";
  message.reason = format("somebody tries the channel {}", channel);
  message.severity = Severity::kLow;
  message.camera_name = "no camera";
  message.event_time = clock.WallNow();
  message.face_count = 1;
  message.similarity = 1;
  message.threshold = 1;
  message.is_test = true;
  return message;
}

}  // namespace vigil::alerts
