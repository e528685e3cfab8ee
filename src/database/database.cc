// The writer thread, the readers, and what happens when they are busy.
#include "database/database.h"

#include <exception>

#include "base/check.h"
#include "base/format.h"
#include "base/log.h"
#include "database/audit_chain.h"
#include "database/event_repository.h"
#include "database/postgres_connection.h"
#include "database/rows.h"
#include "database/setting_repository.h"
#include "database/sqlite_connection.h"

namespace vigil::database {
namespace {

// One transaction around `work`; whatever goes wrong inside, nothing of it remains.
Status InTransaction(Connection& connection, TransactionKind kind,
                     const std::function<Status(Connection&)>& work) {
  VIGIL_RETURN_IF_ERROR(connection.Begin(kind));
  Status status;
  try {
    status = work(connection);
  } catch (const RowError& error) {
    status = Fail(ErrorCode::kDataLoss, format("stored row is damaged: {}", error.what()));
  } catch (const std::exception& error) {
    status = Fail(ErrorCode::kInternal, format("database request failed: {}", error.what()));
  }
  if (status.has_value()) status = connection.Commit();
  if (!status.has_value()) connection.Rollback();
  return status;
}

}  // namespace

// One write on its way. Whoever changes `stage` first decides: the caller withdraws it, or the
// writer runs it, after which the caller waits for the end, so that nothing the work refers to dies
// too early.
struct Database::Task {
  enum class Stage { kWaiting, kRunning, kDone, kWithdrawn };

  explicit Task(const Work& asked) : work(asked) {}

