// SQLite's C interface behind Connection. Statements are prepared once and kept.
#include "database/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>
#include <unordered_map>

#include "base/format.h"

namespace vigil::database {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinishStatement>;

struct PreparedStatement {
  StatementHandle handle;
  Row::Columns columns;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

// What the code means for the caller, and the sentence that says how to mend it.
std::pair<ErrorCode, std::string_view> Explain(int extended_code) {
  switch (extended_code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return extended_code == SQLITE_CONSTRAINT_CHECK ||
                     extended_code == SQLITE_CONSTRAINT_NOTNULL ||
                     extended_code == SQLITE_CONSTRAINT_DATATYPE
                 ? std::pair{ErrorCode::kInvalidArgument, std::string_view{}}
                 : std::pair{ErrorCode::kConflict, std::string_view{}};
    case SQLITE_FULL:
      return {ErrorCode::kUnavailable, "; nothing was changed: free space on its disk"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, "; another process writes to it: stop it or try again"};
    case SQLITE_IOERR:
      return {ErrorCode::kUnavailable, "; check the disk that holds it"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorCode::kPermission, "; make the file and its folder writable for this user"};
    case SQLITE_CANTOPEN:
      return {ErrorCode::kPermission, "; check that its folder exists and is writable"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kDataLoss, "; restore it from a backup"};
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return {ErrorCode::kInvalidArgument, ""};
    default:
      return {ErrorCode::kInternal, ""};
  }
}

std::unexpected<Error> ErrorOf(sqlite3* database, const std::string& name) {
  const auto [code, mend] = Explain(sqlite3_extended_errcode(database));
  return Fail(code, format("database {}: {}{}", name, sqlite3_errmsg(database), mend));
}

int Bind(sqlite3_stmt* statement, int index, const Value::Variant& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* real = std::get_if<double>(&value)) {
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<Bytes>(&value)) {
    // A null pointer would bind NULL instead of no bytes.
    const void* data = bytes->empty() ? static_cast<const void*>("") : bytes->data();
    return sqlite3_bind_blob64(statement, index, data, bytes->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

Value ReadColumn(sqlite3_stmt* statement, int column) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return Value(std::int64_t{sqlite3_column_int64(statement, column)});
    case SQLITE_FLOAT:
      return Value(sqlite3_column_double(statement, column));
    case SQLITE_TEXT:
      return Value(std::string_view(
          reinterpret_cast<const char*>(sqlite3_column_text(statement, column)), size));
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
      return Value(data == nullptr ? Bytes{} : Bytes(data, data + size));
    }
    default:
      return Value();
  }
}

// How SQLite waits for the lock of another process: in small steps, until the time allowed is over
// or the program has to stop. It stands where sqlite3_busy_timeout would, which cannot be ended.
class BusyWait {
 public:
  BusyWait(std::chrono::milliseconds timeout, std::shared_ptr<const StopDeadline> stop)
      : timeout_(timeout), stop_(std::move(stop)) {}

  static int OnBusy(void* self, int waits_so_far) {
    return static_cast<BusyWait*>(self)->GoOn(waits_so_far) ? 1 : 0;
  }

 private:
  static constexpr std::chrono::milliseconds kStep{5};

  bool GoOn(int waits_so_far) {
    const auto now = std::chrono::steady_clock::now();
    if (waits_so_far == 0) deadline_ = now + timeout_;
    if (now >= deadline_ || (stop_ != nullptr && stop_->Passed())) return false;
    std::this_thread::sleep_for(kStep);
    return true;
  }

  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<const StopDeadline> stop_;
  SteadyTime deadline_{};
};

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(DatabaseHandle database, std::string name, std::unique_ptr<BusyWait> busy_wait)
      : name_(std::move(name)), busy_wait_(std::move(busy_wait)), database_(std::move(database)) {}

  Result<Answer> Execute(std::string_view sql, const std::vector<Value>& parameters) override {
    VIGIL_ASSIGN_OR_RETURN(PreparedStatement * prepared, Prepare(sql));
    sqlite3_stmt* statement = prepared->handle.get();
    Result<Answer> answer = Run(*prepared, parameters);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return answer;
  }

