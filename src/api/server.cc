// With web_socket.cc the only file that includes Boost.Beast, and with stream_pause.h and run_on.h
// Asio: its compile time is paid once.
#include "api/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "api/read_head.h"
#include "api/run_on.h"
#include "api/stream_pause.h"
#include "api/web_socket.h"
#include "api/work_pool.h"
#include "base/log.h"

namespace vigil::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using boost::system::error_code;
using Stream = ServerStream;
using Parser = http::request_parser<http::string_body>;
using std::chrono::milliseconds;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 65'536;
constexpr milliseconds kLingerTime{3'000};
constexpr std::size_t kLingerBytesMax = 64'000'000;

struct Session {
  explicit Session(asio::generic::stream_protocol::socket socket) : stream(std::move(socket)) {}

  Stream stream;
  HttpApplication* application = nullptr;
  std::string peer;
  std::string client;  // whom it is counted for; a proxy's: of the request under way
  bool behind_proxy = false;
  bool local_socket = false;
  bool answering = false;              // touched on the session's strand only
  std::shared_ptr<StreamPause> pause;  // likewise; while a stream is sent
};

milliseconds Allowance(milliseconds base, std::size_t bytes) {
  return base + milliseconds{bytes / 100};
}

class BeastServer final : public Server {
 public:
  BeastServer(const ServerOptions& options, HttpApplication& application,
              HttpApplication& metrics_application)
      : options_(options),
        application_(application),
        metrics_application_(metrics_application),
        store_pool_(options.store_threads, options.store_waiting_max),
        heavy_pool_(options.heavy_threads, options.heavy_waiting_max),
        remote_pool_(options.remote_threads, options.remote_waiting_max),
        stream_pool_(1, static_cast<std::size_t>(options.connections_max)) {}
  ~BeastServer() override { BeastServer::Stop(); }

  Status Listen();
  void Run();

  std::uint16_t Port() const override { return port_; }
  std::uint16_t MetricsPort() const override { return metrics_port_; }
  std::vector<LaneLoad> LaneLoads() const override {
    return {{"http_store", store_pool_.Waiting(), store_pool_.Refused()},
            {"http_heavy", heavy_pool_.Waiting(), heavy_pool_.Refused()},
            {"http_remote", remote_pool_.Waiting(), remote_pool_.Refused()},
            {"http_stream", stream_pool_.Waiting(), stream_pool_.Refused()}};
  }
  void Stop() override;

 private:
  using Tcp = asio::ip::tcp;
  using Local = asio::local::stream_protocol;

  template <class Acceptor>
  awaitable<void> Accept(Acceptor& acceptor, HttpApplication& application);
  void Begin(std::shared_ptr<Session> session);
  bool HasRoomFor(const std::string& client) const;
  bool CountFor(Session& session, const std::string& client);
  awaitable<void> Serve(std::shared_ptr<Session> session);
  // False when the connection is to end.
  awaitable<bool> ServeOne(Session& session, beast::flat_buffer& buffer);
  awaitable<bool> ReadBody(Session& session, beast::flat_buffer& buffer, Parser& parser,
                           const HttpRequest& head, std::size_t bytes_max);
  awaitable<HttpResponse> Answer(Session& session, Lane lane, HttpRequest request);
  awaitable<bool> Write(Session& session, const Parser::value_type* request, HttpResponse response,
                        bool keep_alive);
  awaitable<void> WriteStream(Session& session, const HttpResponse& response);
  awaitable<bool> Refuse(Session& session, const Parser::value_type* request,
                         HttpResponse response);
  void CutSessions(bool idle_only);
  bool AwaitNoSessions(milliseconds timeout);

  const ServerOptions options_;
  HttpApplication& application_;
  HttpApplication& metrics_application_;
  std::uint16_t port_ = 0;
  std::uint16_t metrics_port_ = 0;
  bool local_bound_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable session_ended_;
  std::set<std::shared_ptr<Session>> sessions_;  // guarded by mutex_

  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::strand<asio::io_context::executor_type> control_{io_.get_executor()};  // of the acceptors
  Tcp::acceptor acceptor_{io_};
  Tcp::acceptor metrics_acceptor_{io_};
  Local::acceptor local_acceptor_{io_};
  WorkPool store_pool_;
  WorkPool heavy_pool_;
  WorkPool remote_pool_;
  WorkPool stream_pool_;
  std::vector<std::jthread> threads_;
};

Status BeastServer::Listen() {
  VIGIL_ASSIGN_OR_RETURN(const ListeningSocket api, ListenOnTcp(options_.api, "port"));
  acceptor_.assign(api.ip_v6 ? Tcp::v6() : Tcp::v4(), api.descriptor);
  port_ = api.port;
  if (!options_.metrics_address.empty()) {
    VIGIL_ASSIGN_OR_RETURN(
        const ListeningSocket metrics,
        ListenOnTcp({options_.metrics_address, options_.metrics_port}, "metrics_port"));
    metrics_acceptor_.assign(metrics.ip_v6 ? Tcp::v6() : Tcp::v4(), metrics.descriptor);
    metrics_port_ = metrics.port;
  }
  if (!options_.local_socket.empty()) {
    VIGIL_ASSIGN_OR_RETURN(const ListeningSocket local, ListenOnPath(options_.local_socket));
    local_acceptor_.assign(Local(), local.descriptor);
    local_bound_ = true;
  }
  return {};
}

void BeastServer::Run() {
  asio::co_spawn(control_, Accept(acceptor_, application_), asio::detached);
  if (metrics_acceptor_.is_open()) {
    asio::co_spawn(control_, Accept(metrics_acceptor_, metrics_application_), asio::detached);
  }
  if (local_acceptor_.is_open()) {
    asio::co_spawn(control_, Accept(local_acceptor_, application_), asio::detached);
  }
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] {
      while (!io_.stopped()) {
        try {
          io_.run();
        } catch (const std::exception& error) {
          LogError("api", "an I/O thread met an exception and goes on: {}", error.what());
        }
      }
    });
  }
}

