// Tables as the engine's catalogue names them; rows by pages along the primary key.
#include "database/table_source.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "database/postgres_connection.h"
#include "database/rows.h"
#include "database/sqlite_connection.h"

namespace vigil::database {
namespace {

constexpr std::chrono::minutes kStatementTimeout{10};

// What the catalogue of an engine is asked. The texts of both give the same columns.
struct Catalogue {
  const char* tables;
  const char* columns;  // of table $1, with their place in the primary key, 0: none
  const char* parents;  // tables that $1 refers to
};

constexpr Catalogue kSqliteCatalogue{
    "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'",
    "SELECT name, pk FROM pragma_table_info($1)",
    "SELECT DISTINCT \"table\" AS name FROM pragma_foreign_key_list($1)"};

constexpr Catalogue kPostgresCatalogue{
    "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables "
    "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
    "SELECT CAST(a.attname AS TEXT) AS name, "
    "COALESCE(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0) AS pk "
    "FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary "
    "WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT DISTINCT CAST(CAST(confrelid AS regclass) AS TEXT) AS name FROM pg_constraint "
    "WHERE contype = 'f' AND conrelid = CAST(CAST($1 AS TEXT) AS regclass)"};

Result<Table> ReadTable(Connection& connection, const Catalogue& catalogue,
                        const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(catalogue.columns, {name}));
  Table table{.name = name};
  std::vector<std::pair<int, std::string>> key;
  for (const Row& row : answer.rows) {
    table.columns.push_back(row.Text("name"));
    if (row.Int("pk") > 0) key.emplace_back(row.Int("pk"), row.Text("name"));
  }
  std::ranges::sort(table.columns);
  std::ranges::sort(key);
  for (auto& column : key) table.key.push_back(std::move(column.second));
  if (table.key.empty()) {
    return Fail(ErrorCode::kInternal, format("table {} has no primary key to read it by", name));
  }
  return table;
}

Result<std::vector<Table>> ListTables(Connection& connection, const Catalogue& catalogue) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(catalogue.tables, {}));
  std::vector<std::string> waiting;
  for (const Row& row : answer.rows) waiting.push_back(row.Text("name"));
  std::ranges::sort(waiting);
  std::vector<Table> tables;
  const auto listed = [&](const std::string& name) {
    return std::ranges::find(tables, name, &Table::name) != tables.end();
  };
  while (!waiting.empty()) {
    const std::size_t before = waiting.size();
    for (auto name = waiting.begin(); name != waiting.end();) {
      VIGIL_ASSIGN_OR_RETURN(const Answer parents, connection.Execute(catalogue.parents, {*name}));
      const bool ready = std::ranges::all_of(parents.rows, [&](const Row& parent) {
        return parent.Text("name") == *name || listed(parent.Text("name"));
      });
      if (!ready) {
        ++name;
        continue;
      }
      VIGIL_ASSIGN_OR_RETURN(Table table, ReadTable(connection, catalogue, *name));
      tables.push_back(std::move(table));
      name = waiting.erase(name);
    }
    if (waiting.size() == before) {
      return Fail(ErrorCode::kInternal, format("table {} refers to itself by others", waiting[0]));
    }
  }
  return tables;
}

std::string Quoted(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += format("{}\"{}\"", list.empty() ? "" : ", ", name);
  return list;
}

class DatabaseTables : public TableSource {
 public:
  explicit DatabaseTables(Connection& connection) : connection_(connection) {}

  Status ReadCatalogue(const Catalogue& catalogue) {
    VIGIL_ASSIGN_OR_RETURN(tables_, ListTables(connection_, catalogue));
    return {};
  }
  const std::vector<Table>& Tables() const override { return tables_; }

  Status ForEachBatch(const Table& table, const std::function<Status(const Rows&)>& take) override {
    std::string after;
    for (std::size_t i = 0; i < table.key.size(); ++i) {
      after += format("{}${}", i == 0 ? "" : ", ", i + 1);
    }
    const std::string key = Quoted(table.key);
    const std::string select = format("SELECT {} FROM \"{}\"", Quoted(table.columns), table.name);
    const std::string order = format(" ORDER BY {} LIMIT {}", key, kBatchRows);
    std::vector<Value> last;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                             connection_.Execute(last.empty() ? select + order
                                                              : format("{} WHERE ({}) > ({}){}",
                                                                       select, key, after, order),
                                                 last));
      if (answer.rows.empty()) return {};
      Rows rows;
      rows.reserve(answer.rows.size());
      for (const Row& row : answer.rows) rows.push_back(row.Values());
      last.clear();
      for (const std::string& column : table.key) {
        const auto place = std::ranges::find(table.columns, column) - table.columns.begin();
        last.push_back(rows.back()[static_cast<std::size_t>(place)]);
      }
      VIGIL_RETURN_IF_ERROR(take(rows));
      if (rows.size() < kBatchRows) return {};
    }
  }

 private:
  Connection& connection_;
  std::vector<Table> tables_;
};

