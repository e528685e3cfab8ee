// Events: numbered in the order of commits, told with what they tell of, never with a gap.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "database/audit_repository.h"
#include "database/event_repository.h"
#include "database/event_writer.h"
#include "database/maintenance.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Events : public ::testing::Test {
 protected:
  void Tell(int count, const std::string& kind = "test") {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(events_.Append(kind, {{"i", i}}).has_value());
    }
  }
  std::vector<std::int64_t> NumbersAfter(std::int64_t after, int limit = 1000) {
    std::vector<std::int64_t> numbers;
    const EventBatch batch = events_.After(after, limit).value();
    EXPECT_TRUE(batch.unbroken);
    for (const Event& event : batch.events) numbers.push_back(event.sequence);
    return numbers;
  }

  TemporaryDatabase database_;
  EventRepository events_{*database_};
};

TEST_F(Events, AreNumberedFromOneWithoutAGap) {
  EXPECT_THAT(NumbersAfter(0), IsEmpty());
  Tell(3);
  EXPECT_THAT(NumbersAfter(0), ElementsAre(1, 2, 3));
  EXPECT_THAT(NumbersAfter(1, 1), ElementsAre(2));
  EXPECT_THAT(NumbersAfter(3), IsEmpty());
  EXPECT_EQ(events_.Newest().value(), 3);
}

TEST_F(Events, SayWhatHappenedAndWhen) {
  const WallTime earlier = database_.GetClock().WallNow() - hours{1};
  ASSERT_TRUE(events_.Append("camera.down", {{"cause", "refused"}}, earlier).has_value());
  const Event event = events_.After(0, 1).value().events.at(0);
  EXPECT_EQ(event.kind, "camera.down");
  EXPECT_EQ(event.data, R"({"cause":"refused"})");
  EXPECT_EQ(event.at, earlier);
}

TEST_F(Events, AreReadFromTheFileAfterARestart) {
  Tell(3);
  database_.Reopen();
  EventRepository again(*database_);
  const EventBatch batch = again.After(1, 10).value();
  EXPECT_TRUE(batch.unbroken);
  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[0].sequence, 2);
  EXPECT_EQ(batch.events[1].data, R"({"i":2})");
  EXPECT_TRUE(again.After(3, 10).value().events.empty());
}

TEST_F(Events, OfATransactionThatFailedAreNeverTold) {
  Tell(1);
  const Status failed = database_->Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(database_->Events().Append(connection, "lost", {}));
    return Fail(ErrorCode::kConflict, "no");
  });
  EXPECT_FALSE(failed.has_value());
  Tell(1, "kept");
  const EventBatch batch = events_.After(1, 10).value();
  ASSERT_EQ(batch.events.size(), 1U) << "the number of the lost one is used by the next";
  EXPECT_EQ(batch.events[0].sequence, 2);
  EXPECT_EQ(batch.events[0].kind, "kept");
}

TEST_F(Events, MemoryAndFileTellTheSame) {
  Tell(30);
  EventLog little(database_.GetClock(), 10);
  little.StartAfter(30);
  EXPECT_FALSE(little.Recent(5, 100).has_value()) << "the file knows";
  EXPECT_FALSE(little.Recent(31, 100).has_value()) << "nobody knows";
  EXPECT_TRUE(little.Recent(30, 100)->empty());
  const auto tell = [&](int count) {
    return database_->Write([&](Connection& connection) -> Status {
      for (int i = 0; i < count; ++i) {
        VIGIL_RETURN_IF_ERROR(little.Append(connection, "test", {}));
      }
      return {};
    });
  };
  ASSERT_TRUE(tell(25).has_value());
  little.EndTransaction(true);
  EXPECT_FALSE(little.Recent(44, 100).has_value());
  EXPECT_EQ(little.Recent(45, 100)->size(), 10U);
  EXPECT_EQ(little.Recent(45, 3)->back().sequence, 48);
  EXPECT_EQ(NumbersAfter(45, 3), (std::vector<std::int64_t>{46, 47, 48}));
}

TEST_F(Events, OfAnotherProcessAreNotSkipped) {
  Tell(2);
  // What another process writes goes by this one's memory.
  database_.Execute("UPDATE event_counter SET sequence = 3");
  database_.Execute("INSERT INTO events VALUES (3, 0, 'other', '{}')");
  Tell(1);
  EXPECT_THAT(NumbersAfter(1), ElementsAre(2, 3, 4));
  EXPECT_THAT(NumbersAfter(3), ElementsAre(4));
}

TEST_F(Events, AnUnknownNumberIsToldAsSuch) {
  Tell(10);
  EXPECT_FALSE(events_.After(11, 10).value().unbroken) << "of another database";
  EXPECT_FALSE(events_.After(-1, 10).value().unbroken);
  EXPECT_EQ(events_.After(11, 10).value().newest, 10);
}

