// Binding of the addresses that the server listens on, with errors that name the mend.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vigil::api {

// One TCP address to listen on.
struct Listener {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, no name
  std::uint16_t port = 0;             // 0: any free port
};

// A listening socket; the caller owns the descriptor.
struct ListeningSocket {
  int descriptor = -1;
  bool ip_v6 = false;
  std::uint16_t port = 0;  // the one really bound
};

// `key` is the port's key in the configuration's [api]. kInvalidArgument for what is no address,
// kUnavailable for a port in use, kPermission for one that needs rights.
Result<ListeningSocket> ListenOnTcp(const Listener& listener, std::string_view key);

// A Unix socket of mode 0600. A stale one is replaced; kUnavailable when a living server holds it.
Result<ListeningSocket> ListenOnPath(const std::filesystem::path& path);

}  // namespace vigil::api
