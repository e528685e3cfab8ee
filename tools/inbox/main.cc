// vigil-inbox: the receiver of the demo's alerts, a webhook endpoint and a mailbox on loopback. One
// JSON line an arrival.
#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/crypto.h"
#include "base/format.h"
#include "base/json.h"
#include "smtp_session.h"

namespace vigil::inbox {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kBodyBytesMax = 20'000'000;

struct Options {
  unsigned short http_port = 0;
  unsigned short smtp_port = 0;
  int fail_first = 0;
  std::string secret;  // "whsec_..."
};

void Print(const json::object& arrival) {
  std::printf("%s\n", WriteJson(arrival).c_str());
  std::fflush(stdout);
}

// Standard Webhooks: HMAC-SHA-256 over "id.timestamp.body", any of the space-separated signatures.
bool SignatureValid(const Options& options, const http::request<http::string_body>& request) {
  const auto header = [&](const char* name) { return std::string(request[name]); };
  const auto key = Base64Decode(std::string_view(options.secret).substr(6));
  if (!key) return false;
  const std::string signed_text =
      header("webhook-id") + "." + header("webhook-timestamp") + "." + request.body();
  const std::string expected = "v1," + Base64Encode(HmacSha256(*key, signed_text));
  return (" " + header("webhook-signature") + " ").find(" " + expected + " ") != std::string::npos;
}

void PrintWebhook(const Options& options, const http::request<http::string_body>& request) {
  json::object headers;
  for (const auto& field : request) {
    headers[json::string(std::string(field.name_string()))] = std::string(field.value());
  }
  const auto body = ParseJson(request.body());
  json::object arrival{{"kind", "webhook"},
                       {"headers", std::move(headers)},
                       {"body", body ? *body : json::value(request.body())}};
  if (!options.secret.empty()) arrival["signature_valid"] = SignatureValid(options, request);
  Print(arrival);
}

asio::awaitable<void> ServeWebhook(tcp::socket socket, const Options& options, int& received) {
  boost::beast::flat_buffer buffer;
  http::request_parser<http::string_body> parser;
  parser.body_limit(kBodyBytesMax);
  const auto [failure, size] = co_await http::async_read(socket, buffer, parser, kToken);
  if (failure) co_return;
  const bool refuse = received++ < options.fail_first;
  if (!refuse) PrintWebhook(options, parser.get());
  http::response<http::empty_body> answer(
      refuse ? http::status::service_unavailable : http::status::no_content, 11);
  answer.keep_alive(false);
  answer.prepare_payload();
  co_await http::async_write(socket, answer, kToken);
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> ServeMail(tcp::socket socket) {
  SmtpSession session;
  std::string input;
  std::string reply = SmtpSession::Greeting();
  for (bool close = false;;) {
    if (!reply.empty()) {
      const auto [failure, size] = co_await asio::async_write(socket, asio::buffer(reply), kToken);
      if (failure || close) co_return;
    }
    constexpr std::size_t kLineBytesMax = 1 << 20;
    const auto [failure, length] = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(input, kLineBytesMax), "\r\n", kToken);
    if (failure) co_return;
    const SmtpStep step = session.Take(std::string_view(input).substr(0, length - 2));
    input.erase(0, length);
    if (step.mail) {
      json::array to;
      for (const auto& address : step.mail->to) to.push_back(json::string(address));
      Print({{"kind", "mail"},
             {"from", step.mail->from},
             {"to", std::move(to)},
             {"data", step.mail->data}});
    }
    reply = step.reply;
    close = step.close;
  }
}

template <class Serve>
asio::awaitable<void> Accept(tcp::acceptor& acceptor, Serve serve) {
  for (;;) {
    auto [failure, socket] = co_await acceptor.async_accept(kToken);
    if (failure) co_return;
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

void Run(const Options& options) {
  asio::io_context context(1);
  const auto loopback = asio::ip::address_v4::loopback();
  tcp::acceptor webhooks(context, {loopback, options.http_port});
  tcp::acceptor mails(context, {loopback, options.smtp_port});
  Print({{"http_port", webhooks.local_endpoint().port()},
         {"smtp_port", mails.local_endpoint().port()}});
  int received = 0;
  asio::co_spawn(context,
                 Accept(webhooks,
                        [&](tcp::socket socket) {
                          return ServeWebhook(std::move(socket), options, received);
                        }),
                 asio::detached);
  asio::co_spawn(context,
                 Accept(mails, [](tcp::socket socket) { return ServeMail(std::move(socket)); }),
                 asio::detached);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](auto, auto) { context.stop(); });
  context.run();
}

}  // namespace
}  // namespace vigil::inbox

int main(int argc, char** argv) {
  vigil::inbox::Options options;
  CLI::App app("Receives webhooks and mails on 127.0.0.1 and prints them, one JSON line each.",
               "vigil-inbox");
  app.add_option("--http-port", options.http_port, "0: any free port");
  app.add_option("--smtp-port", options.smtp_port, "0: any free port");
  app.add_option("--fail-first", options.fail_first, "answer 503 to this many webhooks first");
  app.add_option("--secret", options.secret, "check signatures with this key (whsec_...)");
  CLI11_PARSE(app, argc, argv);
  if (!options.secret.empty() && !options.secret.starts_with("whsec_")) {
    std::fprintf(stderr, "vigil-inbox: --secret begins with whsec_\n");
    return 2;
  }
  try {
    vigil::inbox::Run(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "vigil-inbox: %s\n", failure.what());
    return 1;
  }
}
