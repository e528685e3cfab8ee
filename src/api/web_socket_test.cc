// WebSockets over real connections: what is sent arrives, and nobody can make the server keep much
// for them.
#include "api/web_socket.h"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "api/problem.h"
#include "api/server.h"
#include "api/socket_client.h"

namespace vigil::api {
namespace {

// Says what it is given; tells when the server lets it go.
class ToldStream final : public MessageStream {
 public:
  ~ToldStream() override { gone_.set_value(); }
  SocketNews Next() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, {});
  }
  void Say(std::string bytes, bool is_text = false) {
    const std::lock_guard lock(mutex_);
    news_.messages.push_back({std::make_shared<const std::string>(std::move(bytes)), is_text});
    bell->Ring();
  }
  void End(std::uint16_t code) {
    const std::lock_guard lock(mutex_);
    news_.end = SocketEnd{code, "as the test says"};
    bell->Ring();
  }
  std::future<void> Gone() { return gone_.get_future(); }

  const std::shared_ptr<StreamBell> bell = std::make_shared<StreamBell>();

 private:
  std::mutex mutex_;
  SocketNews news_;
  std::promise<void> gone_;
};

class SocketApplication final : public HttpApplication {
 public:
  Plan Prepare(const HttpRequest&) override { return {std::nullopt, 0, Lane::kStore}; }
  HttpResponse Handle(const HttpRequest&) override {
    HttpResponse response;
    response.status = 101;
    response.headers = {{"X-Content-Type-Options", "nosniff"}};
    const std::lock_guard lock(mutex);
    response.messages = stream;
    response.stream_bell = stream->bell;
    response.stream_interval_ms = 60'000;  // the bell alone counts
    stream.reset();
    return response;
  }
  HttpResponse Refuse(const Problem& problem, const HttpRequest*) override {
    return ProblemResponse(problem);
  }

  std::mutex mutex;
  std::shared_ptr<ToldStream> stream;
};

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() {
    application_.stream = std::make_shared<ToldStream>();
    stream_ = application_.stream;
    gone_ = application_.stream->Gone();
  }
  bool IsGone() { return gone_.wait_for(std::chrono::seconds{10}) == std::future_status::ready; }
  // The server's alone from now on.
  std::shared_ptr<ToldStream> Stream() { return stream_.lock(); }

  SocketApplication application_;
  std::weak_ptr<ToldStream> stream_;
  std::future<void> gone_;
  std::unique_ptr<Server> server_ = Server::Start({}, application_, application_).value();
};

TEST_F(WebSocketTest, SendsMessagesInOrderAsTheyCome) {
  SocketClient client(server_->Port());
  ASSERT_EQ(client.Open("/", {}), 101);
  Stream()->Say("first", true);
  ASSERT_TRUE(client.Read());
  EXPECT_TRUE(client.IsText());
  EXPECT_EQ(client.Message(), "first");
  const std::string large(300'000, 'x');
  Stream()->Say(large);
  Stream()->Say("third");
  ASSERT_TRUE(client.Read());
  EXPECT_FALSE(client.IsText());
  EXPECT_EQ(client.Message(), large);
  ASSERT_TRUE(client.Read());
  EXPECT_EQ(client.Message(), "third");
}

TEST_F(WebSocketTest, SaysWhatWaitsAndThenWhyItEnds) {
  SocketClient client(server_->Port());
  ASSERT_EQ(client.Open("/", {}), 101);
  {
    const auto stream = Stream();
    stream->Say("last");
    stream->End(1012);
  }
  ASSERT_TRUE(client.Read());
  EXPECT_EQ(client.Message(), "last");
  EXPECT_FALSE(client.Read());
  EXPECT_EQ(client.CloseCode(), 1012);
  EXPECT_TRUE(IsGone());
}

TEST_F(WebSocketTest, CutsWhoeverLeavesTooMuchUnread) {
  SocketClient client(server_->Port(), 4'096);
  ASSERT_EQ(client.Open("/", {}), 101);
  const std::string piece(1'000'000, 'x');
  // The system's own buffers take some megabytes before the server's queue grows.
  for (int i = 0; i < 40; ++i) {
    const auto stream = Stream();
    if (stream == nullptr) break;
    stream->Say(piece);
  }
  EXPECT_TRUE(IsGone());
  int read = 0;
  while (client.Read()) ++read;
  EXPECT_LT(read, 40);
  EXPECT_EQ(client.CloseCode(), 0);
}

TEST_F(WebSocketTest, ABellThatGoesOnRingingDelaysNoEnd) {
  SocketClient client(server_->Port(), 4'096);
  ASSERT_EQ(client.Open("/", {}), 101);
  std::shared_ptr<StreamBell> bell;
  {
    const auto stream = Stream();
    bell = stream->bell;
    stream->Say(
        std::string(9'000'000, 'x'));  // more than the system takes: the client does not read
    stream->End(1008);
  }
  const auto begin = std::chrono::steady_clock::now();
  while (gone_.wait_for(std::chrono::milliseconds{5}) != std::future_status::ready &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds{5}) {
    bell->Ring();
  }
  EXPECT_EQ(gone_.wait_for(std::chrono::seconds{0}), std::future_status::ready);
}

TEST_F(WebSocketTest, EndsWithItsClient) {
  SocketClient client(server_->Port());
  ASSERT_EQ(client.Open("/", {}), 101);
  client.Close();
  EXPECT_TRUE(IsGone());
}

TEST_F(WebSocketTest, EndsAtOnceWithTheServer) {
  SocketClient client(server_->Port());
  ASSERT_EQ(client.Open("/", {}), 101);
  Stream()->Say("here");
  ASSERT_TRUE(client.Read());
  const auto begin = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{2});
  EXPECT_TRUE(IsGone());
  EXPECT_FALSE(client.Read());
}

TEST_F(WebSocketTest, CutsWhoeverSendsMuch) {
  SocketClient client(server_->Port());
  ASSERT_EQ(client.Open("/", {}), 101);
  client.Write(std::string(100'000, 'x'));
  EXPECT_FALSE(client.Read());
  EXPECT_TRUE(IsGone());
}

}  // namespace
}  // namespace vigil::api
