// An RTSP server that streams pushed pictures as H.264: a camera in every respect but the lens.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "core/image.h"

namespace vigil::camera {

struct RtspServerOptions {
  int port = 0;  // 0: any free port; loopback only
  std::string path = "/scene";
  int width = 1280;
  int height = 720;
  int frames_per_second = 12;
  std::string user;  // empty: open to all
  std::string password;
};

// Owns a thread with GStreamer's main loop. Push is called by one thread.
class RtspServer {
 public:
  static Result<std::unique_ptr<RtspServer>> Start(const RtspServerOptions& options);
  virtual ~RtspServer() = default;

  virtual int Port() const = 0;
  // Whether somebody watches: without viewers composing a picture is wasted.
  virtual bool HasViewers() const = 0;
  virtual void Push(const RgbImage& picture) = 0;
  // Cuts every session and refuses new ones until Resume, on the same port.
  virtual void Disconnect() = 0;
  virtual Status Resume() = 0;
};

}  // namespace vigil::camera
