// The server over real sockets: limits, slow and rude clients, and a clean stop.
#include "api/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>

#include "api/local_client.h"

namespace vigil::api {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

// Says "alive" for ever.
class EndlessStream final : public BodyStream {
 public:
  std::optional<std::string> Next() override { return "alive\n"; }
};

// Echoes bodies of at most 1000 bytes; some paths misbehave as their name says.
class EchoApplication final : public HttpApplication {
 public:
  Plan Prepare(const HttpRequest& request) override {
    if (request.path == "/refused") return {BodyResponse(401, "text/plain", "no"), 0, Lane::kQuick};
    if (request.path == "/heavy") return {std::nullopt, 0, Lane::kHeavy};
    return {std::nullopt, 1000, Lane::kStore};
  }
  HttpResponse Handle(const HttpRequest& request) override {
    if (request.path == "/heavy") {
      ++heavy_running;
      release.wait();
    }
    HttpResponse response = BodyResponse(200, "text/plain", "echo:" + request.body);
    if (request.local_socket) response.headers.emplace_back("X-Local", "1");
    if (request.path == "/stream") {
      response.stream = std::make_shared<EndlessStream>();
      response.stream_interval_ms = 1;
    }
    return response;
  }

  std::latch release{1};
  std::atomic<int> heavy_running = 0;
};

// A client that writes and reads exactly what the test says.
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

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-server-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    options_.local_socket = directory_ / "vigil.sock";
    options_.metrics_address = "127.0.0.1";
  }
  ~ServerTest() override {
    if (application_.heavy_running > 0 && !released_) application_.release.count_down();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  Server& Start() {
    auto server = Server::Start(options_, application_, application_);
    EXPECT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    return *server_;
  }
  std::string Exchange(const std::string& request) {
    Client client(server_->Port());
    client.Send(request);
    return client.ReadAll();
  }
  static std::string Post(std::string_view path, std::size_t size) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + std::to_string(size) +
           "\r\n\r\n" + std::string(size, 'b');
  }

  std::filesystem::path directory_;
  ServerOptions options_;
  EchoApplication application_;
  bool released_ = false;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersOnBothPorts) {
  Server& server = Start();
  EXPECT_THAT(Exchange(Post("/x", 3)), HasSubstr("\r\n\r\necho:bbb"));
  Client client(server.MetricsPort());
  client.Send(Post("/x", 2));
  EXPECT_THAT(client.ReadAll(), HasSubstr("echo:bb"));
}

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  Client client(Start().Port());
  for (int i = 0; i < 3; ++i) {
    client.Send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n" + std::to_string(i));
    EXPECT_THAT(client.ReadUntil("echo:" + std::to_string(i)), StartsWith("HTTP/1.1 200 OK"));
  }
}