template <class Acceptor>
awaitable<void> BeastServer::Accept(Acceptor& acceptor, HttpApplication& application) {
  asio::steady_timer pause(control_);
  while (!stopping_) {
    asio::any_io_executor strand = asio::make_strand(io_);
    auto [failure, socket] = co_await acceptor.async_accept(strand, kToken);
    if (failure == asio::error::operation_aborted || stopping_) co_return;
    if (failure) {  // for example out of file descriptors: some will be closed
      pause.expires_after(milliseconds{100});
      co_await pause.async_wait(kToken);
      continue;
    }
    std::string peer;
    constexpr bool kLocal = std::is_same_v<Acceptor, Local::acceptor>;
    if constexpr (!kLocal) {
      error_code unknown;
      peer = socket.remote_endpoint(unknown).address().to_string();
      socket.set_option(Tcp::no_delay(true), unknown);
    }
    auto session =
        std::make_shared<Session>(asio::generic::stream_protocol::socket(std::move(socket)));
    session->application = &application;
    session->peer = std::move(peer);
    session->local_socket = kLocal;
    session->behind_proxy = options_.trusted_proxies.Trusts(session->peer);
    Begin(std::move(session));
  }
}

// Under mutex_. An empty client is not counted.
bool BeastServer::HasRoomFor(const std::string& client) const {
  const auto of_client =
      std::ranges::count_if(sessions_, [&](const auto& other) { return other->client == client; });
  return client.empty() || of_client < options_.connections_per_address_max;
}

// For a proxy's connection, which serves one client after another. False: this one has too many.
bool BeastServer::CountFor(Session& session, const std::string& client) {
  const std::lock_guard lock(mutex_);
  session.client.clear();
  if (!HasRoomFor(client)) return false;
  session.client = client;
  return true;
}

void BeastServer::Begin(std::shared_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    if (!session->local_socket && !session->behind_proxy) session->client = session->peer;
    if (sessions_.size() >= static_cast<std::size_t>(options_.connections_max) ||
        !HasRoomFor(session->client)) {
      const std::string full = WireText(session->application->Refuse(Busy(), nullptr));
      error_code ignored;
      session->stream.socket().non_blocking(true, ignored);
      session->stream.socket().send(asio::buffer(full), 0, ignored);
      return;
    }
    sessions_.insert(session);
  }
  const asio::any_io_executor strand = session->stream.get_executor();
  asio::co_spawn(strand, Serve(session), [this, session](const std::exception_ptr& thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      LogError("api", "a connection ended by an exception: {}", error.what());
    }
    session->stream.close();
    const std::lock_guard lock(mutex_);
    sessions_.erase(session);
    session_ended_.notify_all();
  });
}

awaitable<void> BeastServer::Serve(std::shared_ptr<Session> session) {
  beast::flat_buffer buffer(options_.header_bytes_max + kReadBytes);
  while (!stopping_) {
    session->answering = false;
    if (session->behind_proxy) CountFor(*session, {});
    const bool more = co_await ServeOne(*session, buffer);
    if (!more) break;
  }
}

