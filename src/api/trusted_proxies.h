// Who really asks, when a proxy stands between: the only place that believes X-Forwarded headers.
#pragma once

#include <string>
#include <vector>

#include "api/http.h"
#include "base/ip_address.h"

namespace vigil::api {

// The proxies that may name the client of a request. Immutable.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // nobody
  // Addresses and ranges of them. kInvalidArgument names the one that is none.
  static Result<TrustedProxies> Of(const std::vector<std::string>& ranges);

  bool Trusts(const std::string& address) const;
  // Sets `peer` and `scheme` of a request that came from `request.peer`. Only where that is a
  // trusted proxy, its client is the right-most address of X-Forwarded-For that is none: what
  // stands left of it anybody may have written. An entry that is no address ends the search, and at
  // most 32 are read.
  void NameClient(HttpRequest& request) const;

 private:
  bool Trusts(const IpAddress& address) const;

  std::vector<IpRange> ranges_;
};

}  // namespace vigil::api
