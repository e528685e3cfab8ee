// Applies migrations in order.
#include "database/migrator.h"

#include "base/check.h"
#include "base/format.h"

namespace vigil::database {
namespace {

constexpr const char* kVersionTable =
    "CREATE TABLE IF NOT EXISTS schema_version ("
    "  version    INTEGER NOT NULL PRIMARY KEY,"  // of the migration
    "  name       TEXT    NOT NULL,"              // its file
    "  applied_at INTEGER NOT NULL)";             // milliseconds UTC

// Behind the lock of the one writer: two processes that start together do not both make it.
Status MakeVersionTableAlone(Connection& connection) {
  VIGIL_RETURN_IF_ERROR(connection.Begin(TransactionKind::kUpgrade));
  Status made = MakeVersionTable(connection);
  if (made.has_value()) made = connection.Commit();
  connection.Rollback();
  return made;
}

Status Apply(Connection& connection, const Migration& migration, const Clock& clock) {
  VIGIL_RETURN_IF_ERROR(connection.Begin(TransactionKind::kUpgrade));
  const auto steps = [&]() -> Status {
    VIGIL_ASSIGN_OR_RETURN(const int version, SchemaVersion(connection));
    // Another process was faster.
    if (version >= migration.version) return {};
    VIGIL_RETURN_IF_ERROR(connection.ExecuteScript(migration.sql));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)",
        {migration.version, migration.name, clock.WallNow()}));
    return connection.Commit();
  };
  const Status status = steps();
  connection.Rollback();
  if (!status.has_value()) return Annotate(status.error(), "migration " + migration.name);
  return {};
}

Status RefuseNewer(int version, int known) {
  if (version <= known) return {};
  return Fail(ErrorCode::kUnavailable,
              format("the database has schema {}, this program knows up to {}: install the newer "
                     "version of Vigil that wrote it",
                     version, known));
}

}  // namespace

Status MakeVersionTable(Connection& connection) { return connection.ExecuteScript(kVersionTable); }

Result<int> SchemaVersion(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(const bool begun, connection.HasTable("schema_version"));
  if (!begun) return 0;
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version", {}));
  return answer.rows.at(0).Int("version");
}

Result<int> Migrate(Connection& connection, std::span<const Migration> migrations,
                    const Clock& clock) {
  const int known = static_cast<int>(migrations.size());
  VIGIL_ASSIGN_OR_RETURN(const int version, SchemaVersion(connection));
  VIGIL_RETURN_IF_ERROR(RefuseNewer(version, known));
  if (version == 0) VIGIL_RETURN_IF_ERROR(MakeVersionTableAlone(connection));
  for (int next = version + 1; next <= known; ++next) {
    const Migration& migration = migrations[static_cast<std::size_t>(next - 1)];
    VIGIL_CHECK(migration.version == next, "migrations are numbered 1, 2, 3 ... without a gap");
    VIGIL_RETURN_IF_ERROR(Apply(connection, migration, clock));
  }
  return known;
}

Status CheckSchema(Connection& connection, std::span<const Migration> migrations) {
  const int known = static_cast<int>(migrations.size());
  VIGIL_ASSIGN_OR_RETURN(const int version, SchemaVersion(connection));
  VIGIL_RETURN_IF_ERROR(RefuseNewer(version, known));
  if (version < known) {
    return Fail(ErrorCode::kUnavailable,
                format("the database has schema {}, this program needs {}: run "
                       "`vigil setup-database`",
                       version, known));
  }
  return {};
}

}  // namespace vigil::database
