// SQL of switches from one embedder to another.
#include "database/model_switch_repository.h"

#include "base/format.h"
#include "base/uuid.h"
#include "database/gallery_log.h"
#include "database/postgres_connection.h"
#include "database/rows.h"
#include "database/sqlite_connection.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, model_id, space_key, accept_missing, state, requested_by, requested_at, ended_at "
    "FROM model_switches ";

// Lost to a search in space $1: every photo was tried, none could be embedded.
constexpr std::string_view kMissing =
    "SELECT DISTINCT persons.id, persons.name FROM unembedded_photos "
    "JOIN photos ON photos.id = unembedded_photos.photo_id "
    "JOIN persons ON persons.id = photos.person_id WHERE unembedded_photos.space_key = $1 "
    "AND NOT EXISTS (SELECT 1 FROM photos AS others WHERE others.person_id = persons.id "
    "AND NOT EXISTS (SELECT 1 FROM unembedded_photos AS failed "
    "WHERE failed.photo_id = others.id AND failed.space_key = $1)) "
    "ORDER BY persons.name, persons.id";

constexpr int kForgottenAtOnce = 500;

ModelSwitch SwitchOf(const Row& row) {
  return {.id = row.Text("id"),
          .model_id = row.Text("model_id"),
          .space_key = row.Text("space_key"),
          .accept_missing = row.Flag("accept_missing"),
          .state = FromWord(row.Text("state"),
                            {SwitchState::kRunning, SwitchState::kInUse, SwitchState::kFormer,
                             SwitchState::kCancelled},
                            SwitchStateName),
          .requested_by = row.Text("requested_by"),
          .requested_at = row.Time("requested_at"),
          .ended_at = row.OptionalTime("ended_at")};
}

Result<std::optional<ModelSwitch>> FindOne(Connection& connection, std::string_view condition,
                                           const std::vector<Value>& values = {}) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelect) + std::string(condition), values));
  if (answer.rows.empty()) return std::nullopt;
  return SwitchOf(answer.rows.front());
}

Result<std::optional<ModelSwitch>> FindRunning(Connection& connection) {
  return FindOne(connection, "WHERE state = 'running'");
}

Result<std::int64_t> Count(Connection& connection, const char* sql,
                           const std::vector<Value>& values = {}) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(sql, values));
  return answer.rows.at(0).Integer("number");
}

Result<SwitchProgress> CountProgress(Connection& connection, const std::string& space_key) {
  SwitchProgress progress;
  VIGIL_ASSIGN_OR_RETURN(progress.photos,
                         Count(connection, "SELECT COUNT(*) AS number FROM photos"));
  VIGIL_ASSIGN_OR_RETURN(progress.embedded, Count(connection,
                                                  "SELECT COUNT(DISTINCT photo_id) AS number FROM "
                                                  "reference_embeddings WHERE space_key = $1",
                                                  {space_key}));
  VIGIL_ASSIGN_OR_RETURN(
      progress.failed,
      Count(connection, "SELECT COUNT(*) AS number FROM unembedded_photos WHERE space_key = $1",
            {space_key}));
  return progress;
}

Status Insert(Connection& connection, const ModelSwitch& wanted) {
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO model_switches (id, model_id, space_key, accept_missing, state, requested_by, "
      "requested_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {wanted.id, wanted.model_id, wanted.space_key, wanted.accept_missing,
       SwitchStateName(wanted.state), wanted.requested_by, wanted.requested_at, wanted.ended_at}));
  return {};
}

}  // namespace

std::string_view SwitchStateName(SwitchState state) {
  switch (state) {
    case SwitchState::kRunning:
      return "running";
    case SwitchState::kInUse:
      return "in_use";
    case SwitchState::kFormer:
      return "former";
    case SwitchState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

Result<ModelSwitch> ModelSwitchRepository::Request(const std::string& model_id, bool accept_missing,
                                                   const std::string& requested_by) {
  const Clock& clock = database_.GetClock();
  return database_.Write([&](Connection& connection) -> Result<ModelSwitch> {
    VIGIL_ASSIGN_OR_RETURN(std::optional<ModelSwitch> running, FindRunning(connection));
    if (running && running->model_id != model_id) {
      return Fail(ErrorCode::kConflict,
                  format("a switch to {} is on its way; wait for it, or cancel it with `vigil "
                         "models switch --cancel`",
                         running->model_id));
    }
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("DELETE FROM unembedded_photos WHERE space_key IN "
                           "(SELECT space_key FROM model_switches WHERE model_id = $1)",
                           {model_id}));
    if (running) {
      running->accept_missing = accept_missing;
      VIGIL_RETURN_IF_ERROR(
          connection.Execute("UPDATE model_switches SET accept_missing = $2 WHERE id = $1",
                             {running->id, accept_missing}));
      return *std::move(running);
    }
    const ModelSwitch wanted{.id = MakeUuid(clock),
                             .model_id = model_id,
                             .space_key = {},
                             .accept_missing = accept_missing,
                             .state = SwitchState::kRunning,
                             .requested_by = requested_by,
                             .requested_at = clock.WallNow(),
                             .ended_at = std::nullopt};
    VIGIL_RETURN_IF_ERROR(Insert(connection, wanted));
    return wanted;
  });
}

Result<std::optional<ModelSwitch>> ModelSwitchRepository::Running() {
  return database_.Read(FindRunning);
}

Result<std::optional<ModelSwitch>> ModelSwitchRepository::InUse() {
  return database_.Read(
      [](Connection& connection) { return FindOne(connection, "WHERE state = 'in_use'"); });
}

Result<std::optional<ModelSwitch>> ModelSwitchRepository::Newest() {
  return database_.Read(
      [](Connection& connection) { return FindOne(connection, "ORDER BY id DESC LIMIT 1"); });
}

Result<ModelSwitch> ModelSwitchRepository::Cancel() {
  const WallTime now = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Result<ModelSwitch> {
    VIGIL_ASSIGN_OR_RETURN(std::optional<ModelSwitch> running, FindRunning(connection));
    if (!running) return Fail(ErrorCode::kNotFound, "no switch to another embedder is on its way");
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE model_switches SET state = 'cancelled', ended_at = $2 WHERE id = $1",
        {running->id, now}));
    running->state = SwitchState::kCancelled;
    running->ended_at = now;
    return *std::move(running);
  });
}

