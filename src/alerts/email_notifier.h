// Alerts as e-mail with the picture inline, over SMTP.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/alert.h"

namespace vigil::alerts {

// kNone is only allowed to a loopback address, checked when the connection is made.
enum class SmtpSecurity { kStarttls, kImplicit, kNone };

struct EmailOptions {
  std::string smtp_url;  // "smtp://host:587"; with kImplicit "smtps://host:465"
  SmtpSecurity security = SmtpSecurity::kStarttls;
  std::string user;  // empty: no login
  Secret password;
  std::string from;  // "vigil@example.org" or "Vigil <vigil@example.org>"
  std::vector<std::string> to;
  std::string ca_file;                                // PEM; empty: the system's
  std::string public_url;                             // for the link to the incident; may be empty
  std::chrono::milliseconds connect_timeout{10'000};  // also of greeting and login
  std::chrono::milliseconds timeout{30'000};          // of the whole transfer
};

// Sends multipart/alternative text and HTML with the snapshot inline (RFC 2387 cid), headers
// encoded by RFC 2047, Message-ID from the alert's id, Expires (RFC 4021) a day after the event.
// Names cannot add headers or markup. TLS is required and its certificate checked unless kNone.
// Recipients the server refuses do not stop the others; the answer says how many were refused.
// Errors: kUnavailable (no connection, TLS, login, 4xx), kTimeout, kCancelled, kInvalidArgument
// (5xx to the message). kInvalidArgument from Make names the faulty option.
Result<std::unique_ptr<Notifier>> MakeEmailNotifier(const EmailOptions& options,
                                                    const Clock& clock);

}  // namespace vigil::alerts