awaitable<bool> BeastServer::ServeOne(Session& session, beast::flat_buffer& buffer) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
  parser.body_limit(boost::none);
  session.stream.expires_after(options_.header_timeout);
  auto [failure, size] = co_await http::async_read_header(session.stream, buffer, parser, kToken);
  if (failure) {
    const std::optional<Problem> refusal = HeaderFailure(failure);
    if (!refusal) co_return false;
    co_return co_await Refuse(session, nullptr, session.application->Refuse(*refusal, nullptr));
  }
  if (stopping_) co_return false;
  session.answering = true;
  const Parser::value_type& message = parser.get();
  Result<HttpRequest> head = HeadOf(message);
  if (!head) {
    co_return co_await Refuse(session, &message,
                              session.application->Refuse(Problem(head.error()), nullptr));
  }
  head->peer = session.peer;
  head->local_socket = session.local_socket;
  options_.trusted_proxies.NameClient(*head);
  if (session.behind_proxy && !CountFor(session, head->peer)) {
    co_return co_await Refuse(session, &message, session.application->Refuse(Busy(), &*head));
  }
  HttpApplication::Plan plan = session.application->Prepare(*head);
  if (plan.refusal) {
    const bool whole = parser.is_done() || parser.content_length().value_or(1) == 0;
    if (whole && !parser.chunked()) {
      co_return co_await Write(session, &message, *std::move(plan.refusal), message.keep_alive());
    }
    co_return co_await Refuse(session, &message, *std::move(plan.refusal));
  }
  const bool body_read = co_await ReadBody(session, buffer, parser, *head, plan.body_bytes_max);
  if (!body_read) co_return false;
  HttpRequest request = *std::move(head);
  request.body = std::move(parser.get().body());
  HttpResponse response = co_await Answer(session, plan.lane, std::move(request));
  if (response.messages) {
    session.answering = false;  // as a stream
    session.pause = std::make_shared<StreamPause>(session.stream.get_executor());
    co_await ServeWebSocket(session.stream, message, response, session.pause, stream_pool_,
                            stopping_);
    co_return false;
  }
  const bool keep_alive = message.keep_alive() && !stopping_;
  co_return co_await Write(session, &message, std::move(response), keep_alive);
}

awaitable<bool> BeastServer::ReadBody(Session& session, beast::flat_buffer& buffer, Parser& parser,
                                      const HttpRequest& head, std::size_t bytes_max) {
  const Problem too_large(413, "too_large", format("the body is larger than {} bytes", bytes_max));
  const auto length = parser.content_length();
  if (length && *length > bytes_max) {
    co_await Refuse(session, &parser.get(), session.application->Refuse(too_large, &head));
    co_return false;
  }
  parser.body_limit(bytes_max);  // for chunked bodies, whose length is not known before
  session.stream.expires_after(
      Allowance(options_.body_timeout, length ? static_cast<std::size_t>(*length) : bytes_max));
  if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    auto [failure, size] =
        co_await asio::async_write(session.stream, asio::buffer(kContinue), kToken);
    if (failure) co_return false;
  }
  auto [failure, size] = co_await http::async_read(session.stream, buffer, parser, kToken);
  if (!failure) co_return true;
  if (failure == http::error::body_limit) {
    co_await Refuse(session, &parser.get(), session.application->Refuse(too_large, &head));
  } else if (const std::optional<Problem> refusal = HeaderFailure(failure)) {
    co_await Refuse(session, &parser.get(), session.application->Refuse(*refusal, &head));
  }
  co_return false;
}

awaitable<HttpResponse> BeastServer::Answer(Session& session, Lane lane, HttpRequest request) {
  HttpApplication& application = *session.application;
  if (lane == Lane::kQuick) co_return application.Handle(request);
  WorkPool& pool = lane == Lane::kHeavy    ? heavy_pool_
                   : lane == Lane::kRemote ? remote_pool_
                                           : store_pool_;
  if (!pool.TryReserve()) co_return application.Refuse(Busy(), &request);
  std::function<HttpResponse()> work = [this, &application, &request] {
    return stopping_ ? application.Refuse(Busy(), &request) : application.Handle(request);
  };
  co_return co_await RunOn(pool, std::move(work));
}

