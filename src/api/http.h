// Requests and answers as plain values, so that handlers and their tests never see the server
// library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vigil::api {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOther };

// "GET", "HEAD", ...; kOther is "OTHER".
std::string_view MethodName(Method method);
// The method of that name; kOther for any other.
Method MethodOf(std::string_view name);

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// One whole request. Header names are lower-case; path segments and query values are
// percent-decoded.
struct HttpRequest {
  Method method = Method::kGet;
  std::string path;                   // as sent, without the query
  std::vector<std::string> segments;  // "/a/b%20c" -> {"a", "b c"}
  NamedValues query;
  NamedValues headers;
  std::string body;
  std::string peer;           // the client's address without port; empty for the local socket
  std::string scheme = {};    // "http" or "https" where a trusted proxy told it, else empty
  bool local_socket = false;  // came through the Unix socket of the data directory

  // The first header of that lower-case name, or an empty text.
  std::string_view Header(std::string_view name) const;
  std::optional<std::string> Query(std::string_view name) const;
};

// The media type of a Content-Type header without its parameters, in lower case: types are compared
// without regard to case (RFC 9110, 8.3.1).
std::string MediaTypeOf(std::string_view content_type);

// Reads the target of a request line ("/a/b?x=1") into a request without headers and body.
// kInvalidArgument for a target that is no absolute path (RFC 9112, 3.2.1), and for segments that
// hold a slash or a control character after decoding.
Result<HttpRequest> RequestOf(Method method, std::string_view target);

// Tells the server that a stream has something new, so that it need not wait for the interval.
// Thread-safe.
class StreamBell {
 public:
  // Never blocks. Nothing happens while nobody listens.
  void Ring();
  // Of the server: `on_ring` is called for each Ring from now on, from any thread, and not any more
  // once another Listen has returned. Empty: nobody listens.
  void Listen(std::function<void()> on_ring);

 private:
  std::mutex mutex_;
  std::function<void()> on_ring_;  // guarded by mutex_
};

// The body of an answer without end. The server calls Next about `interval_ms` apart on its stream
// thread.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The next piece, an empty text when there is nothing new, nothing at all to end the answer. Must
  // not wait.
  virtual std::optional<std::string> Next() = 0;
};

// One message to the client of a WebSocket.
struct SocketMessage {
  std::shared_ptr<const std::string> bytes;
  bool is_text = false;
};

// The access of a WebSocket's client has ended: nothing more is sent to it.
inline constexpr std::uint16_t kPolicyViolation = 1008;

// Why a WebSocket is closed (RFC 6455, 7.4): 1008 as above, 1012 join again ...
struct SocketEnd {
  std::uint16_t code = 1000;
  std::string reason;  // at most 123 bytes
};

struct SocketNews {
  std::vector<SocketMessage> messages;
  std::optional<SocketEnd> end;  // behind the messages
};

// What the client of a WebSocket is sent. The server calls Next as it does of a BodyStream.
class MessageStream {
 public:
  virtual ~MessageStream() = default;
  // What is new, perhaps nothing. Must not wait.
  virtual SocketNews Next() = 0;
};

struct HttpResponse {
  int status = 200;
  NamedValues headers;  // Content-Length, Connection and Date are the server's
  std::string body;
  std::shared_ptr<BodyStream>
      stream;  // when set, sent after the head in place of `body` until it ends
  std::shared_ptr<MessageStream> messages;  // when set, with status 101: a WebSocket of these
  int stream_interval_ms = 125;
  std::shared_ptr<StreamBell> stream_bell;  // when set, Next is also called soon after each Ring
};

// An answer with a body of the given media type, never cached.
HttpResponse BodyResponse(int status, std::string media_type, std::string body);

// Where a handler runs: kQuick on the I/O thread (memory only), kStore may wait for the database or
// a file, kHeavy burns processor time (password hashing, photos), kRemote waits for other machines,
// for as long as they please, and so holds up nobody else.
enum class Lane { kQuick, kStore, kHeavy, kRemote };

struct Problem;

// What the server asks of the program above it. Called by several threads at a time.
class HttpApplication {
 public:
  virtual ~HttpApplication() = default;

  struct Plan {
    std::optional<HttpResponse> refusal;  // answer at once without reading the body
    std::size_t body_bytes_max = 0;
    Lane lane = Lane::kQuick;
  };
  // Decides by the head alone; `request.body` is still empty. Runs on an I/O thread and must not
  // wait.
  virtual Plan Prepare(const HttpRequest& request) = 0;
  // Answers a whole request; never throws.
  virtual HttpResponse Handle(const HttpRequest& request) = 0;
  // The answer where the server itself refuses: a header or body beyond its limit, a full lane, too
  // many connections. `request` is its head, or nullptr where none could be read. Must not wait.
  virtual HttpResponse Refuse(const Problem& problem, const HttpRequest* request) = 0;
};

}  // namespace vigil::api
