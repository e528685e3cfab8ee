// Beast's WebSocket with three coroutines on one strand: one reads what the client says (pongs and
// its good-bye), one writes, and one asks for news.
#include "api/web_socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "api/run_on.h"
#include "base/log.h"

namespace vigil::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::awaitable;
using std::chrono::milliseconds;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds kHandshakeTimeout{10};
constexpr std::chrono::seconds kIdleTimeout{20};  // a ping is sent after half of it
constexpr milliseconds kGoodByeTime{500};
// Clients have nothing to say.
constexpr std::size_t kIncomingBytesMax = 4'096;

struct Socket {
  Socket(ServerStream& connection, std::shared_ptr<StreamPause> stream_pause)
      : stream(connection),
        pause(std::move(stream_pause)),
        writer_wake(connection.get_executor()) {}

  void Close() {
    closed = true;
    pause->End();
    writer_wake.cancel();
    beast::get_lowest_layer(stream).close();
  }

  websocket::stream<ServerStream&> stream;
  const std::shared_ptr<StreamPause> pause;
  // Touched on the strand only.
  std::deque<SocketMessage> queue;
  std::size_t queued_bytes = 0;
  std::optional<SocketEnd> end;  // say good-bye behind what waits
  bool closed = false;
  asio::steady_timer writer_wake;
};

awaitable<void> Listen(Socket& socket) {
  beast::flat_buffer buffer(kIncomingBytesMax);
  while (!socket.closed) {
    auto [failure, size] = co_await socket.stream.async_read(buffer, kToken);
    if (failure) break;
    buffer.clear();
  }
  socket.Close();
}

awaitable<void> SendQueue(Socket& socket) {
  while (!socket.closed) {
    if (socket.queue.empty()) {
      if (socket.end) break;
      socket.writer_wake.expires_at(asio::steady_timer::time_point::max());
      co_await socket.writer_wake.async_wait(kToken);
      continue;
    }
    const SocketMessage message = std::move(socket.queue.front());
    socket.queue.pop_front();
    socket.stream.text(message.is_text);
    auto [failure, size] = co_await socket.stream.async_write(asio::buffer(*message.bytes), kToken);
    socket.queued_bytes -= message.bytes->size();
    if (failure) socket.Close();
  }
  if (socket.closed) co_return;
  co_await socket.stream.async_close(
      {static_cast<websocket::close_code>(socket.end->code), socket.end->reason}, kToken);
  socket.Close();
}

// Queues what is new. False when the client is to be cut at once.
bool Take(Socket& socket, SocketNews news) {
  if (news.end && news.end->code == kPolicyViolation) {
    // Whose access has ended gets nothing more, however slowly the rest would be read.
    for (const SocketMessage& message : socket.queue) socket.queued_bytes -= message.bytes->size();
    socket.queue.clear();
  }
  for (SocketMessage& message : news.messages) {
    socket.queued_bytes += message.bytes->size();
    socket.queue.push_back(std::move(message));
  }
  socket.end = std::move(news.end);
  socket.writer_wake.cancel();
  return socket.queued_bytes <= kSocketQueueBytesMax;
}

// Returns when there is no more to ask for.
awaitable<void> FollowBell(Socket& socket, const HttpResponse& response, WorkPool& pool,
                           const std::atomic<bool>& stopping) {
  const std::shared_ptr<MessageStream> messages = response.messages;
  StreamPause& pause = *socket.pause;
  const BellListener listener(response.stream_bell, socket.pause);
  while (!stopping && !socket.closed && pool.TryReserve()) {
    pause.rung = false;
    std::function<SocketNews()> work = [messages]() -> SocketNews {
      try {
        return messages->Next();
      } catch (const std::exception& error) {
        LogError("api", "a live answer ended: {}", error.what());
        return {.messages = {}, .end = SocketEnd{1011, "a fault of the server"}};
      }
    };
    SocketNews news = co_await RunOn(pool, std::move(work));
    if (socket.closed) co_return;
    if (!Take(socket, std::move(news))) co_return socket.Close();
    if (socket.end) co_return;
    pause.timer.expires_after(milliseconds{response.stream_interval_ms});
    // What rang since Next was called is not waited for.
    if (!pause.rung) co_await pause.timer.async_wait(kToken);
  }
}

awaitable<void> AskForNews(Socket& socket, const HttpResponse& response, WorkPool& pool,
                           const std::atomic<bool>& stopping) {
  co_await FollowBell(socket, response, pool, stopping);
  if (socket.end && !socket.closed && !stopping) {
    // The bell is no longer listened to: nothing but the end of the good-bye cuts this short.
    socket.pause->timer.expires_after(kGoodByeTime);
    co_await socket.pause->timer.async_wait(kToken);
  }
  socket.Close();
}

}  // namespace

awaitable<void> ServeWebSocket(ServerStream& stream, const ServerRequest& request,
                               const HttpResponse& response, std::shared_ptr<StreamPause> pause,
                               WorkPool& pool, const std::atomic<bool>& stopping) {
  using asio::experimental::awaitable_operators::operator&&;
  Socket socket(stream, std::move(pause));
  stream.expires_never();  // the WebSocket keeps its own time
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = kHandshakeTimeout;
  timeouts.idle_timeout = kIdleTimeout;
  timeouts.keep_alive_pings = true;
  socket.stream.set_option(timeouts);
  socket.stream.set_option(
      websocket::stream_base::decorator([&response](websocket::response_type& answer) {
        for (const auto& [name, value] : response.headers) answer.set(name, value);
      }));
  socket.stream.read_message_max(kIncomingBytesMax);
  socket.stream.auto_fragment(false);
  auto [failure] = co_await socket.stream.async_accept(request, kToken);
  if (failure) co_return socket.Close();
  co_await (Listen(socket) && SendQueue(socket) && AskForNews(socket, response, pool, stopping));
}

}  // namespace vigil::api