awaitable<bool> BeastServer::Write(Session& session, const Parser::value_type* request,
                                   HttpResponse response, bool keep_alive) {
  const bool head_only = request != nullptr && request->method() == http::verb::head;
  http::response<http::string_body> message;
  message.version(request == nullptr ? 11 : request->version());
  message.result(static_cast<unsigned>(response.status));
  message.reason(StatusTitle(response.status));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep_alive && !response.stream);
  if (!response.stream && response.status != 204) message.content_length(response.body.size());
  if (!head_only && !response.stream) message.body() = std::move(response.body);
  http::response_serializer<http::string_body> serializer(message);
  session.stream.expires_after(Allowance(options_.write_timeout, message.body().size()));
  if (head_only || response.stream) {
    auto [failure, size] = co_await http::async_write_header(session.stream, serializer, kToken);
    if (failure) co_return false;
    if (response.stream && !head_only) co_await WriteStream(session, response);
  } else {
    auto [failure, size] = co_await http::async_write(session.stream, serializer, kToken);
    if (failure) co_return false;
  }
  co_return keep_alive && !response.stream;
}

awaitable<void> BeastServer::WriteStream(Session& session, const HttpResponse& response) {
  session.answering = false;  // a stream has no end to wait for: stopping cuts it
  const std::shared_ptr<BodyStream> stream = response.stream;
  const auto pause = std::make_shared<StreamPause>(session.stream.get_executor());
  session.pause = pause;
  const BellListener listener(response.stream_bell, pause);
  while (!stopping_ && !PeerIsGone(session.stream.socket().native_handle()) &&
         stream_pool_.TryReserve()) {
    pause->rung = false;
    std::function<std::optional<std::string>()> work = [stream]() -> std::optional<std::string> {
      try {
        return stream->Next();
      } catch (const std::exception& error) {
        LogError("api", "a live answer ended: {}", error.what());
        return std::nullopt;
      }
    };
    const std::optional<std::string> piece = co_await RunOn(stream_pool_, std::move(work));
    if (!piece) co_return;
    if (!piece->empty()) {
      session.stream.expires_after(options_.write_timeout);
      auto [failure, size] =
          co_await asio::async_write(session.stream, asio::buffer(*piece), kToken);
      if (failure) co_return;
    }
    // What rang since Next was called is not waited for.
    pause->timer.expires_after(milliseconds{response.stream_interval_ms});
    if (!pause->rung) co_await pause->timer.async_wait(kToken);
  }
}

awaitable<bool> BeastServer::Refuse(Session& session, const Parser::value_type* request,
                                    HttpResponse response) {
  co_await Write(session, request, std::move(response), false);
  // Closing with unread input resets the connection, and the client would lose the answer: read it
  // away for a while.
  error_code ignored;
  session.stream.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  session.answering = false;
  session.stream.expires_after(kLingerTime);
  std::string waste(kReadBytes, '\0');
  for (std::size_t read = 0; read < kLingerBytesMax && !stopping_;) {
    auto [failure, size] = co_await session.stream.async_read_some(asio::buffer(waste), kToken);
    if (failure) break;
    read += size;
  }
  co_return false;
}

void BeastServer::CutSessions(bool idle_only) {
  const std::lock_guard lock(mutex_);
  for (const std::shared_ptr<Session>& session : sessions_) {
    asio::post(session->stream.get_executor(), [session, idle_only] {
      if (idle_only && session->answering) return;
      session->stream.close();
      if (session->pause) session->pause->End();
    });
  }
}

bool BeastServer::AwaitNoSessions(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return session_ended_.wait_for(lock, timeout, [this] { return sessions_.empty(); });
}

void BeastServer::Stop() {
  if (stopping_.exchange(true)) return;
  if (!threads_.empty()) {
    asio::post(control_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      metrics_acceptor_.close(ignored);
      local_acceptor_.close(ignored);
    });
    CutSessions(true);
    if (!AwaitNoSessions(options_.stop_timeout)) {
      CutSessions(false);
      AwaitNoSessions(milliseconds{500});
    }
  }
  store_pool_.Close();
  heavy_pool_.Close();
  remote_pool_.Close();
  stream_pool_.Close();
  work_.reset();
  io_.stop();
  threads_.clear();
  sessions_.clear();
  if (local_bound_) ::unlink(options_.local_socket.c_str());
}

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              HttpApplication& application,
                                              HttpApplication& metrics_application) {
  auto server = std::make_unique<BeastServer>(options, application, metrics_application);
  VIGIL_RETURN_IF_ERROR(server->Listen());
  server->Run();
  return server;
}

}  // namespace vigil::api
