// Brings a database to the schema that this program was built with: forward only, one transaction a
// step.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "database/connection.h"

namespace vigil::database {

struct Migration {
  int version = 0;   // 1, 2, 3 ... without a gap: the number its file begins with
  std::string name;  // the file's name
  std::string sql;
};

// The files of migrations/, built into the program, in order.
std::span<const Migration> BuiltInMigrations();

// Makes the empty table of versions.
Status MakeVersionTable(Connection& connection);

// The version in `schema_version`; 0 for an empty database. Changes nothing.
Result<int> SchemaVersion(Connection& connection);

// Applies what is missing and returns the version reached. Each step and its line in
// `schema_version` commit together, so that an interrupted run goes on where it stopped.
// kUnavailable when the database is newer than `migrations`.
Result<int> Migrate(Connection& connection, std::span<const Migration> migrations,
                    const Clock& clock);

// kUnavailable, with the mend, when the schema is older or newer than `migrations`.
Status CheckSchema(Connection& connection, std::span<const Migration> migrations);

}  // namespace vigil::database
