// What both engines do: transactions, threads, limits of waiting, another key.
#include "database/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "camera_group_rows.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

using ::testing::HasSubstr;

TEST(Connection, KeepsEveryKindOfValue) {
  TemporaryDatabase database;
  const Bytes bytes{std::byte{0}, std::byte{255}};
  const Answer answer = database.Execute(
      "SELECT $2 AS text, $1 AS number, $3 AS real_number, $4 AS bytes, $5 AS missing, $6 AS at, "
      "$1 AS again, $7 AS no_bytes",
      {std::int64_t{1} << 40, std::string("ä\tb"), 0.1, bytes, std::optional<int>(),
       WallTime{std::chrono::milliseconds{1'700'000'000'123}}, Bytes{}});
  const Row& row = answer.rows.at(0);
  EXPECT_EQ(row.Integer("number"), std::int64_t{1} << 40);
  EXPECT_EQ(row.Integer("again"), std::int64_t{1} << 40);
  EXPECT_EQ(row.Text("text"), std::string("ä\tb"));
  EXPECT_EQ(row.Real("real_number"), 0.1);
  EXPECT_EQ(row.Blob("bytes"), bytes);
  EXPECT_TRUE(row.IsNull("missing"));
  EXPECT_FALSE(row.IsNull("no_bytes"));
  EXPECT_EQ(row.Time("at").time_since_epoch().count(), 1'700'000'000'123);
  EXPECT_THROW((void)row.Text("number"), RowError);
  EXPECT_THROW((void)row.Text("unknown"), RowError);
}

TEST(Connection, SaysWhatKindOfFailureItWas) {
  TemporaryDatabase database;
  const auto code_of = [&](const std::string& sql) {
    return database->Write([&](Connection& connection) { return connection.Execute(sql, {}); })
        .error()
        .code;
  };
  database.Execute("INSERT INTO camera_groups (id, name, created_at) VALUES ('a', 'a', 0)");
  EXPECT_EQ(code_of("INSERT INTO camera_groups (id, name, created_at) VALUES ('b', 'a', 0)"),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of("INSERT INTO spent_refresh_tokens VALUES ('hash', 'no such session', 0)"),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of("INSERT INTO camera_groups (id, name, created_at) VALUES ('c', NULL, 0)"),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("INSERT INTO camera_groups (id, name, created_at) VALUES ('c', 'c', 'x')"),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("SELEC"), ErrorCode::kInternal);
}

TEST(Database, RollsBackWhatFailedHalfWay) {
  TemporaryDatabase database;
  const Status failed = database->Write([](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(InsertGroup(connection, "half"));
    return Fail(ErrorCode::kConflict, "changed my mind");
  });
  EXPECT_EQ(failed.error().message, "changed my mind");
  const Status thrown = database->Write([](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(InsertGroup(connection, "half"));
    throw std::runtime_error("surprise");
  });
  EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
  EXPECT_EQ(Count(*database), 0);
  EXPECT_TRUE(database->Write([](Connection& c) { return InsertGroup(c, "whole"); }).has_value());
  EXPECT_EQ(Count(*database), 1);
}

TEST(Database, RefusesWritesInReads) {
  TemporaryDatabase database;
  EXPECT_FALSE(database->Read([](Connection& c) { return InsertGroup(c, "sneaky"); }).has_value());
  EXPECT_EQ(Count(*database), 0);
}

TEST(Database, KeepsWhatWasCommittedAcrossARestart) {
  TemporaryDatabase database;
  ASSERT_TRUE(database->Write([](Connection& c) { return InsertGroup(c, "kept"); }).has_value());
  database.Reopen();
  EXPECT_EQ(Count(*database), 1);
}

// Each write inserts two rows; a reader that saw an odd count would have seen half a transaction.
TEST(Database, ServesReadersWhileItWrites) {
  TemporaryDatabase database;
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const Result<std::int64_t> count = Count(*database);
        if (!count.has_value() || *count % 2 != 0) ++wrong;
      }
    });
  }
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 25; ++i) {
        const std::string id = std::to_string(writer) + "-" + std::to_string(i);
        const Status written = database->Write([&](Connection& connection) -> Status {
          VIGIL_RETURN_IF_ERROR(InsertGroup(connection, id));
          return InsertGroup(connection, id + "-twin");
        });
        if (!written.has_value()) ++wrong;
      }
    });
  }
  writers.clear();
  done = true;
  readers.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Count(*database), 100);
}