  Status ExecuteScript(const std::string& sql) override {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      return ErrorOf(database_.get(), name_);
    }
    return {};
  }

  Status Load(const std::string& table, const std::vector<std::string>& columns,
              const std::vector<std::vector<Value>>& rows) override {
    std::string names;
    std::string values;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      names += format("{}\"{}\"", i == 0 ? "" : ", ", columns[i]);
      values += format("{}${}", i == 0 ? "" : ", ", i + 1);
    }
    const std::string sql = format("INSERT INTO \"{}\" ({}) VALUES ({})", table, names, values);
    for (const std::vector<Value>& row : rows) VIGIL_RETURN_IF_ERROR(Execute(sql, row));
    return {};
  }

  Result<bool> HasTable(const std::string& name) override {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        Execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1", {name}));
    return !answer.rows.empty();
  }

  Status Begin(TransactionKind kind) override {
    return ExecuteScript(kind == TransactionKind::kRead ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE");
  }

  Status Commit() override { return ExecuteScript("COMMIT"); }

  void Rollback() override {
    // SQLite has rolled back by itself after some errors.
    if (sqlite3_get_autocommit(database_.get()) == 0) {
      sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
  }

 private:
  Result<PreparedStatement*> Prepare(std::string_view sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return &known->second;
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, &rest) != SQLITE_OK) {
      return ErrorOf(database_.get(), name_);
    }
    PreparedStatement prepared{StatementHandle(statement), nullptr};
    const int width = sqlite3_column_count(statement);
    std::vector<std::string> columns;
    columns.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) {
      columns.emplace_back(sqlite3_column_name(statement, i));
    }
    prepared.columns = std::make_shared<const std::vector<std::string>>(std::move(columns));
    return &statements_.emplace(std::string(sql), std::move(prepared)).first->second;
  }

  Result<Answer> Run(const PreparedStatement& prepared, const std::vector<Value>& parameters) {
    sqlite3_stmt* statement = prepared.handle.get();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      // SQLite numbers "$2" by its first appearance, so the name decides.
      const int index = sqlite3_bind_parameter_index(statement, format("${}", i + 1).c_str());
      if (index == 0) {
        return Fail(ErrorCode::kInternal, format("the statement has no parameter ${}", i + 1));
      }
      if (Bind(statement, index, parameters[i].Get()) != SQLITE_OK) {
        return ErrorOf(database_.get(), name_);
      }
    }
    Answer answer;
    const std::int64_t changes_before = sqlite3_total_changes64(database_.get());
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      std::vector<Value> values;
      values.reserve(prepared.columns->size());
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        values.push_back(ReadColumn(statement, i));
      }
      answer.rows.emplace_back(prepared.columns, std::move(values));
    }
    if (code != SQLITE_DONE) return ErrorOf(database_.get(), name_);
    if (sqlite3_total_changes64(database_.get()) != changes_before) {
      answer.changed = sqlite3_changes64(database_.get());
    }
    return answer;
  }

  const std::string name_;
  const std::unique_ptr<BusyWait> busy_wait_;  // SQLite holds its address while it is open
  DatabaseHandle database_;
  // After the database, so that statements are finished before it closes.
  std::unordered_map<std::string, PreparedStatement, TextHash, std::equal_to<>> statements_;
};

// Makes an absent file for its owner alone; SQLite gives its side files the same mode.
Status MakePrivateFile(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    const int cause = errno;
    const bool full = cause == ENOSPC || cause == EDQUOT;
    return Fail(full ? ErrorCode::kUnavailable : ErrorCode::kPermission,
                format("database {} cannot be opened: {}; {}", path.string(), std::strerror(cause),
                       full ? "free space on its disk"
                            : "check that its folder exists and is writable for this user"));
  }
  ::close(file);
  return {};
}

Status Configure(sqlite3* database, const SqliteOptions& options, BusyWait& busy_wait) {
  const std::string name = options.path.string();
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_handler(database, &BusyWait::OnBusy, &busy_wait);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  std::string settings = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;";
  if (options.mode == SqliteMode::kWriter) {
    settings += "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 1000;";
    if (options.pages_max > 0) settings += format("PRAGMA max_page_count = {};", options.pages_max);
  } else {
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    settings += "PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON;";
  }
  if (sqlite3_exec(database, settings.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return ErrorOf(database, name);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> OpenSqlite(const SqliteOptions& options) {
  if (options.mode == SqliteMode::kWriter) VIGIL_RETURN_IF_ERROR(MakePrivateFile(options.path));
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(options.path.c_str(), &opened,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  DatabaseHandle database(opened);
  if (code != SQLITE_OK) return ErrorOf(opened, options.path.string());
  auto busy_wait = std::make_unique<BusyWait>(options.busy_timeout, options.stop);
  VIGIL_RETURN_IF_ERROR(Configure(opened, options, *busy_wait));
  return std::make_unique<SqliteConnection>(std::move(database), options.path.string(),
                                            std::move(busy_wait));
}

}  // namespace vigil::database
