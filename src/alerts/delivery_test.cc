// Delivery against an outbox in memory, with time moved by hand.
#include "alerts/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "alerts/channels.h"
#include "contract/notifier_contract.h"
#include "fake_media_store.h"
#include "fake_notifier.h"
#include "fake_outbox_store.h"

namespace vigil {
namespace {

class FakeWorld {
 public:
  std::unique_ptr<Notifier> Make() { return std::make_unique<FakeNotifier>(receiver_); }
  void Refuse() { receiver_.FailNext({ErrorCode::kUnavailable, "refused"}); }
  void Hang() { receiver_.Hang(); }
  void AwaitAttempt() { receiver_.AwaitAttempts(1); }
  std::vector<std::string> Received() const {
    std::vector<std::string> ids;
    for (const auto& arrival : receiver_.Delivered()) ids.push_back(arrival.message.id);
    return ids;
  }

 private:
  FakeReceiver receiver_;
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, NotifierContract, FakeWorld);

}  // namespace vigil

namespace vigil::alerts {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Reports as they come, for the test's thread to wait for.
class Reports {
 public:
  DeliveryObserver Observer() {
    return [this](const DeliveryReport& report) {
      const std::lock_guard lock(mutex_);
      reports_.push_back(report);
      changed_.notify_all();
    };
  }
  std::vector<DeliveryReport> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reports_.size() >= count; });
    return reports_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DeliveryReport> reports_;
};

class DeliveryTest : public testing::Test {
 protected:
  Channel MakeChannel(const std::string& name, FakeReceiver& receiver) {
    return {name, MakeCooldownRule({}), true, std::make_unique<FakeNotifier>(receiver)};
  }
  std::unique_ptr<DeliveryWorker> Start(DeliveryOptions options = {}) {
    return std::make_unique<DeliveryWorker>(MakeChannel("hook", receiver_), outbox_, media_, clock_,
                                            reports_.Observer(), options);
  }
  void Add(const std::string& channel, const std::string& id) {
    AlertMessage message = ContractAlert();
    message.id = id;
    message.snapshot_media_id = snapshot_id_;
    outbox_.Add(channel, message, clock_.WallNow());
  }
  // What the outbox has on record about `id`, in order.
  std::vector<DeliveryState> StatesOf(const std::string& id) const {
    std::vector<DeliveryState> states;
    for (const auto& attempt : outbox_.Attempts()) {
      if (attempt.alert_id == id) states.push_back(attempt.state);
    }
    return states;
  }
  // Lets the worker fall asleep before time moves, so that it cannot miss the step.
  void AdvanceWhenAsleep(milliseconds by) {
    clock_.AwaitSleepers(1);
    clock_.Advance(by);
  }

  ManualClock clock_{ContractAlert().event_time + seconds{1}};
  FakeReceiver receiver_;
  FakeOutboxStore outbox_;
  FakeMediaStore media_{clock_};
  std::string snapshot_id_ = *media_.Put(MediaKind::kCrop, Bytes(2));
  Reports reports_;
};

TEST_F(DeliveryTest, SendsWhatWaitsWithItsPicture) {
  Add("hook", "a");
  Add("other", "b");
  const auto worker = Start();
  const auto reports = reports_.Await(1);
  EXPECT_EQ(reports[0].state, DeliveryState::kSent);
  EXPECT_EQ(reports[0].answer, "fake 200");
  EXPECT_EQ(reports[0].since_event, seconds{1});
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kSent));
  EXPECT_TRUE(StatesOf("b").empty());
  EXPECT_EQ(receiver_.Delivered().front().snapshot.size(), 2U);
}

TEST_F(DeliveryTest, WakeSendsAtOnce) {
  const auto worker = Start();
  clock_.AwaitSleepers(1);
  Add("hook", "a");
  worker->Wake();
  EXPECT_EQ(reports_.Await(1)[0].message.id, "a");
}

TEST_F(DeliveryTest, PollFindsRowsOfOtherProcesses) {
  const auto worker = Start();
  clock_.AwaitSleepers(1);
  Add("hook", "a");
  clock_.Advance(seconds{5});
  EXPECT_EQ(reports_.Await(1)[0].message.id, "a");
}

TEST_F(DeliveryTest, MissingPictureDoesNotHoldTheMessageBack) {
  ASSERT_TRUE(media_.Remove(snapshot_id_).has_value());
  Add("hook", "a");
  const auto worker = Start();
  EXPECT_EQ(reports_.Await(1)[0].state, DeliveryState::kSent);
  EXPECT_TRUE(receiver_.Delivered().front().snapshot.empty());
}

