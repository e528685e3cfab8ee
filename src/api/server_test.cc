// The server over real sockets: limits, slow and rude clients, and a clean stop.
#include "api/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "api/local_client.h"
#include "api/problem.h"
#include "api/raw_client.h"

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

// Quiet until it is given something to say; the server looks by itself once a minute only.
class QuietStream final : public BodyStream {
 public:
  std::optional<std::string> Next() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }
  void Say(const std::string& text) {
    {
      const std::lock_guard lock(mutex_);
      text_ += text;
    }
    bell->Ring();
  }

  const std::shared_ptr<StreamBell> bell = std::make_shared<StreamBell>();

 private:
  std::mutex mutex_;
  std::string text_;
};

// Has more to say than sockets hold; tells when the server lets it go.
class FloodingStream final : public BodyStream {
 public:
  explicit FloodingStream(std::latch& ended) : ended_(ended) {}
  ~FloodingStream() override { ended_.count_down(); }
  FloodingStream(const FloodingStream&) = delete;
  FloodingStream& operator=(const FloodingStream&) = delete;
  std::optional<std::string> Next() override { return std::string(1'000'000, 'x'); }

 private:
  std::latch& ended_;
};

// Echoes bodies of at most 1000 bytes; some paths misbehave as their name says.
class EchoApplication final : public HttpApplication {
 public:
  Plan Prepare(const HttpRequest& request) override {
    if (request.path == "/refused") return {BodyResponse(401, "text/plain", "no"), 0, Lane::kQuick};
    if (request.path == "/remote") return {std::nullopt, 0, Lane::kRemote};
    if (request.path == "/heavy") return {std::nullopt, 0, Lane::kHeavy};
    return {std::nullopt, 1000, Lane::kStore};
  }
  HttpResponse Handle(const HttpRequest& request) override {
    if (request.path == "/heavy" || request.path == "/remote") {
      ++heavy_running;
      release.wait();
    }
    HttpResponse response = BodyResponse(200, "text/plain", "echo:" + request.body);
    if (request.path == "/who") response.body = request.peer + " " + request.scheme;
    if (request.local_socket) response.headers.emplace_back("X-Local", "1");
    if (request.path == "/stream") {
      response.stream = std::make_shared<EndlessStream>();
      response.stream_interval_ms = 1;
    }
    if (request.path == "/flood") response.stream = std::make_shared<FloodingStream>(flood_ended);
    if (request.path == "/quiet") {
      response.stream = quiet;
      response.stream_bell = quiet->bell;
      response.stream_interval_ms = 60'000;
    }
    return response;
  }

  HttpResponse Refuse(const Problem& problem, const HttpRequest* request) override {
    HttpResponse response = ProblemResponse(problem);
    response.headers.emplace_back("X-Refused", request == nullptr ? "unread" : request->path);
    return response;
  }