// A writer that is kept busy until the test lets go.
class BusyWriter {
 public:
  explicit BusyWriter(Database& database) {
    thread_ = std::jthread([&database, this] {
      (void)database.Write([this](Connection&) -> Status {
        busy_.count_down();
        free_.wait();
        return {};
      });
    });
    busy_.wait();
  }
  ~BusyWriter() { free_.count_down(); }

 private:
  std::latch busy_{1};
  std::latch free_{1};
  std::jthread thread_;
};

TEST(Database, WithdrawsAWriteThatWaitedTooLong) {
  TemporaryDatabase database({.write_timeout = std::chrono::milliseconds{30}});
  std::atomic<bool> ran = false;
  {
    const BusyWriter busy(*database);
    const Status late = database->Write([&](Connection&) -> Status {
      ran = true;
      return {};
    });
    EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(late.error().message, HasSubstr("nothing was changed"));
  }
  database.Reopen();
  EXPECT_FALSE(ran);
}

TEST(Database, RefusesWritesWhenItsQueueIsFull) {
  TemporaryDatabase database(
      {.write_timeout = std::chrono::milliseconds{30}, .write_queue_depth_max = 1});
  const BusyWriter busy(*database);
  const auto nothing = [](Connection&) -> Status { return {}; };
  EXPECT_EQ(database->Write(nothing).error().code, ErrorCode::kUnavailable);
  const Status refused = database->Write(nothing);
  EXPECT_THAT(refused.error().message, HasSubstr("queue is full"));
}

// Another process that holds the write lock until it is destroyed.
class ForeignLock {
 public:
  explicit ForeignLock(const TemporaryDatabase& database) : connection_(database.Connect()) {
    if (!connection_->Begin(TransactionKind::kWrite)) throw std::runtime_error("cannot lock");
  }
  ~ForeignLock() { connection_->Rollback(); }

 private:
  std::unique_ptr<Connection> connection_;
};

// With the waits of a working installation each of these writes would take a minute.
TEST(Database, StopsInTimeWhenAnotherProcessHoldsItsLock) {
  constexpr std::chrono::milliseconds kMinute{60'000};
  TemporaryDatabase database({.write_timeout = kMinute,
                              .busy_timeout = kMinute,
                              .stop_grace = std::chrono::milliseconds{50}});
  ASSERT_TRUE(database->Write([](Connection& c) { return InsertGroup(c, "kept"); }).has_value());
  const auto start = std::chrono::steady_clock::now();
  std::vector<Status> answers(4);
  {
    const ForeignLock lock(database);
    std::vector<std::jthread> writers;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      writers.emplace_back([&, i] {
        answers[i] = database->Write(
            [&](Connection& c) { return InsertGroup(c, "late-" + std::to_string(i)); });
      });
    }
    database->BeginStop();
    writers.clear();
    ::testing::internal::CaptureStderr();
    database.Close();
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  database.Reopen();
  EXPECT_LT(std::chrono::steady_clock::now() - start, kMinute / 2);
  for (const Status& answer : answers) {
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::kCancelled) << "nobody is to try again";
    EXPECT_THAT(answer.error().message, HasSubstr("nothing was changed"));
  }
  EXPECT_THAT(log, HasSubstr("4 changes were not stored"));
  EXPECT_EQ(Count(*database), 1) << "what was answered with success stands";
}

TEST(Database, StoresWhatWaitsWhenItIsStopped) {
  TemporaryDatabase database;
  std::jthread writer;
  Status answer;
  {
    const BusyWriter busy(*database);
    writer = std::jthread(
        [&] { answer = database->Write([](Connection& c) { return InsertGroup(c, "waiting"); }); });
    while (database->WriteQueueDepth() == 0) std::this_thread::yield();
    database->BeginStop();
  }
  writer.join();
  EXPECT_TRUE(answer.has_value());
  database.Reopen();
  EXPECT_EQ(Count(*database), 1);
}

TEST(Database, RefusesAnotherKey) {
  TemporaryDatabase database;
  ManualClock clock;
  const Sealer other = TestSealer('2');
  const auto opened = OpenDatabase(database.Options(), other, clock);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(opened.error().message, HasSubstr("key file"));
}

}  // namespace
}  // namespace vigil::database
