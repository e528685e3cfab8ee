// From the settings of channels to working ones.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alerts/cooldown.h"
#include "alerts/delivery.h"
#include "alerts/email_notifier.h"
#include "alerts/http_notifier.h"
#include "alerts/webhook_notifier.h"

namespace vigil::alerts {

using Receiver = std::variant<WebhookOptions, EmailOptions, HttpOptions>;
// "webhook", "email" or "http".
std::string_view KindOf(const Receiver& receiver);

struct ChannelOptions {
  std::string name;  // unique, not empty
  Receiver receiver;
  CooldownPolicy cooldown;
  bool include_snapshot = true;
  std::string revision = {};  // as Channel::revision
};

// kInvalidArgument names the faulty option first: "url: ...".
Result<std::unique_ptr<Notifier>> MakeNotifier(const Receiver& receiver, const Clock& clock);

// kInvalidArgument lists every faulty channel by name, one a line. `clock` must outlive the
// channels.
Result<std::vector<Channel>> MakeChannels(std::span<const ChannelOptions> options,
                                          const Clock& clock);

// What the incident's transaction needs to know of them.
std::vector<AlertRoute> MakeRoutes(std::span<const Channel> channels);

// What a person sends to see whether `channel` works: about nobody, and marked as a test.
AlertMessage TestMessage(std::string_view channel, const Clock& clock);

}  // namespace vigil::alerts
