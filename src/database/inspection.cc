// Every question is a plain SELECT: the schema may be another version's.
#include "database/inspection.h"

#include <utility>

#include "database/migrator.h"
#include "database/postgres_connection.h"
#include "database/rows.h"
#include "database/sqlite_connection.h"

namespace vigil::database {
namespace {

// What only one of the engines answers.
struct Engine {
  const char* table_named;  // finds the table of the name $1
  const char* first_damage = nullptr;
};
constexpr Engine kSqlite{"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
                         "PRAGMA quick_check(1)"};
constexpr Engine kPostgres{
    "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"};

Result<bool> HasTable(Connection& connection, const Engine& engine, const char* name) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(engine.table_named, {name}));
  return !answer.rows.empty();
}

Result<std::string> FirstDamage(Connection& connection, const Engine& engine) {
  if (engine.first_damage == nullptr) return std::string();
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(engine.first_damage, {}));
  const std::string& said = answer.rows.at(0).Text("quick_check");
  return said == "ok" ? std::string() : said;
}

Result<int> StoredSchema(Connection& connection, const Engine& engine) {
  VIGIL_ASSIGN_OR_RETURN(const bool there, HasTable(connection, engine, "schema_version"));
  if (!there) return 0;
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version", {}));
  return answer.rows.at(0).Int("version");
}

// The word that OpenDatabase seals when it makes a database.
Result<std::optional<bool>> KeyFits(Connection& connection, const Engine& engine,
                                    const Sealer& sealer) {
  VIGIL_ASSIGN_OR_RETURN(const bool there, HasTable(connection, engine, "settings"));
  if (!there) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT value FROM settings WHERE key = $1", {kKeyCheckSetting}));
  if (answer.rows.empty()) return std::nullopt;
  const auto opened = sealer.OpenText(answer.rows.front().Blob("value"),
                                      SealContext("settings", kKeyCheckSetting, "value"));
  return opened.has_value();
}

Result<std::vector<Camera>> StoredCameras(Connection& connection, const Sealer& sealer) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT id, name, url, enabled FROM cameras ORDER BY name", {}));
  std::vector<Camera> cameras;
  for (const Row& row : answer.rows) {
    Camera camera;
    camera.id = row.Text("id");
    camera.name = row.Text("name");
    camera.enabled = row.Flag("enabled");
    auto url = sealer.OpenText(row.Blob("url"), SealContext("cameras", camera.id, "url"));
    if (url.has_value()) camera.url = Secret(*std::move(url));
    cameras.push_back(std::move(camera));
  }
  return cameras;
}

Result<std::vector<StoredChannel>> StoredChannels(Connection& connection, const Sealer& sealer) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT id, name, kind, settings, include_snapshot, cooldown_s, enabled, "
                         "created_at, updated_at FROM channels ORDER BY name",
                         {}));
  std::vector<StoredChannel> channels;
  for (const Row& row : answer.rows) {
    StoredChannel channel{.id = row.Text("id"),
                          .name = row.Text("name"),
                          .kind = row.Text("kind"),
                          .settings = {},
                          .include_snapshot = row.Flag("include_snapshot"),
                          .cooldown_s = row.OptionalInt("cooldown_s"),
                          .enabled = row.Flag("enabled"),
                          .created_at = row.Time("created_at"),
                          .updated_at = row.Time("updated_at")};
    auto settings =
        sealer.OpenText(row.Blob("settings"), SealContext("channels", channel.id, "settings"));
    if (settings.has_value()) channel.settings = Secret(*std::move(settings));
    channels.push_back(std::move(channel));
  }
  return channels;
}

// Those whom cameras are searched for: with a reference, of whatever embedder.
Result<std::int64_t> EnrolledPersons(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT COUNT(DISTINCT person_id) AS persons FROM reference_embeddings",
                         {}));
  return answer.rows.at(0).Integer("persons");
}

Result<Inspection> Inspect(Connection& connection, const Engine& engine, const Sealer* sealer) {
  Inspection inspection;
  inspection.schema_known = static_cast<int>(BuiltInMigrations().size());
  VIGIL_ASSIGN_OR_RETURN(inspection.damage, FirstDamage(connection, engine));
  if (!inspection.damage.empty()) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.schema, StoredSchema(connection, engine));
  const bool schema_fits = inspection.schema == inspection.schema_known;
  if (schema_fits) {
    VIGIL_ASSIGN_OR_RETURN(inspection.persons, EnrolledPersons(connection));
  }
  if (sealer == nullptr) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.key_fits, KeyFits(connection, engine, *sealer));
  // Without proof that the key is right, each camera would seem to have lost its address.
  if (!schema_fits || inspection.key_fits != true) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.cameras, StoredCameras(connection, *sealer));
  VIGIL_ASSIGN_OR_RETURN(inspection.channels, StoredChannels(connection, *sealer));
  return inspection;
}

}  // namespace

Result<Inspection> InspectDatabase(const DatabaseOptions& options, const Sealer* sealer) {
  const bool sqlite = options.postgres_url.Empty();
  VIGIL_ASSIGN_OR_RETURN(
      const std::unique_ptr<Connection> connection,
      sqlite ? OpenSqlite({.path = options.path, .mode = SqliteMode::kReader})
             : OpenPostgres({.url = options.postgres_url, .mode = PostgresMode::kReader}));
  try {
    return Inspect(*connection, sqlite ? kSqlite : kPostgres, sealer);
  } catch (const RowError& error) {
    return Fail(ErrorCode::kDataLoss, error.what());
  }
}

}  // namespace vigil::database
