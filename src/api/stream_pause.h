// How the server waits between the pieces of an endless answer. Included where Asio is.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "api/http.h"

namespace vigil::api {

// The wait between two pieces of a stream. Touched on the session's strand only, but for `rung`.
struct StreamPause {
  explicit StreamPause(const boost::asio::any_io_executor& executor) : timer(executor) {}

  void End() {
    rung = true;
    timer.cancel();
  }

  boost::asio::steady_timer timer;
  std::atomic<bool> rung = false;
};

// Connects a stream's bell with its pause for as long as it lives.
class BellListener {
 public:
  BellListener(std::shared_ptr<StreamBell> bell, const std::shared_ptr<StreamPause>& pause)
      : bell_(std::move(bell)) {
    if (!bell_) return;
    bell_->Listen([pause] {
      // Many rings in a row are one.
      if (pause->rung.exchange(true)) return;
      boost::asio::post(pause->timer.get_executor(), [pause] { pause->timer.cancel(); });
    });
  }
  BellListener(const BellListener&) = delete;
  BellListener& operator=(const BellListener&) = delete;
  ~BellListener() {
    if (bell_) bell_->Listen({});
  }

 private:
  const std::shared_ptr<StreamBell> bell_;
};

// Whether the other side closed the connection. Nobody reads while a stream is sent, and a quiet
// stream would notice only when it next has something to say.
inline bool PeerIsGone(int socket) {
  char byte = 0;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace vigil::api
