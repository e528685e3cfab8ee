// An HTTP client for tests that writes and reads exactly what they say.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace vigil::api {

// One connection to a server on loopback. Reads wait at most 10 s.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Reads until `end` is seen or the connection is over.
  std::string ReadUntil(std::string_view end) {
    while (text_.find(end) == text_.npos && ReadSome()) {
    }
    return std::exchange(text_, {});
  }
  // Reads at least `count` bytes, or until the connection is over.
  std::string ReadBytes(std::size_t count) {
    while (text_.size() < count && ReadSome()) {
    }
    return std::exchange(text_, {});
  }
  std::string ReadAll() {
    while (ReadSome()) {
    }
    return std::exchange(text_, {});
  }

 private:
  bool ReadSome() {
    char piece[4096];
    const ssize_t size = ::recv(socket_, piece, sizeof(piece), 0);
    if (size > 0) text_.append(piece, static_cast<std::size_t>(size));
    return size > 0;
  }

  const int socket_;
  std::string text_;
};

}  // namespace vigil::api
