// From the settings of channels to working ones.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "alerts/cooldown.h"
#include "alerts/delivery.h"
#include "alerts/email_notifier.h"
#include "alerts/webhook_notifier.h"

namespace vigil::alerts {

struct ChannelOptions {
  std::string name;  // unique, not empty
  std::variant<WebhookOptions, EmailOptions> receiver;
  CooldownPolicy cooldown;
  bool include_snapshot = true;
};

// kInvalidArgument lists every faulty channel by name, one a line. `clock` must outlive the
// channels.
Result<std::vector<Channel>> MakeChannels(std::span<const ChannelOptions> options,
                                          const Clock& clock);

// What the incident's transaction needs to know of them.
std::vector<AlertRoute> MakeRoutes(std::span<const Channel> channels);

}  // namespace vigil::alerts