TEST_F(Events, ThePrunedAreTheOldestByAge) {
  Tell(3);
  database_.GetClock().Advance(hours{2});
  Tell(2);
  const WallTime before = database_.GetClock().WallNow() - hours{1};
  EXPECT_EQ(events_.Prune(before, 1000, 2).value(), 2) << "no more than the limit at once";
  EXPECT_EQ(events_.Prune(before, 1000, 100).value(), 1);
  EXPECT_EQ(events_.Prune(before, 1000, 100).value(), 0);
  database_.Reopen();
  EventRepository again(*database_);
  EXPECT_FALSE(again.After(2, 10).value().unbroken) << "3 is gone";
  EXPECT_EQ(again.After(2, 10).value().oldest, 4);
  EXPECT_EQ(again.After(3, 10).value().events.size(), 2U);
}

TEST_F(Events, AYoungOneKeepsAllThatFollow) {
  Tell(1);
  database_.GetClock().Advance(hours{2});
  Tell(1);
  ASSERT_TRUE(events_.Append("late", {}, database_.GetClock().WallNow() - hours{2}).has_value());
  EXPECT_EQ(events_.Prune(database_.GetClock().WallNow() - hours{1}, 1000, 100).value(), 1);
}

TEST_F(Events, ThePrunedAreTheOldestByNumber) {
  Tell(10);
  const MaintenanceOptions options{.events_kept = hours{1}, .events_max = 4};
  EXPECT_EQ(PruneEvents(*database_, options).value(), 6);
  Tell(1);
  EXPECT_EQ(events_.Newest().value(), 11) << "numbers never come again";
  const MaintenanceOptions none{.events_kept = hours{1}, .events_max = 0};
  EXPECT_EQ(PruneEvents(*database_, none).value(), 5);
  database_.Reopen();
  EventRepository again(*database_);
  EXPECT_TRUE(again.After(11, 10).value().unbroken);
  EXPECT_FALSE(again.After(10, 10).value().unbroken);
}

TEST_F(Events, ListenersHearOfCommitsAlone) {
  std::atomic<int> heard = 0;
  const auto subscription = database_->Events().Subscribe([&] { ++heard; });
  Tell(2);
  EXPECT_EQ(heard, 2);
  ASSERT_TRUE(AuditRepository(*database_).Append({}).has_value());
  EXPECT_EQ(heard, 2) << "nothing was told";
  database_->Events().Unsubscribe(subscription);
  Tell(1);
  EXPECT_EQ(heard, 2);
}

TEST_F(Events, AreThereWhenTheListenerIsCalled) {
  std::atomic<std::size_t> seen = 0;
  const auto subscription = database_->Events().Subscribe(
      [&] { seen = database_->Events().Recent(0, 10).value().size(); });
  Tell(1);
  EXPECT_EQ(seen, 1U);
  database_->Events().Unsubscribe(subscription);
}

TEST_F(Events, OfManyThreadsHaveNumbersOfTheirOwn) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { Tell(50); });
  }
  const std::vector<std::int64_t> numbers = NumbersAfter(0);
  ASSERT_EQ(numbers.size(), 200U);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i) + 1);
  }
}

TEST_F(Events, TheWriterStoresWhatWasPostedBeforeItEnds) {
  {
    EventWriter writer(*database_, database_.GetClock());
    for (int i = 0; i < 20; ++i) writer.Post("camera.up", {{"i", i}});
  }
  const EventBatch batch = events_.After(0, 100).value();
  ASSERT_EQ(batch.events.size(), 20U);
  EXPECT_EQ(batch.events.back().data, R"({"i":19})");
}

TEST_F(Events, TheWriterNeverBlocksAndCountsWhatItLoses) {
  std::latch release(1);
  std::latch held(1);
  std::jthread holder([&] {
    (void)database_->Write([&](Connection&) -> Status {
      held.count_down();
      release.wait();
      return {};
    });
  });
  held.wait();
  std::atomic<int> told = 0;
  std::int64_t lost = 0;
  {
    EventWriter writer(*database_, database_.GetClock(), [&] { ++told; }, {.queue_depth_max = 5});
    for (int i = 0; i < 20; ++i) writer.Post("test", {{"i", i}});
    lost = writer.Drops();
    EXPECT_GE(lost, 14) << "five wait and one is being stored";
    release.count_down();
  }
  EXPECT_EQ(told, lost);
  const EventBatch batch = events_.After(0, 100).value();
  EXPECT_EQ(std::ssize(batch.events), 20 - lost);
  EXPECT_EQ(batch.events.back().data, R"({"i":19})") << "the newest are kept";
}

}  // namespace
}  // namespace vigil::database
