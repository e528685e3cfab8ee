// The SQLite adapter of Connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "database/connection.h"
#include "database/stop_deadline.h"

namespace vigil::database {

// kWriter may change the database and alone checkpoints its write-ahead log: SQLite before 3.51.3
// can damage a file when several connections do. kReader refuses every change.
enum class SqliteMode { kWriter, kReader };

struct SqliteOptions {
  std::filesystem::path path;
  SqliteMode mode = SqliteMode::kWriter;
  std::chrono::milliseconds busy_timeout{5000};
  std::int64_t pages_max = 0;  // of 4096 bytes; 0: SQLite's own limit
  // Once it has passed, no lock of another process is waited for. Null: only busy_timeout counts.
  std::shared_ptr<const StopDeadline> stop = nullptr;
};

// Opens the file in WAL mode with synchronous=FULL, foreign keys and the DEFENSIVE switch; a writer
// makes it (mode 0600) when absent. kPermission or kUnavailable when it cannot be opened, kDataLoss
// when it is no database; the message names the file and the mend.
Result<std::unique_ptr<Connection>> OpenSqlite(const SqliteOptions& options);

}  // namespace vigil::database