  const Work& work;
  std::mutex mutex;
  std::condition_variable changed;
  Stage stage = Stage::kWaiting;  // guarded by mutex
  Status status;                  // guarded by mutex
};

Database::Database(const DatabaseOptions& options, const Sealer& sealer, Clock& clock,
                   std::unique_ptr<Connection> writer,
                   std::vector<std::unique_ptr<Connection>> readers,
                   std::shared_ptr<StopDeadline> stop)
    : options_(options),
      sealer_(sealer),
      clock_(clock),
      stop_(std::move(stop)),
      writer_(std::move(writer)),
      events_(clock),
      free_readers_(std::move(readers)),
      queue_(options.write_queue_depth_max),
      writer_thread_([this] { WriterLoop(); }) {}

Database::~Database() {
  BeginStop();
  queue_.Close();
  writer_thread_.join();
  if (refused_at_stop_ > 0) {
    LogError("database",
             "{} changes were not stored: when stopping, database {} did not take them within {} "
             "ms; is it locked by another process, or its disk too slow?",
             refused_at_stop_, DatabaseName(options_), options_.stop_grace.count());
  }
  // The writer closes last: it alone may checkpoint.
  free_readers_.clear();
}

Status Database::RunWrite(const Work& work) {
  VIGIL_CHECK(std::this_thread::get_id() != writer_thread_.get_id(),
              "a write inside a write would wait for itself");
  const auto deadline = std::chrono::steady_clock::now() + options_.write_timeout;
  auto task = std::make_shared<Task>(work);
  if (!queue_.PushWait(task, options_.write_timeout)) {
    ++writes_refused_;
    return Fail(ErrorCode::kUnavailable,
                format("the database's write queue is full ({} requests wait); the disk is too "
                       "slow or busy: try again",
                       queue_.Depth()));
  }
  std::unique_lock lock(task->mutex);
  const auto begun = [&] { return task->stage != Task::Stage::kWaiting; };
  if (!task->changed.wait_until(lock, deadline, begun)) {
    task->stage = Task::Stage::kWithdrawn;
    ++writes_refused_;
    return Fail(ErrorCode::kUnavailable,
                format("the database did not take the change within {} ms and nothing was changed; "
                       "the disk is too slow or busy: try again",
                       options_.write_timeout.count()));
  }
  task->changed.wait(lock, [&] { return task->stage == Task::Stage::kDone; });
  return task->status;
}

void Database::WriterLoop() {
  while (std::optional<std::shared_ptr<Task>> next = queue_.Pop()) {
    Task& task = **next;
    {
      const std::lock_guard lock(task.mutex);
      if (task.stage == Task::Stage::kWithdrawn) continue;
      task.stage = Task::Stage::kRunning;
      task.changed.notify_all();
    }
    Status status = RunTask(task);
    events_.EndTransaction(status.has_value());
    const std::lock_guard lock(task.mutex);
    task.status = std::move(status);
    task.stage = Task::Stage::kDone;
    task.changed.notify_all();
  }
}

Status Database::RunTask(const Task& task) {
  Status status = Fail(ErrorCode::kCancelled, "the database did not come to this change");
  if (!stop_->Passed()) status = InTransaction(*writer_, TransactionKind::kWrite, task.work);
  // Whoever would try again must not, once the time is over.
  if (status.has_value() || !stop_->Passed() ||
      (status.error().code != ErrorCode::kUnavailable &&
       status.error().code != ErrorCode::kCancelled)) {
    return status;
  }
  ++refused_at_stop_;
  return Fail(ErrorCode::kCancelled, format("the program is stopping and nothing was changed: {}",
                                            status.error().message));
}

Status Database::RunRead(const Work& work) {
  std::unique_ptr<Connection> reader;
  {
    std::unique_lock lock(readers_mutex_);
    if (!reader_free_.wait_for(lock, options_.read_timeout,
                               [&] { return !free_readers_.empty(); })) {
      return Fail(ErrorCode::kUnavailable,
                  "all database readers are busy; the disk is too slow or busy: try again");
    }
    reader = std::move(free_readers_.back());
    free_readers_.pop_back();
  }
  Status status = InTransaction(*reader, TransactionKind::kRead, work);
  {
    const std::lock_guard lock(readers_mutex_);
    free_readers_.push_back(std::move(reader));
  }
  reader_free_.notify_one();
  return status;
}

namespace {

// A sealed word tells a wrong key at once, before anything is stored under it beside what the right
// one sealed.
Status CheckKey(Database& database, const DatabaseOptions& options) {
  const auto make = []() -> Result<Secret> { return Secret(std::string("vigil")); };
  const Result<Secret> word = SettingRepository(database).GetOrMake(kKeyCheckSetting, make);
  if (word.has_value()) return {};
  if (word.error().code != ErrorCode::kDataLoss) return std::unexpected(word.error());
  return Fail(ErrorCode::kDataLoss,
              format("the key file does not belong to database {}: put back the key file it was "
                     "made with, or restore both from one backup",
                     DatabaseName(options)));
}

Result<std::unique_ptr<Connection>> Connect(const DatabaseOptions& options, bool writes,
                                            const std::shared_ptr<const StopDeadline>& stop) {
  if (options.postgres_url.Empty()) {
    return OpenSqlite({.path = options.path,
                       .mode = writes ? SqliteMode::kWriter : SqliteMode::kReader,
                       .busy_timeout = options.busy_timeout,
                       .pages_max = options.pages_max,
                       .stop = stop});
  }
  return OpenPostgres({.url = options.postgres_url,
                       .mode = writes ? PostgresMode::kWriter : PostgresMode::kReader,
                       .statement_timeout = options.statement_timeout,
                       .lock_timeout = options.busy_timeout,
                       .stop = stop});
}

}  // namespace

std::string DatabaseName(const DatabaseOptions& options) {
  return options.postgres_url.Empty() ? options.path.string()
                                      : MaskUrl(options.postgres_url.Reveal());
}

Result<std::unique_ptr<Database>> OpenDatabase(const DatabaseOptions& options, const Sealer& sealer,
                                               Clock& clock) {
  const auto stop = std::make_shared<StopDeadline>();
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Connection> writer, Connect(options, true, stop));
  if (options.schema == SchemaPolicy::kUpgrade) {
    VIGIL_RETURN_IF_ERROR(Migrate(*writer, options.migrations, clock));
  } else {
    VIGIL_RETURN_IF_ERROR(CheckSchema(*writer, options.migrations));
  }
  std::vector<std::unique_ptr<Connection>> readers;
  for (int i = 0; i < options.readers; ++i) {
    VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Connection> reader, Connect(options, false, stop));
    readers.push_back(std::move(reader));
  }
  auto database = std::make_unique<Database>(options, sealer, clock, std::move(writer),
                                             std::move(readers), stop);
  VIGIL_RETURN_IF_ERROR(CheckKey(*database, options));
  VIGIL_RETURN_IF_ERROR(BeginAuditChain(*database));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t newest, EventRepository(*database).Newest());
  database->Events().StartAfter(newest);
  return database;
}

}  // namespace vigil::database
