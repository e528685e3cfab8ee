// A WebSocket client for tests, on Beast: the same library as the server's, on the other side.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http.h"

namespace vigil::api {

// One connection to a server on loopback. Every step waits at most 10 s.
class SocketClient {
 public:
  // `receive_bytes`: how much the system buffers for this client; 0: as ever.
  explicit SocketClient(std::uint16_t port, int receive_bytes = 0) {
    using Tcp = boost::asio::ip::tcp;
    Tcp::socket& socket = stream_.next_layer().socket();
    socket.open(Tcp::v4());
    if (receive_bytes > 0) {
      socket.set_option(boost::asio::socket_base::receive_buffer_size(receive_bytes));
    }
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    host_ = "127.0.0.1:" + std::to_string(port);
  }

  const std::string& Host() const { return host_; }

  // The status of the answer to the handshake.
  int Open(const std::string& target, const NamedValues& headers) {
    stream_.set_option(boost::beast::websocket::stream_base::decorator(
        [&](boost::beast::websocket::request_type& request) {
          for (const auto& [name, value] : headers) request.set(name, value);
        }));
    boost::beast::websocket::response_type answer;
    Await([&](auto done) { stream_.async_handshake(answer, host_, target, done); });
    return static_cast<int>(answer.result_int());
  }

  // The next message; false when the connection is over.
  bool Read() {
    buffer_.clear();
    Await([&](auto done) {
      stream_.async_read(buffer_, [done](auto failure, std::size_t) { done(failure); });
    });
    return !failure_;
  }
  bool IsText() const { return stream_.got_text(); }
  std::string Message() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.data().size()};
  }
  // What the server said when it closed; 0 when it said nothing.
  int CloseCode() const { return stream_.reason().code; }

  void Write(const std::string& bytes) {
    Await([&](auto done) {
      stream_.async_write(boost::asio::buffer(bytes),
                          [done](auto failure, std::size_t) { done(failure); });
    });
  }
  void Close() {
    Await(
        [&](auto done) { stream_.async_close(boost::beast::websocket::close_code::normal, done); });
  }

 private:
  template <class Start>
  void Await(Start start) {
    stream_.next_layer().expires_after(std::chrono::seconds{10});
    start([this](boost::system::error_code failure) { failure_ = failure; });
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_;
  boost::beast::websocket::stream<boost::beast::tcp_stream> stream_{io_};
  boost::beast::flat_buffer buffer_;
  boost::system::error_code failure_;
  std::string host_;
};

}  // namespace vigil::api
