// Events over real sockets: nobody misses one or sees one twice, however often the connection is
// cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <random>
#include <thread>

#include "api/api_fixture.h"
#include "api/event_text.h"
#include "api/raw_client.h"
#include "api/server.h"
#include "database/event_repository.h"

namespace vigil::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct SeenEvent {
  std::int64_t id = -1;
  std::string kind;
  json::value data;
};

std::string FieldOf(std::string_view block, std::string_view name) {
  const std::string start = std::string(name) + ": ";
  const auto at = block.find(start);
  if (at == block.npos) return {};
  const auto begin = at + start.size();
  return std::string(block.substr(begin, block.find('\n', begin) - begin));
}

// The whole events of a stream's text; what a cut left unfinished is dropped, as browsers do.
std::vector<SeenEvent> EventsOf(std::string_view text) {
  std::vector<SeenEvent> events;
  if (const auto head = text.find("\r\n\r\n"); head != text.npos) text.remove_prefix(head + 4);
  for (auto end = text.find("\n\n"); end != text.npos; end = text.find("\n\n")) {
    const std::string_view block = text.substr(0, end + 1);
    text.remove_prefix(end + 2);
    const std::string data = FieldOf(block, "data");
    if (data.empty()) continue;
    const auto id = ParseEventId(FieldOf(block, "id"));
    events.push_back({id.value_or(-1), FieldOf(block, "event"), ParseJson(data).value()});
  }
  return events;
}

class EventsTest : public ApiTest {
 protected:
  static constexpr int kStreamsOfUserMax = 16;

  // Of as many users as may open so many streams, one for each stream.
  std::vector<std::string> Tokens(int streams) {
    std::vector<std::string> tokens;
    while (std::ssize(tokens) < streams) {
      const User user = AddUser(format("watcher{}", tokens.size()), Role::kOperator);
      tokens.insert(tokens.end(), kStreamsOfUserMax, TokenOf(user));
    }
    tokens.resize(static_cast<std::size_t>(streams));
    return tokens;
  }
  ~EventsTest() override { server_.reset(); }

  std::uint16_t Port() {
    if (!server_) {
      ServerOptions options;
      options.local_socket = directory_ / "vigil.sock";
      server_ = Server::Start(options, api_->Application(), api_->Monitoring()).value();
    }
    return server_->Port();
  }
  std::unique_ptr<Client> Follow(const std::string& token, const std::string& header = "",
                                 const std::string& query = "") {
    auto client = std::make_unique<Client>(Port());
    client->Send("GET /api/v1/events" + query + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                 token + "\r\n" + header + "\r\n");
    return client;
  }
  static std::string LastId(std::int64_t id) {
    return "Last-Event-ID: " + std::to_string(id) + "\r\n";
  }
  void Tell(int count) {
    const Status told = database_->Write([&](database::Connection& connection) -> Status {
      for (int i = 0; i < count; ++i) {
        VIGIL_RETURN_IF_ERROR(database_->Events().Append(connection, "test.told", {{"i", i}}));
      }
      return {};
    });
    ASSERT_TRUE(told.has_value()) << told.error().message;
  }
  // What a client that begins after `id` is told, up to event number `last`.
  std::vector<SeenEvent> ReadOn(const std::string& header, std::int64_t last) {
    return EventsOf(Follow(OperatorToken(), header)
                        ->ReadUntil("id: " + std::to_string(last) + "\nevent: test"));
  }

  std::unique_ptr<Server> server_;
};

TEST_F(EventsTest, BeginWithTheNextEventAndItsPlace) {
  Tell(3);
  const auto client = Follow(OperatorToken());
  const std::string head = client->ReadUntil("\"sequence\":3}\n\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(head, HasSubstr("\r\n\r\nretry: 2000\n\nid: 3\nevent: ready\n"));
  Tell(1);
  const auto events = EventsOf(client->ReadUntil("}\n\n"));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].id, 4);
  EXPECT_EQ(events[0].kind, "test.told");
  EXPECT_EQ(events[0].data.at("sequence"), 4);
  EXPECT_EQ(events[0].data.at("data").at("i"), 0);
  EXPECT_THAT(std::string(events[0].data.at("at").as_string()), HasSubstr("T"));
}

