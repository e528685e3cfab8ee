// The database as the program sees it: one writer thread with a bounded queue, a few readers, and
// the seal.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"
#include "base/secret.h"
#include "database/connection.h"
#include "database/event_log.h"
#include "database/migrator.h"
#include "database/stop_deadline.h"

namespace vigil::database {

// What to do when the schema is not the one of this program. A newer one is always refused.
enum class SchemaPolicy {
  kUpgrade,         // setup-database, demo, tests: create or upgrade it
  kRequireCurrent,  // serve and the rest: kUnavailable, naming `vigil setup-database`
};

struct DatabaseOptions {
  std::filesystem::path path = {};  // the SQLite file, unless PostgreSQL is named
  Secret postgres_url = Secret();   // see PostgresOptions; empty: SQLite
  SchemaPolicy schema = SchemaPolicy::kUpgrade;
  std::chrono::milliseconds write_timeout{10'000};      // waiting for the writer's turn
  std::chrono::milliseconds read_timeout{10'000};       // waiting for a free reader
  std::chrono::milliseconds busy_timeout{5'000};        // waiting for another process's lock
  std::chrono::milliseconds statement_timeout{10'000};  // one statement; PostgreSQL only
  int readers = 3;
  std::chrono::milliseconds stop_grace{2'500};  // for waiting changes, once stopping began
  std::size_t write_queue_depth_max = 256;
  std::int64_t pages_max = 0;  // of 4096 bytes; 0: no limit but the disk; SQLite only
  std::span<const Migration> migrations = BuiltInMigrations();
};

// Thread-safe. Every change of the process passes through Write, so that changes never wait for
// each other's locks and commit in the order they were taken. Destroying it finishes the writes
// that were taken, within `stop_grace`, and closes the file.
class Database {
 public:
  Database(const DatabaseOptions& options, const Sealer& sealer, Clock& clock,
           std::unique_ptr<Connection> writer, std::vector<std::unique_ptr<Connection>> readers,
           std::shared_ptr<StopDeadline> stop);
  ~Database();

  // The program stops: for `stop_grace` changes are still made, as far as the disk and the locks of
  // other processes let them; then each one that waits or comes is refused with kCancelled, and the
  // destructor logs how many were. What was answered with success stands. Thread-safe, never
  // blocks.
  void BeginStop() { stop_->Begin(options_.stop_grace); }

  // Runs `function(Connection&)`, which returns a Result, in one transaction on the writer thread,
  // and waits for its end: an error rolls everything back. When its turn does not come within
  // `write_timeout` it is withdrawn, untouched, and the answer is kUnavailable. Not to be called
  // from inside itself.
  template <class Function>
  auto Write(Function function) -> std::invoke_result_t<Function&, Connection&> {
    return Carry(function, [this](const Work& work) { return RunWrite(work); });
  }

  // Runs `function(Connection&)` on the calling thread, over one snapshot, with a connection that
  // cannot write.
  template <class Function>
  auto Read(Function function) -> std::invoke_result_t<Function&, Connection&> {
    return Carry(function, [this](const Work& work) { return RunRead(work); });
  }

  const Sealer& GetSealer() const { return sealer_; }
  Clock& GetClock() const { return clock_; }
  EventLog& Events() { return events_; }
  // Writes that wait, for metrics.
  std::size_t WriteQueueDepth() const { return queue_.Depth(); }
  // Writes refused since the start because their turn did not come in time.
  std::int64_t WritesRefused() const { return writes_refused_; }

 private:
  using Work = std::function<Status(Connection&)>;
  struct Task;

  template <class Function, class Runner>
  static auto Carry(Function& function, Runner run)
      -> std::invoke_result_t<Function&, Connection&> {
    std::invoke_result_t<Function&, Connection&> result =
        Fail(ErrorCode::kInternal, "the database did not run the request");
    const Status status = run([&](Connection& connection) -> Status {
      result = function(connection);
      if (!result.has_value()) return std::unexpected(result.error());
      return {};
    });
    if (!status.has_value()) return std::unexpected(status.error());
    return result;
  }

  Status RunWrite(const Work& work);
  Status RunTask(const Task& task);
  Status RunRead(const Work& work);
  void WriterLoop();

  const DatabaseOptions options_;
  const Sealer& sealer_;
  Clock& clock_;
  const std::shared_ptr<StopDeadline> stop_;
  std::unique_ptr<Connection> writer_;
  EventLog events_;
  std::int64_t refused_at_stop_ = 0;  // used by the writer thread, then by the destructor

  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<Connection>> free_readers_;  // guarded by readers_mutex_

  std::atomic<std::int64_t> writes_refused_ = 0;
  BoundedQueue<std::shared_ptr<Task>> queue_;
  std::jthread writer_thread_;
};

// What messages call the database: its file, or its address without credentials.
std::string DatabaseName(const DatabaseOptions& options);

// Opens (and by `schema` upgrades) the database. `sealer` and `clock` must outlive it. Errors name
// the database and the mend.
Result<std::unique_ptr<Database>> OpenDatabase(const DatabaseOptions& options, const Sealer& sealer,
                                               Clock& clock);

}  // namespace vigil::database
