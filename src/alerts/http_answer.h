// What a receiver's HTTP status means for a message, the same for every channel that speaks HTTP.
#pragma once

#include <string>

#include "base/result.h"

namespace vigil::alerts {

// "HTTP 503" as a failure of `host`. kInvalidArgument for a status that refuses this very message
// (400, 410, 413, 415, 422), so that sending it again is in vain; kTimeout for 408; kUnavailable
// for all others, which pass by themselves (429, 5xx) or when people mend receiver or configuration
// (401, 403, 404, redirects).
Error ExplainHttpStatus(long status, const std::string& host);

}  // namespace vigil::alerts