TEST_F(EventsTest, TheHeaderCountsMoreThanTheAddress) {
  Tell(5);
  const auto by_query = EventsOf(
      Follow(OperatorToken(), "", "?last_event_id=4")->ReadUntil("\"data\":{\"i\":4}}\n\n"));
  ASSERT_EQ(by_query.size(), 2U) << "ready and 5";
  EXPECT_EQ(by_query[1].id, 5);
  const auto by_both = EventsOf(
      Follow(OperatorToken(), LastId(3), "?last_event_id=0")->ReadUntil("\"data\":{\"i\":4}}\n\n"));
  ASSERT_EQ(by_both.size(), 3U);
  EXPECT_EQ(by_both[1].id, 4);
}

TEST_F(EventsTest, AreForPeopleWithAccess) {
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/events", "").status, 401);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/events?last_event_id=x", OperatorToken()).status, 400);
  EXPECT_EQ(Ask(Method::kGet, "/api/v1/events?last_event_id=-1", OperatorToken()).status, 400);
}

TEST_F(EventsTest, AnIdThatIsTooOldIsReset) {
  Tell(10);
  ASSERT_EQ(database::EventRepository(*database_).Prune({}, 4, 100).value(), 6);
  Tell(2500);  // more than memory holds
  const auto client = Follow(OperatorToken(), LastId(5));
  const auto events = EventsOf(client->ReadUntil("\"newest\":2510}\n\n"));
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].kind, "reset");
  EXPECT_EQ(events[1].id, 2510);
  EXPECT_EQ(events[1].data.at("reason"), "too_old");
  EXPECT_EQ(events[1].data.at("oldest"), 7);
  Tell(1);
  EXPECT_EQ(EventsOf(client->ReadUntil("}\n\n")).at(0).id, 2511) << "the stream goes on";
}

TEST_F(EventsTest, AnIdOfAnotherDatabaseIsReset) {
  Tell(2);
  for (const std::string& id : {std::string("99"), std::string("abc")}) {
    const auto events = EventsOf(
        Follow(OperatorToken(), "Last-Event-ID: " + id + "\r\n")->ReadUntil("\"newest\":2}\n\n"));
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().kind, "reset");
    EXPECT_EQ(events.back().data.at("reason"), "unknown_id");
  }
}

TEST_F(EventsTest, CutAHundredTimesNobodyMissesOrRepeats) {
  constexpr std::int64_t kEvents = 10'000;
  constexpr int kCuts = 100;
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %u\n", seed);
  const std::string token = OperatorToken();
  Port();
  std::atomic<bool> all_told = false;
  std::atomic<std::int64_t> read = 0;
  const std::jthread teller([&, random = std::minstd_rand(seed)]() mutable {
    for (std::int64_t told = 0; told < kEvents;) {
      // Not far ahead of the reader, so that most cuts fall among events that are being told.
      if (told - read > 300) {
        std::this_thread::yield();
        continue;
      }
      const int count = static_cast<int>(std::min<std::int64_t>(1 + random() % 40, kEvents - told));
      Tell(count);
      told += count;
    }
    all_told = true;
  });
  std::minstd_rand random(seed + 1);
  std::vector<std::int64_t> numbers;
  std::int64_t last = 0;
  int cuts_while_telling = 0;
  for (int cut = 0; cut <= kCuts; ++cut) {
    if (cut == kCuts) read = kEvents;  // the last connection reads all that is left
    const auto client = Follow(token, LastId(last));
    // About 130 bytes an event, so that a hundred cuts end before the last one; anywhere in the
    // middle of one, or of the head.
    const std::string text =
        cut < kCuts ? client->ReadBytes(1 + random() % 20'000).substr(0, random() % 40'000)
                    : client->ReadUntil("id: 10000\nevent: test.told\ndata: {\"seq");
    cuts_while_telling += all_told || cut == kCuts ? 0 : 1;
    for (const SeenEvent& event : EventsOf(cut < kCuts ? text : text + client->ReadUntil("\n\n"))) {
      ASSERT_NE(event.kind, "reset");
      if (event.kind == "ready") continue;
      numbers.push_back(event.id);
      read = last = event.id;
    }
    if (last == kEvents) {
      EXPECT_GE(cut, kCuts) << "all was told too soon to be cut often enough";
      break;
    }
  }
  std::int64_t gaps = 0;
  std::int64_t repeats = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    gaps += numbers[i] > numbers[i - 1] + 1 ? 1 : 0;
    repeats += numbers[i] <= numbers[i - 1] ? 1 : 0;
  }
  std::printf("%d cuts, %d of them while events were told, %zu events: %lld gaps, %lld repeats\n",
              kCuts, cuts_while_telling, numbers.size(), static_cast<long long>(gaps),
              static_cast<long long>(repeats));
  EXPECT_EQ(gaps, 0);
  EXPECT_EQ(repeats, 0);
  ASSERT_EQ(std::ssize(numbers), kEvents);
  EXPECT_EQ(numbers.front(), 1);
}

