// Migrations are written once, as SQLite reads them; this says them to PostgreSQL.
#pragma once

#include <string>
#include <string_view>

namespace vigil::database {

// `sql` (statements of migrations/, which name their rules in 0001) for PostgreSQL: INTEGER becomes
// BIGINT, REAL DOUBLE PRECISION, BLOB BYTEA; TEXT compares by bytes, as in SQLite; STRICT goes.
// Comments, quoted names and texts stay as they are.
std::string ToPostgres(std::string_view sql);

}  // namespace vigil::database
