// Real receivers on 127.0.0.1 for the tests of the notifiers: small, scripted, one connection at a
// time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/format.h"

namespace vigil::alerts {

// One accepted connection. Reads give up when the peer closes or the server stops.
class Connection {
 public:
  Connection(int socket, std::stop_token stop) : socket_(socket), stop_(std::move(stop)) {}
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Text up to and with `end`; empty when the connection ended first.
  std::string ReadThrough(std::string_view end) {
    std::size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!Receive()) return {};
    }
    return Cut(at + end.size());
  }

  std::string ReadExactly(std::size_t length) {
    while (buffer_.size() < length) {
      if (!Receive()) return {};
    }
    return Cut(length);
  }

  void Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Blocks until the peer closes or the server stops.
  void AwaitEnd() {
    while (Receive()) buffer_.clear();
  }

 private:
  bool Receive() {
    while (!stop_.stop_requested()) {
      pollfd wait{socket_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      char bytes[4096];
      const ssize_t received = ::recv(socket_, bytes, sizeof bytes, 0);
      if (received <= 0) return false;
      buffer_.append(bytes, static_cast<std::size_t>(received));
      return true;
    }
    return false;
  }

  std::string Cut(std::size_t length) {
    std::string text = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return text;
  }

  const int socket_;
  const std::stop_token stop_;
  std::string buffer_;
};

// Listens on a free port and hands each connection to `serve`, one after the other, on its own
// thread.
class LoopbackServer {
 public:
  explicit LoopbackServer(std::function<void(Connection&)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    VIGIL_CHECK(::bind(listener_, generic, length) == 0 && ::listen(listener_, 8) == 0);
    VIGIL_CHECK(::getsockname(listener_, generic, &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { Accept(std::move(stop)); });
  }
  ~LoopbackServer() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }

  int Port() const { return port_; }

 private:
  void Accept(std::stop_token stop) {
    while (!stop.stop_requested()) {
      pollfd wait{listener_, POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      Connection connection(socket, stop);
      serve_(connection);
    }
  }

  const std::function<void(Connection&)> serve_;
  int listener_ = -1;
  int port_ = 0;
  std::jthread thread_;
};

// What a server saw, for the test's thread.
template <class T>
class Collected {
 public:
  void Add(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }
  std::vector<T> All() const {
    const std::lock_guard lock(mutex_);
    return items_;
  }
  void Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return items_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
};

struct HttpRequest {
  std::string head;
  std::string body;

  // The value of a header line, or empty.
  std::string Header(const std::string& name) const {
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

// Answers each request with `reply` (a whole HTTP response), or never while `hang` is set.
class HttpReceiver {
 public:
  std::string Url() const { return format("http://127.0.0.1:{}/hook", server_.Port()); }
  int Port() const { return server_.Port(); }
  void SetReply(std::string reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
  }
  void Hang() { SetReply(""); }

  Collected<HttpRequest> requests;

 private:
  void Serve(Connection& connection) {
    HttpRequest request;
    request.head = connection.ReadThrough("\r\n\r\n");
    const std::string length = request.Header("Content-Length");
    if (length.empty()) return;
    request.body = connection.ReadExactly(std::stoul(length));
    std::string reply;
    {
      const std::lock_guard lock(mutex_);
      reply = reply_;
    }
    requests.Add(std::move(request));
    if (reply.empty()) return connection.AwaitEnd();
    connection.Write(reply);
  }

  std::mutex mutex_;
  std::string reply_ = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
  LoopbackServer server_{[this](Connection& connection) { Serve(connection); }};
};

struct Mail {
  std::vector<std::string> commands;
  std::string data;  // as on the wire, without the final dot
};

// Speaks SMTP; `replies` overrules the answer to commands that start with the given word ("RCPT"),
// "greeting" and "data end". An empty reply means that the server falls silent.
class SmtpReceiver {
 public:
  std::string Url() const { return format("smtp://127.0.0.1:{}", server_.Port()); }
  void SetReply(const std::string& command, std::string reply) {
    const std::lock_guard lock(mutex_);
    replies_.emplace_back(command, std::move(reply));
  }

  Collected<Mail> mails;             // completed ones
  Collected<std::string> greetings;  // one a connection

 private:
  std::string ReplyTo(std::string_view command, std::string_view usual) {
    const std::lock_guard lock(mutex_);
    for (const auto& [prefix, reply] : replies_) {
      if (command.starts_with(prefix)) return reply;
    }
    return std::string(usual);
  }

  bool Answer(Connection& connection, std::string_view command, std::string_view usual) {
    const std::string reply = ReplyTo(command, usual);
    if (reply.empty()) {
      connection.AwaitEnd();
      return false;
    }
    connection.Write(reply + "\r\n");
    return true;
  }

  void Serve(Connection& connection) {
    greetings.Add("greeted");
    if (!Answer(connection, "greeting", "220 loopback")) return;
    Mail mail;
    for (;;) {
      const std::string line = connection.ReadThrough("\r\n");
      if (line.empty()) return;
      mail.commands.push_back(line.substr(0, line.size() - 2));
      if (line.starts_with("QUIT")) return connection.Write("221 bye\r\n");
      const bool data = line.starts_with("DATA");
      const bool hello = line.starts_with("EHLO");
      const std::string_view usual = data    ? "354 go ahead"
                                     : hello ? "250-loopback\r\n250 AUTH PLAIN"
                                             : "250 fine";
      if (!Answer(connection, line, usual)) return;
      if (!data || !ReplyTo(line, usual).starts_with("354")) continue;
      mail.data = connection.ReadThrough("\r\n.\r\n");
      const std::string end = ReplyTo("data end", "250 queued as 7");
      if (end.starts_with("250")) mails.Add(mail);
      if (!Answer(connection, "data end", end)) return;
    }
  }

  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> replies_;
  LoopbackServer server_{[this](Connection& connection) { Serve(connection); }};
};

}  // namespace vigil::alerts