std::ptrdiff_t ThreadCount() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator{});
}

TEST_F(EventsTest, ManyFollowWithoutAThreadEach) {
  constexpr int kClients = 100;
  Port();
  const std::vector<std::string> tokens = Tokens(kClients);
  const auto threads = ThreadCount();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(Follow(tokens.at(static_cast<std::size_t>(i))));
    clients.back()->ReadUntil("event: ready\ndata: {\"sequence\":0}\n\n");
  }
  EXPECT_LE(ThreadCount(), threads);
  const auto begin = steady_clock::now();
  Tell(1);
  for (const auto& client : clients) {
    EXPECT_EQ(EventsOf(client->ReadUntil("}\n\n")).at(0).id, 1);
  }
  const auto took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  std::printf("from before the commit to the last of %d streams: %lld ms\n", kClients,
              static_cast<long long>(took.count()));
  EXPECT_LT(took, std::chrono::seconds{5});
}

TEST_F(EventsTest, TooManyAreAskedToComeLater) {
  Port();
  std::vector<std::unique_ptr<Client>> clients;
  for (const std::string& token : Tokens(240)) {
    clients.push_back(Follow(token));
    ASSERT_THAT(clients.back()->ReadUntil("ready"), StartsWith("HTTP/1.1 200"));
  }
  const std::string refused = Follow(OperatorToken())->ReadUntil("too_many_streams");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 10"));
  // Who goes makes room, although the stream has nothing to say.
  clients.clear();
  const auto deadline = steady_clock::now() + std::chrono::seconds{10};
  std::string answer;
  while (!answer.starts_with("HTTP/1.1 200") && steady_clock::now() < deadline) {
    answer = Follow(OperatorToken())->ReadUntil("}");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST_F(EventsTest, OneUserCannotTakeAllStreams) {
  Port();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kStreamsOfUserMax; ++i) {
    clients.push_back(Follow(OperatorToken()));
    ASSERT_THAT(clients.back()->ReadUntil("ready"), StartsWith("HTTP/1.1 200"));
  }
  const std::string refused = Follow(OperatorToken())->ReadUntil("too_many_streams");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 429"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 10"));
  EXPECT_THAT(Follow(AdminToken())->ReadUntil("ready"), StartsWith("HTTP/1.1 200"));
}

TEST_F(EventsTest, EndWithTheAccess) {
  const User user = AddUser("eve", Role::kOperator);
  const auto client = Follow(TokenOf(user));
  client->ReadUntil("ready");
  User disabled = user;
  disabled.enabled = false;
  ASSERT_TRUE(database::UserRepository(*database_).Update(disabled).has_value());
  clock_.Advance(milliseconds{500});
  const auto begin = steady_clock::now();
  client->ReadAll();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{3});
}

TEST_F(EventsTest, AQuietStreamShowsThatItLives) {
  const auto client = Follow(OperatorToken());
  client->ReadUntil("}\n\n");
  clock_.Advance(std::chrono::seconds{15});
  EXPECT_THAT(client->ReadUntil("\n\n"), StartsWith(": "));
}

TEST_F(EventsTest, EndWithTheServer) {
  const auto client = Follow(OperatorToken());
  client->ReadUntil("ready");
  const auto begin = steady_clock::now();
  server_->Stop();
  client->ReadAll();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds{2});
}

}  // namespace
}  // namespace vigil::api
