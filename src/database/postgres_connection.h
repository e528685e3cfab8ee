// The PostgreSQL adapter of Connection.
#pragma once

#include <chrono>
#include <memory>

#include "base/secret.h"
#include "database/connection.h"
#include "database/stop_deadline.h"

namespace vigil::database {

// kWriter: its write transactions exclude those of every other connection, so that numbers given
// out inside them follow the order of commits. kReader refuses every change.
enum class PostgresMode { kWriter, kReader };

struct PostgresOptions {
  // A connection URI of libpq (postgresql://user@host:port/database?...). The password may stand in
  // it, in the file that `passfile=` names, or in PGPASSWORD.
  Secret url = Secret();
  PostgresMode mode = PostgresMode::kWriter;
  std::chrono::milliseconds connect_timeout{5'000};     // one server, the name's lookup apart
  std::chrono::milliseconds statement_timeout{10'000};  // one statement, its answer included
  std::chrono::milliseconds lock_timeout{5'000};        // waiting for another writer
  // Once it has passed, nothing is waited for. Null: only the timeouts count.
  std::shared_ptr<const StopDeadline> stop = nullptr;
};

// Connects to PostgreSQL 15 or newer. SQL is that of SQLite: scripts (migrations) are translated,
// see postgres_dialect.h. A connection that was lost is opened anew by the next Begin; after a
// failed attempt the next is made a second later at the earliest, until then Begin answers
// kUnavailable at once. An error inside a transaction leaves only Rollback. Errors beside
// Connection's: kPermission when the server refuses the login, kUnavailable when it is away, too
// slow or full; the message names host and database, never the password.
Result<std::unique_ptr<Connection>> OpenPostgres(const PostgresOptions& options);

}  // namespace vigil::database