// A snapshot with the connection that holds it.
class Snapshot final : public DatabaseTables {
 public:
  explicit Snapshot(std::unique_ptr<Connection> connection)
      : DatabaseTables(*connection), connection_(std::move(connection)) {}
  ~Snapshot() override { connection_->Rollback(); }

 private:
  const std::unique_ptr<Connection> connection_;
};

const Catalogue& CatalogueOf(const DatabaseOptions& options) {
  return options.postgres_url.Empty() ? kSqliteCatalogue : kPostgresCatalogue;
}

Result<std::unique_ptr<Connection>> Connect(const DatabaseOptions& options, bool writes) {
  if (!options.postgres_url.Empty()) {
    return OpenPostgres({.url = options.postgres_url,
                         .mode = writes ? PostgresMode::kWriter : PostgresMode::kReader,
                         .statement_timeout = kStatementTimeout});
  }
  return OpenSqlite(
      {.path = options.path, .mode = writes ? SqliteMode::kWriter : SqliteMode::kReader});
}

// The schema of `source`, without the rows that migrations bring along.
Status MakeSchema(Connection& connection, int version, const DatabaseOptions& target) {
  VIGIL_RETURN_IF_ERROR(MakeVersionTable(connection));
  for (const Migration& migration : target.migrations.first(static_cast<std::size_t>(version))) {
    const Status made = connection.ExecuteScript(migration.sql);
    if (!made.has_value()) return Annotate(made.error(), "migration " + migration.name);
  }
  return {};
}

Status RefuseFilled(Connection& connection, DatabaseTables& tables, const std::string& name) {
  for (const Table& table : tables.Tables()) {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer rows,
        connection.Execute(format("SELECT 1 AS one FROM \"{}\" LIMIT 1", table.name), {}));
    if (table.name == "schema_version" && rows.rows.empty()) continue;
    return Fail(ErrorCode::kConflict,
                format("database {} is not empty (it has the table {}) and nothing was changed: "
                       "name an empty one",
                       name, table.name));
  }
  return {};
}