TEST_F(DeliveryTest, FailureIsRetriedAfterTheBackoff) {
  receiver_.FailNext({ErrorCode::kUnavailable, "busy"});
  receiver_.FailNext({ErrorCode::kTimeout, "slow"});
  Add("hook", "a");
  const auto worker = Start();
  auto reports = reports_.Await(1);
  EXPECT_EQ(reports[0].state, DeliveryState::kPending);
  EXPECT_EQ(reports[0].answer, "busy");
  const milliseconds first = reports[0].next_attempt_at - clock_.WallNow();
  EXPECT_GE(first, milliseconds{800});
  EXPECT_LE(first, milliseconds{1200});
  AdvanceWhenAsleep(first - milliseconds{1});
  clock_.AwaitSleepers(1);
  EXPECT_EQ(receiver_.Attempts(), 1);
  AdvanceWhenAsleep(milliseconds{1});
  reports = reports_.Await(2);
  const milliseconds second = reports[1].next_attempt_at - clock_.WallNow();
  EXPECT_GE(second, milliseconds{1600});
  EXPECT_LE(second, milliseconds{2400});
  AdvanceWhenAsleep(second);
  reports = reports_.Await(3);
  EXPECT_EQ(reports[2].state, DeliveryState::kSent);
  EXPECT_EQ(reports[2].attempt, 3);
  EXPECT_EQ(receiver_.Delivered().size(), 1U);
}

TEST_F(DeliveryTest, BackoffDoublesUpToItsMaximumForADay) {
  const DeliveryOptions options;
  EXPECT_EQ(BackoffPause(options, 1), seconds{1});
  EXPECT_EQ(BackoffPause(options, 2), seconds{2});
  EXPECT_EQ(BackoffPause(options, 10), seconds{512});
  EXPECT_EQ(BackoffPause(options, 11), seconds{600});
  EXPECT_EQ(BackoffPause(options, 1'000'000), seconds{600});
  milliseconds all{0};
  for (int attempt = 1; attempt < options.attempts_max; ++attempt)
    all += BackoffPause(options, attempt);
  EXPECT_GE(all, std::chrono::hours{23});
  EXPECT_LE(all, std::chrono::hours{25});
}

TEST_F(DeliveryTest, PermanentFailureIsDeadAndDelaysNoOther) {
  receiver_.FailNext({ErrorCode::kInvalidArgument, "HTTP 422"});
  Add("hook", "a");
  Add("hook", "b");
  const auto worker = Start();
  reports_.Await(2);
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kDead));
  EXPECT_THAT(StatesOf("b"), ElementsAre(DeliveryState::kSent));
}

TEST_F(DeliveryTest, LastAttemptIsDead) {
  receiver_.FailNext({ErrorCode::kUnavailable, "busy"});
  receiver_.FailNext({ErrorCode::kUnavailable, "busy"});
  Add("hook", "a");
  const auto worker = Start({.attempts_max = 2});
  reports_.Await(1);
  AdvanceWhenAsleep(seconds{2});
  EXPECT_EQ(reports_.Await(2)[1].state, DeliveryState::kDead);
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kPending, DeliveryState::kDead));
}

// A sent alert whose record fails is recorded later, not sent again.
TEST_F(DeliveryTest, OutboxOutageCausesNoRepeat) {
  receiver_.Hang();
  Add("hook", "a");
  const auto worker = Start();
  receiver_.AwaitAttempts(1);
  outbox_.FailWith(Error{ErrorCode::kUnavailable, "no database"});
  receiver_.Resume();
  clock_.AwaitSleepers(1);
  outbox_.FailWith(std::nullopt);
  clock_.Advance(seconds{5});
  EXPECT_EQ(reports_.Await(1)[0].state, DeliveryState::kSent);
  EXPECT_EQ(receiver_.Delivered().size(), 1U);
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kSent));
}

TEST_F(DeliveryTest, StopEndsAHungAttemptAndLosesNothing) {
  receiver_.Hang();
  Add("hook", "a");
  {
    const auto worker = Start();
    receiver_.AwaitAttempts(1);
  }
  EXPECT_TRUE(StatesOf("a").empty());
  receiver_.Resume();
  const auto worker = Start();
  reports_.Await(1);
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kSent));
}