Status ModelSwitchRepository::SetSpace(const std::string& id, const std::string& space_key) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE model_switches SET space_key = $2 WHERE id = $1", {id, space_key}));
    return {};
  });
}

Result<SwitchProgress> ModelSwitchRepository::Progress(const std::string& space_key) {
  return database_.Read(
      [&](Connection& connection) { return CountProgress(connection, space_key); });
}

// The photo may be gone: then nobody misses it.
Status ModelSwitchRepository::NoteUnembedded(const std::string& space_key,
                                             const std::string& photo_id,
                                             const std::string& reason) {
  const WallTime now = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO unembedded_photos (space_key, photo_id, reason, tried_at) "
        "SELECT $1, photos.id, $3, $4 FROM photos WHERE photos.id = $2 "
        "ON CONFLICT (space_key, photo_id) DO UPDATE SET reason = excluded.reason, "
        "tried_at = excluded.tried_at",
        {space_key, photo_id, reason, now}));
    return {};
  });
}

Result<std::vector<UnembeddedPhoto>> ModelSwitchRepository::Unembedded(const std::string& space_key,
                                                                       int limit) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<UnembeddedPhoto>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT photo_id, persons.id AS person_id, persons.name, "
                           "unembedded_photos.reason FROM unembedded_photos "
                           "JOIN photos ON photos.id = photo_id "
                           "JOIN persons ON persons.id = photos.person_id "
                           "WHERE space_key = $1 ORDER BY persons.name, photo_id LIMIT $2",
                           {space_key, limit}));
    std::vector<UnembeddedPhoto> photos;
    for (const Row& row : answer.rows) {
      photos.push_back({.photo_id = row.Text("photo_id"),
                        .person_id = row.Text("person_id"),
                        .person_name = row.Text("name"),
                        .reason = row.Text("reason")});
    }
    return photos;
  });
}

Result<std::vector<MissingPerson>> ModelSwitchRepository::Missing(const std::string& space_key) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<MissingPerson>> {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer, connection.Execute(kMissing, {space_key}));
    std::vector<MissingPerson> people;
    for (const Row& row : answer.rows) people.push_back({row.Text("id"), row.Text("name")});
    return people;
  });
}

Result<SwitchEnd> ModelSwitchRepository::Complete(const std::string& id) {
  const WallTime now = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Result<SwitchEnd> {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ModelSwitch> running, FindRunning(connection));
    if (!running || running->id != id) return SwitchEnd::kWithdrawn;
    VIGIL_ASSIGN_OR_RETURN(const SwitchProgress progress,
                           CountProgress(connection, running->space_key));
    if (progress.Pending() > 0) return SwitchEnd::kPhotosPending;
    if (!running->accept_missing) {
      VIGIL_ASSIGN_OR_RETURN(const Answer missing,
                             connection.Execute(kMissing, {running->space_key}));
      if (!missing.rows.empty()) return SwitchEnd::kPeopleMissing;
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE model_switches SET state = 'former' WHERE state = 'in_use'", {}));
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE model_switches SET state = 'in_use', ended_at = $2 WHERE id = $1", {id, now}));
    return SwitchEnd::kInUse;
  });
}

Result<std::int64_t> ModelSwitchRepository::ForgetOtherSpaces(const std::string& space_key) {
  std::int64_t forgotten = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::int64_t some,
        database_.Write([&](Connection& connection) -> Result<std::int64_t> {
          VIGIL_ASSIGN_OR_RETURN(const auto running, FindRunning(connection));
          if (running) {
            return Fail(ErrorCode::kConflict,
                        format("a switch to {} is on its way and needs the references; wait for "
                               "it, or cancel it with `vigil models switch --cancel`",
                               running->model_id));
          }
          VIGIL_ASSIGN_OR_RETURN(
              const Answer answer,
              connection.Execute(
                  "SELECT id FROM reference_embeddings WHERE space_key <> $1 ORDER BY id LIMIT $2",
                  {space_key, kForgottenAtOnce}));
          std::vector<std::string> ids;
          for (const Row& row : answer.rows) ids.push_back(row.Text("id"));
          VIGIL_RETURN_IF_ERROR(LogGalleryChanges(connection, ids));
          for (const std::string& id : ids) {
            VIGIL_RETURN_IF_ERROR(
                connection.Execute("DELETE FROM reference_embeddings WHERE id = $1", {id}));
          }
          return std::ssize(ids);
        }));
    forgotten += some;
    if (some < kForgottenAtOnce) return forgotten;
  }
}

std::optional<std::string> SwitchedEmbedder(const DatabaseOptions& options) {
  auto connection =
      options.postgres_url.Empty()
          ? OpenSqlite({.path = options.path, .mode = SqliteMode::kReader})
          : OpenPostgres({.url = options.postgres_url, .mode = PostgresMode::kReader});
  if (!connection) return std::nullopt;
  const auto in_use = FindOne(**connection, "WHERE state = 'in_use'");
  if (!in_use || !in_use->has_value()) return std::nullopt;
  return (*in_use)->model_id;
}

}  // namespace vigil::database
