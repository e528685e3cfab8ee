// One connection as a WebSocket (RFC 6455) that sends messages as they come. Only server.cc and
// what tests it include it.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "api/http.h"
#include "api/stream_pause.h"
#include "api/work_pool.h"

namespace vigil::api {

// One protocol for TCP and Unix sockets, so that the session is compiled once.
using ServerStream =
    boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::any_io_executor>;
using ServerRequest = boost::beast::http::request<boost::beast::http::string_body>;

// What a client may leave unread before it is cut: more than the burst that a joining viewer of
// video gets at once, or a camera with much between its keyframes could never be joined.
inline constexpr std::size_t kSocketQueueBytesMax = 12'000'000;

// Upgrades the connection that sent `request`, and sends what response.messages gives until it
// ends, the client goes, reads too slowly, or answers no ping for 20 s, or `stopping` is set and
// the pause ended. `pool` calls Next. Runs on the strand of `stream`; closes it.
boost::asio::awaitable<void> ServeWebSocket(ServerStream& stream, const ServerRequest& request,
                                            const HttpResponse& response,
                                            std::shared_ptr<StreamPause> pause, WorkPool& pool,
                                            const std::atomic<bool>& stopping);

}  // namespace vigil::api