TEST_F(DeliveryTest, HungChannelDelaysNoOther) {
  FakeReceiver hung;
  hung.Hang();
  Add("hung", "a");
  Add("hook", "b");
  std::vector<Channel> channels;
  channels.push_back(MakeChannel("hung", hung));
  channels.push_back(MakeChannel("hook", receiver_));
  Delivery delivery(std::move(channels), outbox_, media_, clock_, reports_.Observer());
  hung.AwaitAttempts(1);
  EXPECT_EQ(reports_.Await(1)[0].channel, "hook");
  clock_.AwaitSleepers(1);
  Add("hook", "c");
  delivery.Wake();
  EXPECT_EQ(reports_.Await(2)[1].message.id, "c");
}

TEST_F(DeliveryTest, ThrowingNotifierIsAFailureThatIsRetried) {
  class Throwing final : public Notifier {
   public:
    Result<std::string> Deliver(const AlertMessage&, std::span<const std::byte>,
                                std::stop_token) override {
      throw std::runtime_error("broken");
    }
  };
  Add("hook", "a");
  Channel channel{"hook", MakeCooldownRule({}), true, std::make_unique<Throwing>()};
  const DeliveryWorker worker(std::move(channel), outbox_, media_, clock_, reports_.Observer());
  const auto reports = reports_.Await(1);
  EXPECT_EQ(reports[0].state, DeliveryState::kPending);
  EXPECT_THAT(reports[0].answer, HasSubstr("broken"));
}

// One line a time: a failing channel gets one probe, whatever waits, and then all in order.
TEST_F(DeliveryTest, FailingChannelIsProbedOnceAndThenDrainedInOrder) {
  receiver_.FailNext({ErrorCode::kUnavailable, "busy"});
  receiver_.FailNext({ErrorCode::kTimeout, "slow"});
  for (const char* id : {"a", "b", "c"}) Add("hook", id);
  const auto worker = Start();
  auto reports = reports_.Await(1);
  clock_.AwaitSleepers(1);
  EXPECT_EQ(receiver_.Attempts(), 1);
  const ChannelState failing = worker->State();
  EXPECT_EQ(failing.failing_since, clock_.WallNow());
  EXPECT_EQ(failing.last_error, "busy");
  AdvanceWhenAsleep(reports[0].next_attempt_at - clock_.WallNow());
  reports = reports_.Await(2);
  clock_.AwaitSleepers(1);
  EXPECT_EQ(receiver_.Attempts(), 2);
  EXPECT_EQ(worker->State().failing_since, failing.failing_since);
  EXPECT_EQ(worker->State().last_error, "slow");
  AdvanceWhenAsleep(reports[1].next_attempt_at - clock_.WallNow());
  reports_.Await(5);
  std::vector<std::string> delivered;
  for (const auto& arrival : receiver_.Delivered()) delivered.push_back(arrival.message.id);
  EXPECT_THAT(delivered, ElementsAre("a", "b", "c"));
  clock_.AwaitSleepers(1);
  EXPECT_FALSE(worker->State().failing_since.has_value());
  EXPECT_EQ(worker->State().last_error, "slow");
  EXPECT_EQ(worker->State().last_sent_at, clock_.WallNow());
}

// A receiver that chokes on one alert must not keep the others waiting for a day.
TEST_F(DeliveryTest, AnAlertThatKeepsFailingLetsOthersTry) {
  class Choking final : public Notifier {
   public:
    Result<std::string> Deliver(const AlertMessage& message, std::span<const std::byte>,
                                std::stop_token) override {
      if (message.id == "a") return Fail(ErrorCode::kUnavailable, "HTTP 500");
      return std::string("taken");
    }
  };
  Add("hook", "a");
  Add("hook", "b");
  Channel channel{"hook", MakeCooldownRule({}), true, std::make_unique<Choking>()};
  const DeliveryWorker worker(std::move(channel), outbox_, media_, clock_, reports_.Observer());
  for (std::size_t attempt = 1; attempt <= 5; ++attempt) {
    reports_.Await(attempt);
    AdvanceWhenAsleep(seconds{30});
  }
  EXPECT_EQ(reports_.Await(6)[5].message.id, "b");
  EXPECT_EQ(reports_.Await(6)[5].state, DeliveryState::kSent);
}

