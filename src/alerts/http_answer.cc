// The table of statuses.
#include "alerts/http_answer.h"

#include "base/format.h"

namespace vigil::alerts {
namespace {

// Whether the receiver refused this very message.
bool RefusesMessage(long status) {
  return status == 400 || status == 410 || status == 413 || status == 415 || status == 422;
}

}  // namespace

Error ExplainHttpStatus(long status, const std::string& host) {
  if (status >= 300 && status <= 399) {
    return {ErrorCode::kUnavailable,
            format("{}: answered with a redirect (HTTP {}); redirects are not followed, write the "
                   "final address into url",
                   host, status)};
  }
  const ErrorCode code = RefusesMessage(status) ? ErrorCode::kInvalidArgument
                         : status == 408        ? ErrorCode::kTimeout
                                                : ErrorCode::kUnavailable;
  return {code, format("{}: answered HTTP {}", host, status)};
}

}  // namespace vigil::alerts
