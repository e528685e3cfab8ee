// Alerts as signed HTTP requests, by the Standard Webhooks specification (standardwebhooks.com).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/alert.h"

namespace vigil::alerts {

struct WebhookOptions {
  Secret url;                                   // http:// or https://; may hold credentials
  Secret secret;                                // "whsec_" and the base64 of 24 to 64 random bytes
  bool allow_private_addresses = false;         // also loopback and link-local ones
  std::string ca_file;                          // PEM; empty: the system's
  std::string public_url;                       // for the link to the incident; may be empty
  std::size_t snapshot_max_bytes = 512 * 1024;  // larger pictures are left out of the message
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};  // of the whole request
};

// POSTs {"type":"vigil.match","timestamp":...,"data":{...}} with webhook-id (the message's id),
// webhook-timestamp and webhook-signature. No redirect is followed, no proxy used; the reply is cut
// at 64 KiB. An address is checked when the connection is made, so that a name cannot resolve to
// one address for the check and another for the request. Deliver returns "HTTP 204". Errors:
// kUnavailable (no connection, TLS fault, refused address, redirect, any status that a mended
// receiver or configuration would change), kTimeout, kCancelled, kInvalidArgument (400, 410, 413,
// 415, 422: this message will never be taken). kInvalidArgument from Make names the faulty option.
Result<std::unique_ptr<Notifier>> MakeWebhookNotifier(const WebhookOptions& options,
                                                      const Clock& clock);

// "v1,<base64>" over "<id>.<timestamp>.<body>". `secret` as in WebhookOptions; kInvalidArgument
// when it is malformed.
Result<std::string> SignWebhook(const Secret& secret, std::string_view id,
                                std::string_view timestamp, std::string_view body);

}  // namespace vigil::alerts
