// The RTSP server of the simulated camera, and the faults it can play.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "camera/feed.h"

namespace vigil::camera {

// Times count from the first picture of the first viewer.
struct ServerOptions {
  std::uint16_t port = 0;  // 0: any free one
  std::string user;        // empty: anybody may watch
  std::string password;
  std::optional<std::chrono::milliseconds> stall_at;
  std::optional<std::chrono::milliseconds> disconnect_at;
  std::chrono::milliseconds disconnect_for{3'000};
};

// What happened, as a word for people and scripts: "first_picture", "disconnected", "restored".
using EventSink = std::function<void(const std::string& event)>;

// Serves rtsp://127.0.0.1:PORT/scene to any number of viewers, who share one stream. A disconnect
// closes every connection and the port, and opens the same port again later.
class CameraServer {
 public:
  // kUnavailable when the port cannot be opened.
  static Result<std::unique_ptr<CameraServer>> Make(std::unique_ptr<Feed> feed,
                                                    ServerOptions options, EventSink events);
  virtual ~CameraServer() = default;

  virtual std::string Url() const = 0;
  // Serves on the calling thread until SIGTERM or SIGINT. Call once.
  virtual void Run() = 0;
};

// Accepts TCP connections on 127.0.0.1 and never answers, until SIGTERM or SIGINT. `listening` is
// told the URL once the port is open. kUnavailable when it cannot be opened.
Status RunMuteServer(std::uint16_t port,
                     const std::function<void(const std::string& url)>& listening);

}  // namespace vigil::camera
