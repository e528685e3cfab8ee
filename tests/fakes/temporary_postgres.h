// A database of its own on a real PostgreSQL server, for tests that run against both engines.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/uuid.h"
#include "database/postgres_connection.h"

namespace vigil {

// Made empty, dropped at the end.
class TemporaryPostgres {
 public:
  // Null where VIGIL_TEST_POSTGRES is not set. It holds the URI of a server whose user may make
  // databases, without a database's name and with a query: postgresql://?host=/tmp/x&user=vigil
  static std::unique_ptr<TemporaryPostgres> Make() {
    const char* server = std::getenv("VIGIL_TEST_POSTGRES");
    if (server == nullptr) return nullptr;
    return std::unique_ptr<TemporaryPostgres>(new TemporaryPostgres(server));
  }

  ~TemporaryPostgres() { Run("DROP DATABASE " + name_ + " WITH (FORCE)"); }
  TemporaryPostgres(const TemporaryPostgres&) = delete;
  TemporaryPostgres& operator=(const TemporaryPostgres&) = delete;

  Secret Url() const { return UrlOf(name_); }

 private:
  explicit TemporaryPostgres(std::string server) : server_(std::move(server)) {
    Run("CREATE DATABASE " + name_);
  }

  static std::string NewName() {
    std::string name = "vigil_" + MakeUuid(SystemClock());
    std::erase(name, '-');
    return name;
  }
  Secret UrlOf(const std::string& database) const {
    return Secret(server_ + "&dbname=" + database);
  }
  void Run(const std::string& statement) const {
    auto connection = database::OpenPostgres({.url = UrlOf("postgres")});
    VIGIL_CHECK(connection.has_value(), "the server of VIGIL_TEST_POSTGRES can be reached");
    const auto done = (*connection)->ExecuteScript(statement);
    VIGIL_CHECK(done.has_value(), "the user of VIGIL_TEST_POSTGRES may make databases");
  }

  const std::string server_;
  const std::string name_ = NewName();
};

}  // namespace vigil
