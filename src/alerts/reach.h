// Whether a receiver would take alerts, found out without sending one.
#pragma once

#include <stop_token>
#include <string>

#include "alerts/channels.h"
#include "base/result.h"

namespace vigil::alerts {

// Connects as a delivery would, with the same rules for addresses and certificates, and hangs up: a
// webhook's receiver (and any HTTP channel's) is sent no request, so that only the connection and
// its TLS are tried; a mail server is also greeted and logged in to. Blocks at most the options'
// own deadlines; ends early (kCancelled) when `stop` is requested. On success a few words for
// people ("mail.example.org: connected and logged in"). Errors: kPermission when the login was
// refused, kInvalidArgument for an address that is none, else kUnavailable or kTimeout.
Result<std::string> Reach(const Receiver& receiver, std::stop_token stop);

}  // namespace vigil::alerts
