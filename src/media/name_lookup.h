// Name resolution and connection checks that can be stopped: FFmpeg's own name lookup cannot.
#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "core/frame_source.h"

namespace vigil::media {

struct HostAndPort {
  std::string host;  // without brackets
  std::string port;
};

// The host and port of an rtsp or rtsps URL, user-info skipped; the scheme's own port (554, 322)
// where none is given. kInvalidArgument (masked) when there is no host or the port is no number
// from 1 to 65535.
Result<HostAndPort> HostOfUrl(const std::string& url);

// What stands between us and the server, as far as TCP can tell.
enum class Reach { kConnected, kRefused, kNoRoute, kUnknownName, kTimeout, kCancelled };

// Resolves `host` without connecting. kConnected stands for "resolved"; kUnknownName, kTimeout and
// kCancelled else. Returns at `deadline` or soon after a stop even while the system's resolver is
// still waiting for an answer.
Reach ResolveName(const HostAndPort& host, SteadyTime deadline, std::stop_token stop);

// Resolves and opens one TCP connection, then closes it: after a failure it tells a dead address
// from a mute server.
Reach TryConnect(const HostAndPort& host, SteadyTime deadline, std::stop_token stop);

}  // namespace vigil::media
