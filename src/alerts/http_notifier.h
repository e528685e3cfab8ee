// Alerts as HTTP requests of any shape, described by templates: SMS gateways, messengers, hooks.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/alert.h"

namespace vigil::alerts {

// A header or a form field.
struct NamedTemplate {
  std::string name;
  Secret text;  // a template; may hold a credential
  bool operator==(const NamedTemplate&) const = default;
};

struct HttpOptions {
  std::string method = "POST";  // GET, POST, PUT or PATCH
  // A template whose scheme and host are plain text; values are percent-encoded in it.
  Secret url;
  Secret secret;  // what {{secret}} stands for
  std::vector<NamedTemplate> headers;
  // Decides how values are written into the body: application/json (or +json),
  // application/x-www-form-urlencoded, text/html, text/plain, or multipart/form-data.
  std::string content_type = "application/json";
  std::string body;                   // a template; not for multipart/form-data
  std::vector<NamedTemplate> fields;  // of multipart/form-data
  std::string snapshot_field;         // the picture's field in it; empty: none
  std::string success = "200-299";    // statuses that mean delivered: "200,202" or "200-299"
  bool allow_private_addresses = false;
  std::string ca_file;
  std::string public_url;
  std::size_t snapshot_max_bytes = 512 * 1024;  // larger pictures are left out
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};  // of the whole request
};

// One request an attempt, over a fresh connection; redirects, proxies and addresses as for
// webhooks. Deliver answers "HTTP 200" and the first words of the reply. Errors as
// ExplainHttpStatus tells. kInvalidArgument from Make names the option and what is wrong with it:
// an unknown placeholder, a body that is no JSON once it is filled in.
Result<std::unique_ptr<Notifier>> MakeHttpNotifier(const HttpOptions& options, const Clock& clock);

}  // namespace vigil::alerts
