// How many answers without end are open, in all and by user: one user's forgotten tabs leave room
// for the others.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/problem.h"
#include "api/router.h"

namespace vigil::api {

// Thread-safe. Seats hold it, so that it outlives them.
class StreamSeats : public std::enable_shared_from_this<StreamSeats> {
 public:
  // One open stream; destroying it makes room.
  class Seat {
   public:
    Seat(std::shared_ptr<StreamSeats> seats, std::string user_id)
        : seats_(std::move(seats)), user_id_(std::move(user_id)) {}
    ~Seat() { seats_->Leave(user_id_); }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    const std::shared_ptr<StreamSeats> seats_;
    const std::string user_id_;
  };

  StreamSeats(int streams_max, int of_user_max)
      : streams_max_(streams_max), of_user_max_(of_user_max) {}

  // 503 when all are taken, 429 when this user has too many; both with Retry-After. The local
  // socket, which has no user, counts among all only.
  std::expected<std::unique_ptr<Seat>, Problem> Take(const Principal& who);

 private:
  void Leave(const std::string& user_id);

  const int streams_max_;
  const int of_user_max_;
  std::mutex mutex_;
  int taken_ = 0;                       // guarded by mutex_
  std::map<std::string, int> of_user_;  // likewise
};

// Whether the sender of `request` may go on following a stream. Only a definite no ends one: a
// database that cannot answer now is asked again.
bool MayStillFollow(Authenticator& authenticator, const HttpRequest& request);

}  // namespace vigil::api
