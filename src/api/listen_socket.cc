// Sockets of the operating system, kept out of the file that pays for Beast.
#include "api/listen_socket.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "api/local_client.h"
#include "base/format.h"

namespace vigil::api {
namespace {

// A TCP address in the form of the operating system.
struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

Result<Address> AddressOf(const Listener& listener) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
  if (::inet_pton(AF_INET, listener.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(listener.port);
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, listener.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(listener.port);
    address.size = sizeof(sockaddr_in6);
  } else {
    return Fail(ErrorCode::kInvalidArgument,
                format("listen on \"{}\": not an IP address; see [api] address in the "
                       "configuration",
                       listener.address));
  }
  return address;
}

}  // namespace

Result<ListeningSocket> ListenOnTcp(const Listener& listener, std::string_view key) {
  VIGIL_ASSIGN_OR_RETURN(Address address, AddressOf(listener));
  auto* name = reinterpret_cast<sockaddr*>(&address.bytes);
  const int descriptor = ::socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // A free port is one that nobody shares: with this option two servers that ask for one at once
  // may get the same, and the later one could not listen.
  const int reuse = listener.port == 0 ? 0 : 1;
  const bool bound =
      descriptor >= 0 &&
      ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) == 0 &&
      ::bind(descriptor, name, address.size) == 0 && ::listen(descriptor, SOMAXCONN) == 0 &&
      ::getsockname(descriptor, name, &address.size) == 0;
  if (!bound) {
    const int cause = errno;
    if (descriptor >= 0) ::close(descriptor);
    const std::string where = format("{} port {}", listener.address, listener.port);
    if (cause == EADDRINUSE) {
      return Fail(ErrorCode::kUnavailable,
                  format("listen on {}: the port is in use; stop the program that holds it or "
                         "choose another port ([api] {})",
                         where, key));
    }
    return Fail(cause == EACCES ? ErrorCode::kPermission : ErrorCode::kUnavailable,
                format("listen on {}: {}; choose another address or port ([api] {})", where,
                       std::strerror(cause), key));
  }
  const bool ip_v6 = name->sa_family == AF_INET6;
  const std::uint16_t port = ip_v6 ? reinterpret_cast<sockaddr_in6*>(name)->sin6_port
                                   : reinterpret_cast<sockaddr_in*>(name)->sin_port;
  return ListeningSocket{descriptor, ip_v6, ntohs(port)};
}

Result<ListeningSocket> ListenOnPath(const std::filesystem::path& path) {
  const std::string text = path.string();
  const auto fail = [&](std::string_view why) {
    return Fail(ErrorCode::kUnavailable, format("listen on the socket {}: {}", text, why));
  };
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (text.size() >= sizeof(name.sun_path)) {
    return fail("the path is longer than 107 characters; choose a shorter data directory");
  }
  std::memcpy(name.sun_path, text.data(), text.size());
  if (LocalServerRuns(path)) {
    return fail("another vigil serves this data directory; stop it first");
  }
  ::unlink(text.c_str());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Before listen nobody can connect, so nobody meets the wider mode.
  const bool bound =
      descriptor >= 0 &&
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 &&
      ::chmod(text.c_str(), 0600) == 0 && ::listen(descriptor, SOMAXCONN) == 0;
  if (!bound) {
    const int cause = errno;
    if (descriptor >= 0) ::close(descriptor);
    return fail(std::strerror(cause));
  }
  return ListeningSocket{.descriptor = descriptor};
}

}  // namespace vigil::api