TEST_F(DeliveryTest, ProbeEndsThePauseOfAFailingChannel) {
  receiver_.FailNext({ErrorCode::kUnavailable, "busy"});
  Add("hook", "a");
  const auto worker = Start();
  reports_.Await(1);
  clock_.AwaitSleepers(1);
  Add("hook", "b");
  worker->Probe();
  EXPECT_EQ(reports_.Await(2)[1].message.id, "b");
}

TEST_F(DeliveryTest, ExpiredAlertsAreGivenUpWithoutAnAttempt) {
  Add("hook", "a");
  clock_.Advance(std::chrono::hours{24});
  const auto worker = Start();
  const auto reports = reports_.Await(1);
  EXPECT_EQ(reports[0].state, DeliveryState::kDead);
  EXPECT_THAT(reports[0].answer, HasSubstr("expired"));
  EXPECT_EQ(receiver_.Attempts(), 0);
}

TEST_F(DeliveryTest, ReplacedChannelFinishesItsAttemptAndSendsNothingTwice) {
  receiver_.Hang();
  FakeReceiver other;
  Add("hook", "a");
  Add("hook", "b");
  const auto worker = Start();
  receiver_.AwaitAttempts(1);
  worker->Replace(MakeChannel("hook", other));
  receiver_.Resume();
  reports_.Await(2);
  ASSERT_EQ(receiver_.Delivered().size(), 1U);
  EXPECT_EQ(receiver_.Delivered().front().message.id, "a");
  ASSERT_EQ(other.Delivered().size(), 1U);
  EXPECT_EQ(other.Delivered().front().message.id, "b");
  EXPECT_THAT(StatesOf("a"), ElementsAre(DeliveryState::kSent));
}

TEST_F(DeliveryTest, ChannelsComeAndGoWhileItRuns) {
  Delivery delivery({}, outbox_, media_, clock_, reports_.Observer());
  const auto set = [&](const std::string& revision) {
    std::vector<Channel> channels;
    channels.push_back(MakeChannel("hook", receiver_));
    channels.back().revision = revision;
    delivery.SetChannels(std::move(channels));
  };
  Add("hook", "a");
  set("1");
  EXPECT_EQ(reports_.Await(1)[0].message.id, "a");
  ASSERT_EQ(delivery.States().size(), 1U);
  clock_.AwaitSleepers(1);
  delivery.SetChannels({});
  EXPECT_TRUE(delivery.States().empty());
  Add("hook", "b");
  delivery.Wake();
  clock_.AwaitSleepers(1);
  EXPECT_EQ(receiver_.Attempts(), 1);
  set("2");
  EXPECT_EQ(reports_.Await(2)[1].message.id, "b");
  EXPECT_EQ(receiver_.Attempts(), 2);
}

TEST(Channels, AreMadeOfBothKindsWithTheirRoutes) {
  const ManualClock clock;
  WebhookOptions webhook;
  webhook.url = Secret("https://example.org");
  webhook.secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EmailOptions email;
  email.smtp_url = "smtp://mail.example.org:587";
  email.from = "vigil@example.org";
  email.to = {"guards@example.org"};
  std::vector<ChannelOptions> options = {{"hook", webhook, {seconds{7}}, true},
                                         {"mail", email, {}, false}};
  const auto channels = MakeChannels(options, clock);
  ASSERT_TRUE(channels.has_value()) << channels.error().message;
  const auto routes = MakeRoutes(*channels);
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(routes[1].channel, "mail");
  const CooldownState sent{clock.WallNow(), Severity::kLow, 0.5F, 0};
  const CooldownAttempt later{clock.WallNow() + seconds{8}, Severity::kLow, 0.5F};
  EXPECT_TRUE(routes[0].cooldown(sent, later).send);
  EXPECT_FALSE(routes[1].cooldown(sent, later).send);
}

TEST(Channels, AllFaultsAreToldAtOnce) {
  const ManualClock clock;
  const std::vector<ChannelOptions> options = {{"hook", WebhookOptions{}, {}, true},
                                               {"mail", EmailOptions{}, {}, true},
                                               {"", EmailOptions{}, {}, true}};
  const auto channels = MakeChannels(options, clock);
  ASSERT_FALSE(channels.has_value());
  EXPECT_THAT(channels.error().message, testing::AllOf(HasSubstr("channel \"hook\": secret"),
                                                       HasSubstr("channel \"mail\": smtp_url"),
                                                       HasSubstr("needs a name of its own")));
}

}  // namespace
}  // namespace vigil::alerts
