// Every question is a plain SELECT: the schema may be another version's.
#include "database/inspection.h"

#include <utility>

#include "database/migrator.h"
#include "database/rows.h"
#include "database/sqlite_connection.h"

namespace vigil::database {
namespace {

Result<bool> HasTable(Connection& connection, const char* name) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", {name}));
  return !answer.rows.empty();
}

Result<std::string> FirstDamage(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute("PRAGMA quick_check(1)", {}));
  const std::string& said = answer.rows.at(0).Text("quick_check");
  return said == "ok" ? std::string() : said;
}

Result<int> StoredSchema(Connection& connection) {
  VIGIL_ASSIGN_OR_RETURN(const bool there, HasTable(connection, "schema_version"));
  if (!there) return 0;
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version", {}));
  return answer.rows.at(0).Int("version");
}

// The word that OpenDatabase seals when it makes a database.
Result<std::optional<bool>> KeyFits(Connection& connection, const Sealer& sealer) {
  VIGIL_ASSIGN_OR_RETURN(const bool there, HasTable(connection, "settings"));
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

Result<Inspection> Inspect(Connection& connection, const Sealer* sealer) {
  Inspection inspection;
  inspection.schema_known = static_cast<int>(BuiltInMigrations().size());
  VIGIL_ASSIGN_OR_RETURN(inspection.damage, FirstDamage(connection));
  if (!inspection.damage.empty()) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.schema, StoredSchema(connection));
  const bool schema_fits = inspection.schema == inspection.schema_known;
  if (schema_fits) {
    VIGIL_ASSIGN_OR_RETURN(inspection.persons, EnrolledPersons(connection));
  }
  if (sealer == nullptr) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.key_fits, KeyFits(connection, *sealer));
  // Without proof that the key is right, each camera would seem to have lost its address.
  if (!schema_fits || inspection.key_fits != true) return inspection;
  VIGIL_ASSIGN_OR_RETURN(inspection.cameras, StoredCameras(connection, *sealer));
  VIGIL_ASSIGN_OR_RETURN(inspection.channels, StoredChannels(connection, *sealer));
  return inspection;
}

}  // namespace

Result<Inspection> InspectDatabase(const std::filesystem::path& path, const Sealer* sealer) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection,
                         OpenSqlite({.path = path, .mode = SqliteMode::kReader}));
  try {
    return Inspect(*connection, sealer);
  } catch (const RowError& error) {
    return Fail(ErrorCode::kDataLoss, error.what());
  }
}

}  // namespace vigil::database