  const std::shared_ptr<QuietStream> quiet = std::make_shared<QuietStream>();
  std::latch flood_ended{1};
  std::latch release{1};
  std::atomic<int> heavy_running = 0;
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

TEST_F(ServerTest, BelievesTheClientThatATrustedProxyNames) {
  const std::string request =
      "GET /who HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.1\r\n"
      "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n";
  Start();
  EXPECT_THAT(Exchange(request), testing::EndsWith("\r\n\r\n127.0.0.1 "));
  options_.trusted_proxies = TrustedProxies::Of({"127.0.0.1"}).value();
  server_.reset();
  Start();
  EXPECT_THAT(Exchange(request), testing::EndsWith("\r\n\r\n198.51.100.1 https"));
}

TEST_F(ServerTest, CountsTheClientsOfAProxyAndNotTheProxy) {
  options_.trusted_proxies = TrustedProxies::Of({"127.0.0.1"}).value();
  options_.connections_per_address_max = 2;
  Start();
  const auto ask = [](Client& client, const std::string& path, const std::string& address) {
    client.Send("GET " + path + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: " + address + "\r\n\r\n");
    return client.ReadUntil("\r\n\r\n");
  };
  Client first(server_->Port());
  Client second(server_->Port());
  Client third(server_->Port());
  EXPECT_THAT(ask(first, "/quiet", "198.51.100.1"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask(second, "/quiet", "198.51.100.1"), StartsWith("HTTP/1.1 200"));
  // One connection of the proxy serves one client after another.
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(ask(third, "/who", "198.51.100.2"), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_THAT(ask(third, "/who", "198.51.100.1"), StartsWith("HTTP/1.1 503"));
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
  EXPECT_THAT(Exchange(Post("/x", 1001)),
              testing::AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("X-Refused: /x")));
  EXPECT_THAT(Exchange(Post("/x", 5'000'000)), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Exchange("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                       std::string(2000, 'b') + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, TooLargeHeadersAre431) {
  Start();
  EXPECT_THAT(
      Exchange("GET /x HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(9000, 'a') + "\r\n\r\n"),
      testing::AllOf(StartsWith("HTTP/1.1 431"), HasSubstr("X-Refused: unread")));
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
  EXPECT_THAT(second.ReadAll(),
              testing::AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 2"),
                             HasSubstr("X-Refused: unread"), HasSubstr("\"code\":\"busy\"")));
}

TEST_F(ServerTest, OneAddressDoesNotTakeAllConnections) {
  options_.connections_per_address_max = 2;
  Start();
  std::vector<std::unique_ptr<Client>> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(std::make_unique<Client>(server_->Port()));
    held.back()->Send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(held.back()->ReadUntil("echo:"), StartsWith("HTTP/1.1 200"));
  }
  Client third(server_->Port());
  EXPECT_THAT(third.ReadAll(), StartsWith("HTTP/1.1 503"));
  held.pop_back();
  // The place is free as soon as the server has noticed.
  const std::string request = "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  while (!Exchange(request).starts_with("HTTP/1.1 200")) std::this_thread::yield();
}

// Bytes that trickle in do not prolong the deadline.
TEST_F(ServerTest, CutsHeadersThatTrickle) {
  options_.header_timeout = milliseconds{200};
  Client client(Start().Port());
  const auto begin = std::chrono::steady_clock::now();
  std::jthread trickle([&](const std::stop_token& stop) {
    client.Send("GET /x HTTP/1.1\r\n");
    while (!stop.stop_requested()) {
      client.Send("X-A: b\r\n");
      std::this_thread::yield();
    }
  });
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, testing::AnyOf("", StartsWith("HTTP/1.1 431")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{9});
}

// Machines that take their time hold up no login.
TEST_F(ServerTest, RemoteWorkLeavesTheHeavyLaneFree) {
  options_.remote_threads = 1;
  options_.remote_waiting_max = 1;
  Start();
  const std::string remote = "GET /remote HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  Client running(server_->Port());
  running.Send(remote);
  while (application_.heavy_running == 0) std::this_thread::yield();
  Client waiting(server_->Port());
  waiting.Send(remote);
  while (server_->LaneLoads().at(2).waiting == 0) std::this_thread::yield();
  EXPECT_THAT(Exchange(remote), StartsWith("HTTP/1.1 503"));
  Client heavy(server_->Port());
  heavy.Send("GET /heavy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  while (application_.heavy_running < 2) std::this_thread::yield();
  application_.release.count_down();
  released_ = true;
  EXPECT_THAT(heavy.ReadAll(), StartsWith("HTTP/1.1 200"));
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
  const auto replaced = Server::Start(again, application_, application_);
  EXPECT_TRUE(replaced) << replaced.error().message;
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

TEST_F(ServerTest, ABellIsAnsweredAtOnce) {
  Client client(Start().Port());
  client.Send("GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    const std::string word = "word " + std::to_string(i) + "\n";
    application_.quiet->Say(word);
    ASSERT_EQ(client.ReadUntil("\n"), word);
  }
}

TEST_F(ServerTest, AViewerWhoDoesNotReadIsCut) {
  options_.write_timeout = milliseconds{200};
  Client client(Start().Port());
  client.Send("GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
  application_.flood_ended.wait();  // without having been read
  EXPECT_THAT(client.ReadUntil("x"), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, StopEndsAQuietStreamAtOnce) {
  Client client(Start().Port());
  client.Send("GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n");
  application_.quiet->Say("begun");
  client.ReadUntil("begun");
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
  application_.quiet->Say("nobody listens");
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
