// Counting of seats.
#include "api/stream_seats.h"

#include "base/format.h"

namespace vigil::api {
namespace {

std::unexpected<Problem> Full(int status, std::string detail) {
  Problem problem(status, "too_many_streams", std::move(detail));
  problem.headers.emplace_back("Retry-After", "10");
  return std::unexpected(std::move(problem));
}

}  // namespace

std::expected<std::unique_ptr<StreamSeats::Seat>, Problem> StreamSeats::Take(const Principal& who) {
  const std::lock_guard lock(mutex_);
  if (!who.user_id.empty()) {
    const auto found = of_user_.find(who.user_id);
    if (found != of_user_.end() && found->second >= of_user_max_) {
      return Full(429, format("{} has {} streams open already: close some, or wait until those of "
                              "closed pages end",
                              who.user_name, of_user_max_));
    }
  }
  if (taken_ >= streams_max_) {
    return Full(503, format("{} clients follow already; try again later", streams_max_));
  }
  ++taken_;
  if (!who.user_id.empty()) ++of_user_[who.user_id];
  return std::make_unique<Seat>(shared_from_this(), who.user_id);
}

void StreamSeats::Leave(const std::string& user_id) {
  const std::lock_guard lock(mutex_);
  --taken_;
  if (user_id.empty()) return;
  const auto found = of_user_.find(user_id);
  if (--found->second == 0) of_user_.erase(found);
}

bool MayStillFollow(Authenticator& authenticator, const HttpRequest& request) {
  if (request.local_socket) return true;
  const Result<Principal> who = authenticator.Authenticate(request);
  return who.has_value() || who.error().code != ErrorCode::kPermission;
}

}  // namespace vigil::api
