// How commands reach an installation: as REST requests, answered by the running server or by this
// process.
#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "app/backend.h"
#include "base/json.h"
#include "base/result.h"
#include "config/config.h"

namespace vigil::app {

struct RestAnswer {
  int status = 0;
  json::value body;  // null when there was none

  bool Good() const { return status >= 200 && status < 300; }
};

// Sends requests with the rights of an administrator. Thread-safe; a request blocks until answered.
class RestClient {
 public:
  virtual ~RestClient() = default;
  // `target` is below /api/v1, for example "/criminals?limit=10". Errors are those of reaching the
  // server; a refusal is an answer.
  virtual Result<RestAnswer> Send(api::Method method, const std::string& target,
                                  const std::string& media_type, std::string body) = 0;

  // How many photos are worth sending at once.
  virtual int PhotosAtOnce() const = 0;

  // A JSON request whose refusal is an error, with the problem's own words.
  Result<json::value> Call(api::Method method, const std::string& target,
                           const json::value& body = nullptr);
};

// The server that works on this data directory, over its local socket; when none runs, the same
// application in this process, which then holds the directory until the client is destroyed.
// Without `models` (kNone) it starts at once, needs none installed, and takes no photos. With kMany
// this process looks at as many photos at once as recognition has workers; a server keeps to one,
// so that its cameras keep the other cores.
Result<std::unique_ptr<RestClient>> ConnectRest(const config::Config& config,
                                                PhotoModels models = PhotoModels::kLoaded);

// The same for `vigil models switch`, without models for photos; in this process a switch is worked
// on while the client lives, and serves from the next start on.
Result<std::unique_ptr<RestClient>> ConnectRestForSwitching(const config::Config& config);

// The id of the watch-list of that name; kNotFound tells which there are.
Result<std::string> FindWatchlist(RestClient& client, const std::string& name);

// "Name may be at most 200 characters" from a problem+json body, with the errors by field.
std::string ProblemText(const RestAnswer& answer);

}  // namespace vigil::app
