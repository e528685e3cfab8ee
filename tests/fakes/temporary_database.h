// A fresh, real database with a clock that the test moves: an SQLite file, or a database of the
// PostgreSQL server that VIGIL_TEST_POSTGRES names.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "database/database.h"
#include "database/sqlite_connection.h"
#include "temporary_folder.h"
#include "temporary_postgres.h"

namespace vigil {

inline Sealer TestSealer(char digit = '1') {
  Result<Sealer> sealer = Sealer::FromHex(std::string(2 * Sealer::kKeyBytes, digit));
  VIGIL_CHECK(sealer.has_value(), "a key of hex digits");
  return *std::move(sealer);
}

class TemporaryDatabase {
 public:
  explicit TemporaryDatabase(database::DatabaseOptions options = {})
      : options_(std::move(options)) {
    options_.path = folder_.Path() / "vigil.db";
    if (postgres_) options_.postgres_url = postgres_->Url();
    Open();
  }

  // Closes and opens the same file, as a restart does.
  void Reopen() {
    Close();
    Open();
  }
  // Not to be used again before Reopen.
  void Close() { database_.reset(); }

  database::Database& operator*() { return *database_; }
  database::Database* operator->() { return database_.get(); }
  ManualClock& GetClock() { return clock_; }
  const std::filesystem::path& Path() const { return options_.path; }
  const database::DatabaseOptions& Options() const { return options_; }
  // Another connection that may write, as another process would have one.
  std::unique_ptr<database::Connection> Connect() const {
    auto connection = postgres_ ? database::OpenPostgres({.url = postgres_->Url()})
                                : database::OpenSqlite({.path = options_.path});
    VIGIL_CHECK(connection.has_value(), "a database that is open can be opened again");
    return *std::move(connection);
  }

  // Runs one statement, for what no repository does.
  database::Answer Execute(const std::string& sql,
                           const std::vector<database::Value>& values = {}) {
    auto answer = database_->Write(
        [&](database::Connection& connection) { return connection.Execute(sql, values); });
    if (!answer.has_value()) throw std::runtime_error(answer.error().message);
    return *std::move(answer);
  }

 private:
  void Open() {
    auto opened = database::OpenDatabase(options_, sealer_, clock_);
    VIGIL_CHECK(opened.has_value(), "a fresh database opens");
    database_ = *std::move(opened);
  }

  TemporaryFolder folder_;
  std::unique_ptr<TemporaryPostgres> postgres_ = TemporaryPostgres::Make();
  ManualClock clock_;
  Sealer sealer_ = TestSealer();
  database::DatabaseOptions options_;
  std::unique_ptr<database::Database> database_;
};

}  // namespace vigil
