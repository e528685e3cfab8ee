// A camera that takes the connection and then says nothing.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/format.h"
#include "camera/server.h"

namespace vigil::camera {
namespace {

constexpr std::size_t kConnectionsMax = 64;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      close(number_);
    }
  }
  int number() const { return number_; }

 private:
  int number_;
};

Result<sockaddr_in> Listen(int socket_number, std::uint16_t port) {
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (setsockopt(socket_number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(socket_number, generic, length) != 0 || listen(socket_number, 16) != 0 ||
      getsockname(socket_number, generic, &length) != 0) {
    return Fail(ErrorCode::kUnavailable,
                format("cannot listen on 127.0.0.1:{}: {}; choose another --port", port,
                       std::strerror(errno)));
  }
  return address;
}

}  // namespace

Status RunMuteServer(std::uint16_t port,
                     const std::function<void(const std::string& url)>& listening) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const Descriptor stop(signalfd(-1, &signals, SFD_CLOEXEC));
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  VIGIL_ASSIGN_OR_RETURN(const sockaddr_in address, Listen(listener.number(), port));
  listening(format("rtsp://127.0.0.1:{}/scene", ntohs(address.sin_port)));
  std::vector<Descriptor> connections;
  for (;;) {
    pollfd waiting[] = {{stop.number(), POLLIN, 0}, {listener.number(), POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0 || waiting[0].revents != 0) {
      return {};
    }
    Descriptor connection(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.number() >= 0 && connections.size() < kConnectionsMax) {
      connections.push_back(std::move(connection));
    }
  }
}

}  // namespace vigil::camera
