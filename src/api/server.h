// The HTTP server: connections, limits and deadlines. What is answered is the application's
// business.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/listen_socket.h"
#include "api/trusted_proxies.h"
#include "base/result.h"

namespace vigil::api {

struct ServerOptions {
  Listener api;
  std::filesystem::path local_socket;  // empty: none
  std::uint16_t metrics_port = 0;
  std::string metrics_address;  // empty: no metrics listener
  int threads = 2;              // I/O threads
  int store_threads = 2;
  std::size_t store_waiting_max = 64;
  int heavy_threads = 2;
  std::size_t heavy_waiting_max = 16;
  int remote_threads = 2;
  std::size_t remote_waiting_max = 4;  // each may take ten seconds: who waits longer gives up
  int connections_max = 768;
  int connections_per_address_max = 400;  // so that no one address takes them all
  TrustedProxies trusted_proxies = {};    // whose clients are counted in place of themselves
  std::size_t header_bytes_max = 8192;
  std::chrono::milliseconds header_timeout{10'000};  // also how long an idle connection is kept
  std::chrono::milliseconds body_timeout{10'000};    // and 10 s more for each megabyte
  std::chrono::milliseconds write_timeout{10'000};   // likewise
  std::chrono::milliseconds stop_timeout{3'000};     // for requests under way when stopping
};

// Listens on a TCP address, optionally on a second one for metrics and on a Unix socket (mode 0600)
// whose requests carry `local_socket`. Connections beyond the limits get a 503; header beyond the
// limit 431, body 413; who is too slow is cut. A full lane answers 503 with Retry-After. Owns its
// threads; Stop (also the destructor) refuses new connections, lets requests under way end within
// `stop_timeout`, cuts everything else and joins. The applications must outlive the server.
class Server {
 public:
  // How full a lane is, by its name in the metrics.
  struct LaneLoad {
    std::string_view queue;
    std::size_t waiting = 0;
    std::int64_t refused = 0;  // requests since the start
  };

  // kUnavailable when an address cannot be bound; the message names it, the cause and the mend.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               HttpApplication& application,
                                               HttpApplication& metrics_application);
  virtual ~Server() = default;

  virtual std::uint16_t Port() const = 0;         // the port really bound
  virtual std::uint16_t MetricsPort() const = 0;  // 0 without a metrics listener
  virtual std::vector<LaneLoad> LaneLoads() const = 0;
  virtual void Stop() = 0;  // may be called more than once
};

}  // namespace vigil::api