TEST_F(ServerTest, HeadHasALengthAndNoBody) {
  Start();
  const std::string answer = Exchange("HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST_F(ServerTest, TooLargeBodiesAre413) {
  Start();
  EXPECT_THAT(Exchange(Post("/x", 1000)), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Exchange(Post("/x", 1001)), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Exchange(Post("/x", 5'000'000)), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Exchange("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                       std::string(2000, 'b') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, TooLargeHeadersAre431) {
  Start();
  EXPECT_THAT(
      Exchange("GET /x HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(9000, 'a') + "\r\n\r\n"),
      StartsWith("HTTP/1.1 431"));
}

TEST_F(ServerTest, RefusesAmbiguousAndMalformedRequests) {
  Start();
  for (const std::string& request :
       {std::string("nonsense\r\n\r\n"), std::string("GET x HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET /%2F HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET /x HTTP/1.1\r\nHost : x\r\n\r\n"),
        std::string("POST /x HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        std::string("POST /x HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n0\r\n\r\n")}) {
    EXPECT_THAT(Exchange(request), StartsWith("HTTP/1.1 400")) << request;
  }
}

TEST_F(ServerTest, RefusesBeforeReadingTheBody) {
  Client client(Start().Port());
  client.Send("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("no"), StartsWith("HTTP/1.1 401"));
}

TEST_F(ServerTest, SaysContinueToClientsThatAsk) {
  Client client(Start().Port());
  client.Send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  client.Send("ok");
  EXPECT_THAT(client.ReadUntil("echo:ok"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, CutsSlowHeadersAndBodies) {
  options_.header_timeout = milliseconds{100};
  options_.body_timeout = milliseconds{100};
  const std::uint16_t port = Start().Port();
  Client slow_header(port);
  slow_header.Send("GET /x HTTP/1.1\r\nHos");
  EXPECT_EQ(slow_header.ReadAll(), "");
  Client slow_body(port);
  slow_body.Send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na");
  EXPECT_EQ(slow_body.ReadAll(), "");
}

TEST_F(ServerTest, TurnsAwayConnectionsBeyondTheLimit) {
  options_.connections_max = 1;
  Client first(Start().Port());
  first.Send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  first.ReadUntil("echo:");
  Client second(server_->Port());
  EXPECT_THAT(second.ReadAll(), StartsWith("HTTP/1.1 503"));
}

TEST_F(ServerTest, AFullHeavyLaneIs503WhileOthersAreServed) {
  options_.heavy_threads = 1;
  options_.heavy_waiting_max = 1;
  Start();
  const std::string heavy = "GET /heavy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  Client running(server_->Port());
  running.Send(heavy);
  while (application_.heavy_running == 0) std::this_thread::yield();
  Client one(server_->Port());
  Client other(server_->Port());
  one.Send(heavy);
  other.Send(heavy);
  // One of the two waits for its turn; the other, whichever came second, is refused at once.
  EXPECT_THAT(Exchange(Post("/x", 1)), HasSubstr("echo:b"));
  application_.release.count_down();
  released_ = true;
  const std::string answers = one.ReadAll() + other.ReadAll();
  EXPECT_THAT(running.ReadAll(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answers, HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(answers, HasSubstr("Retry-After: "));
  EXPECT_THAT(answers, HasSubstr("HTTP/1.1 200"));
}

TEST_F(ServerTest, TheLocalSocketIsPrivateAndMarked) {
  Start();
  struct stat facts{};
  ASSERT_EQ(::stat(options_.local_socket.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  EXPECT_TRUE(LocalServerRuns(options_.local_socket));
  const auto answer =
      AskLocalServer(options_.local_socket, {.method = "POST", .target = "/x", .body = "hi"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "echo:hi");
  server_->Stop();
  EXPECT_FALSE(std::filesystem::exists(options_.local_socket));
  EXPECT_EQ(AskLocalServer(options_.local_socket, {}).error().code, ErrorCode::kUnavailable);
}

TEST_F(ServerTest, AStaleSocketIsReplacedALivingOneIsNot) {
  Start();
  ServerOptions again;
  again.local_socket = options_.local_socket;
  const auto second = Server::Start(again, application_, application_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(LocalServerRuns(options_.local_socket)) << "the failed start left the first alone";

  const std::filesystem::path stale = directory_ / "stale.sock";
  const std::filesystem::path moved = directory_ / "vigil.sock";
  std::filesystem::create_hard_link(moved, stale);
  server_->Stop();
  again.local_socket = stale;
  EXPECT_TRUE(Server::Start(again, application_, application_));
}

TEST_F(ServerTest, APortInUseIsNamedWithTheMend) {
  Start();
  ServerOptions again;
  again.api.port = server_->Port();
  const auto second = Server::Start(again, application_, application_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(server_->Port())));
  EXPECT_THAT(second.error().message, HasSubstr("choose another port"));
}

TEST_F(ServerTest, StreamsUntilTheViewerGoes) {
  Client client(Start().Port());
  client.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("alive\nalive\n"), HasSubstr("Connection: close"));
}

TEST_F(ServerTest, StopsWithHungClientsAndStreams) {
  options_.stop_timeout = milliseconds{500};
  Start();
  Client idle(server_->Port());
  Client half(server_->Port());
  half.Send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na");
  Client watching(server_->Port());
  watching.Send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  watching.ReadUntil("alive");
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{5});
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST_F(ServerTest, StopLetsRequestsUnderWayEnd) {
  Start();
  Client client(server_->Port());
  client.Send("GET /heavy HTTP/1.1\r\nHost: x\r\n\r\n");
  while (application_.heavy_running == 0) std::this_thread::yield();
  std::jthread stopping([this] { server_->Stop(); });
  application_.release.count_down();
  released_ = true;
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace vigil::api