Status Fill(Connection& connection, TableSource& source, const DatabaseOptions& target,
            const CopyProgress& progress, std::vector<TableDigest>& digests) {
  const std::string name = DatabaseName(target);
  DatabaseTables filled(connection);
  VIGIL_RETURN_IF_ERROR(filled.ReadCatalogue(CatalogueOf(target)));
  VIGIL_RETURN_IF_ERROR(RefuseFilled(connection, filled, name));
  VIGIL_ASSIGN_OR_RETURN(const int version, SchemaOf(source, target.migrations));
  VIGIL_RETURN_IF_ERROR(MakeSchema(connection, version, target));
  VIGIL_RETURN_IF_ERROR(filled.ReadCatalogue(CatalogueOf(target)));
  if (filled.Tables() != source.Tables()) {
    return Fail(ErrorCode::kDataLoss,
                format("the tables are not those of schema {}: nothing was changed", version));
  }
  for (auto table = filled.Tables().rbegin(); table != filled.Tables().rend(); ++table) {
    VIGIL_RETURN_IF_ERROR(connection.Execute(format("DELETE FROM \"{}\"", table->name), {}));
  }
  for (const Table& table : source.Tables()) {
    TableDigest digest{.name = table.name};
    RowDigest rows_digest;
    const auto load = [&](const Rows& rows) -> Status {
      VIGIL_RETURN_IF_ERROR(connection.Load(table.name, table.columns, rows));
      rows_digest.Add(PackRows(rows));
      digest.rows += static_cast<std::int64_t>(rows.size());
      progress(table.name, digest.rows);
      return {};
    };
    const Status loaded = source.ForEachBatch(table, load);
    if (!loaded.has_value()) return Annotate(loaded.error(), "table " + table.name);
    digest.digest = rows_digest.Hex();
    digests.push_back(std::move(digest));
  }
  VIGIL_ASSIGN_OR_RETURN(const auto read_back, DigestTables(filled, {}));
  if (read_back != digests) {
    return Fail(ErrorCode::kDataLoss,
                format("what database {} gives back is not what was written: nothing was changed; "
                       "check its disk",
                       name));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TableSource>> OpenSnapshot(const DatabaseOptions& options) {
  if (options.postgres_url.Empty() && !std::filesystem::exists(options.path)) {
    return Fail(ErrorCode::kNotFound,
                format("there is no database {}; is this the right data directory?",
                       options.path.string()));
  }
  VIGIL_ASSIGN_OR_RETURN(auto connection, Connect(options, false));
  VIGIL_RETURN_IF_ERROR(connection->Begin(TransactionKind::kRead));
  auto snapshot = std::make_unique<Snapshot>(std::move(connection));
  VIGIL_RETURN_IF_ERROR(snapshot->ReadCatalogue(CatalogueOf(options)));
  VIGIL_ASSIGN_OR_RETURN(const int version, SchemaOf(*snapshot, options.migrations));
  if (version < static_cast<int>(options.migrations.size())) {
    return Fail(ErrorCode::kUnavailable,
                format("the database has schema {}, this program needs {}: run "
                       "`vigil setup-database`",
                       version, options.migrations.size()));
  }
  return snapshot;
}

Result<std::vector<TableDigest>> DigestTables(TableSource& source, const CopyProgress& progress) {
  std::vector<TableDigest> digests;
  for (const Table& table : source.Tables()) {
    TableDigest digest{.name = table.name};
    RowDigest rows_digest;
    VIGIL_RETURN_IF_ERROR(source.ForEachBatch(table, [&](const Rows& rows) -> Status {
      rows_digest.Add(PackRows(rows));
      digest.rows += static_cast<std::int64_t>(rows.size());
      if (progress) progress(table.name, digest.rows);
      return {};
    }));
    digest.digest = rows_digest.Hex();
    digests.push_back(std::move(digest));
  }
  return digests;
}

Result<int> SchemaOf(TableSource& source, std::span<const Migration> migrations) {
  const auto table = std::ranges::find(source.Tables(), "schema_version", &Table::name);
  std::int64_t version = 0;
  if (table != source.Tables().end()) {
    const auto place = std::ranges::find(table->columns, "version") - table->columns.begin();
    VIGIL_RETURN_IF_ERROR(source.ForEachBatch(*table, [&](const Rows& rows) -> Status {
      for (const auto& row : rows) {
        const auto* number =
            std::get_if<std::int64_t>(&row.at(static_cast<std::size_t>(place)).Get());
        if (number != nullptr) version = std::max(version, *number);
      }
      return {};
    }));
  }
  if (version <= 0) return Fail(ErrorCode::kDataLoss, "there is no Vigil's schema in it");
  if (version > static_cast<std::int64_t>(migrations.size())) {
    return Fail(ErrorCode::kUnavailable,
                format("it has schema {}, this program knows up to {}: install the newer version "
                       "of Vigil that wrote it",
                       version, migrations.size()));
  }
  return static_cast<int>(version);
}

Status CheckKeyOf(TableSource& source, const Sealer& sealer) {
  const auto table = std::ranges::find(source.Tables(), "settings", &Table::name);
  if (table == source.Tables().end()) return Fail(ErrorCode::kDataLoss, "there are no settings");
  return source.ForEachBatch(*table, [&](const Rows& rows) -> Status {
    for (const auto& row : rows) {
      // Columns by name: key, value.
      const auto* key = std::get_if<std::string>(&row.at(0).Get());
      const auto* value = std::get_if<Bytes>(&row.at(1).Get());
      if (key == nullptr || value == nullptr || *key != kKeyCheckSetting) continue;
      if (sealer.OpenText(*value, SealContext("settings", *key, "value")).has_value()) continue;
      return Fail(ErrorCode::kDataLoss,
                  "the key does not belong to it: give the vigil.key of the installation that it "
                  "came from");
    }
    return {};
  });
}

Status CheckEmpty(const DatabaseOptions& options) {
  if (options.postgres_url.Empty()) {
    if (!std::filesystem::exists(options.path)) return {};
    return Fail(ErrorCode::kConflict,
                format("the database {} exists already and nothing was changed: move it aside or "
                       "name another",
                       options.path.string()));
  }
  VIGIL_ASSIGN_OR_RETURN(auto connection, Connect(options, false));
  VIGIL_RETURN_IF_ERROR(connection->Begin(TransactionKind::kRead));
  DatabaseTables tables(*connection);
  Status status = tables.ReadCatalogue(CatalogueOf(options));
  if (status.has_value()) status = RefuseFilled(*connection, tables, DatabaseName(options));
  connection->Rollback();
  return status;
}

Result<std::vector<TableDigest>> FillDatabase(TableSource& source, const DatabaseOptions& target,
                                              const CopyProgress& progress) {
  VIGIL_ASSIGN_OR_RETURN(auto connection, Connect(target, true));
  VIGIL_RETURN_IF_ERROR(connection->Begin(TransactionKind::kWrite));
  std::vector<TableDigest> digests;
  Status status = Fill(*connection, source, target, progress, digests);
  if (status.has_value()) status = connection->Commit();
  connection->Rollback();
  if (!status.has_value()) return std::unexpected(status.error());
  return digests;
}

}  // namespace vigil::database
