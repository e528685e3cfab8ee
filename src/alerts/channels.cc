// One bad channel is told with all others, so that a configuration is mended in one go.
#include "alerts/channels.h"

#include <set>

#include "base/format.h"

namespace vigil::alerts {
namespace {

Result<std::unique_ptr<Notifier>> MakeNotifier(const ChannelOptions& options, const Clock& clock) {
  if (const auto* webhook = std::get_if<WebhookOptions>(&options.receiver)) {
    return MakeWebhookNotifier(*webhook, clock);
  }
  return MakeEmailNotifier(std::get<EmailOptions>(options.receiver), clock);
}

}  // namespace

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
    auto notifier = MakeNotifier(wanted, clock);
    if (!notifier.has_value()) {
      errors.push_back(format("channel \"{}\": {}", wanted.name, notifier.error().message));
      continue;
    }
    channels.push_back({wanted.name, MakeCooldownRule(wanted.cooldown), wanted.include_snapshot,
                        *std::move(notifier)});
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

}  // namespace vigil::alerts
