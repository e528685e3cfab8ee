// Each kind is one statement that looks at the oldest rows only, by the order of their ids (UUIDv7:
// time) or by an index, so that a large table is never scanned.
#include "database/retention.h"

#include "database/given_up_alerts.h"

namespace vigil::database {
namespace {

// Repeats `sql` ($1 the limit of age or number, $2 rows at once) while it finds a full batch.
Result<std::int64_t> DeleteInSteps(Database& database, std::string_view sql, const Value& limit,
                                   int rows_at_once, const std::stop_token& stop) {
  std::int64_t deleted = 0;
  while (!stop.stop_requested()) {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer, database.Write([&](Connection& connection) {
      return connection.Execute(sql, {limit, rows_at_once});
    }));
    deleted += answer.changed;
    if (answer.changed < rows_at_once) break;
  }
  return deleted;
}

constexpr std::string_view kDetections =
    "DELETE FROM detections WHERE id IN (SELECT id FROM "
    "(SELECT id, seen_at FROM detections ORDER BY id LIMIT $2) AS oldest WHERE seen_at < $1)";

constexpr std::string_view kDeliveries =
    "DELETE FROM deliveries WHERE id IN (SELECT d.id FROM deliveries AS d "
    "JOIN outbox ON outbox.id = d.alert_id "
    "WHERE d.at < $1 AND outbox.state <> 'pending' ORDER BY d.at LIMIT $2)";

constexpr std::string_view kIncidents =
    "DELETE FROM incidents WHERE id IN (SELECT i.id FROM incidents AS i "
    "WHERE i.last_seen < $1 AND NOT EXISTS "
    "(SELECT 1 FROM outbox WHERE incident_id = i.id AND state = 'pending') "
    "ORDER BY i.last_seen LIMIT $2)";

// The record of a face stays, its picture goes with the incident.
constexpr std::string_view kCropsOfIncidents =
    "UPDATE detections SET crop_media_id = '' WHERE id IN (SELECT d.id FROM detections AS d "
    "WHERE d.crop_media_id <> '' AND d.outcome IN ('match', 'possible_match') AND d.seen_at < $1 "
    "AND NOT EXISTS (SELECT 1 FROM sightings AS s WHERE s.crop_media_id = d.crop_media_id) "
    "ORDER BY d.seen_at LIMIT $2)";

constexpr std::string_view kRefreshTokens =
    "DELETE FROM spent_refresh_tokens WHERE refresh_hash IN "
    "(SELECT refresh_hash FROM spent_refresh_tokens WHERE spent_at < $1 LIMIT $2)";

constexpr std::string_view kSessions =
    "DELETE FROM sessions WHERE id IN "
    "(SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)";

constexpr std::string_view kGalleryChanges =
    "DELETE FROM gallery_log WHERE sequence IN (SELECT sequence FROM gallery_log WHERE sequence <= "
    "(SELECT sequence FROM gallery_counter WHERE id = 1) - $1 ORDER BY sequence LIMIT $2)";

}  // namespace

Result<RetentionResult> ForgetOldRows(Database& database, const RetentionOptions& options,
                                      const std::stop_token& stop) {
  const WallTime now = database.GetClock().WallNow();
  const auto forget = [&](std::string_view sql, std::chrono::hours kept) -> Result<std::int64_t> {
    if (kept <= std::chrono::hours{0}) return 0;
    return DeleteInSteps(database, sql, now - kept, options.rows_at_once, stop);
  };
  RetentionResult result;
  VIGIL_ASSIGN_OR_RETURN(result.detections, forget(kDetections, options.detections));
  VIGIL_ASSIGN_OR_RETURN(result.deliveries, forget(kDeliveries, options.deliveries));
  VIGIL_ASSIGN_OR_RETURN(result.incidents, forget(kIncidents, options.incidents));
  VIGIL_RETURN_IF_ERROR(forget(kCropsOfIncidents, options.incidents));
  VIGIL_ASSIGN_OR_RETURN(result.refresh_tokens, forget(kRefreshTokens, options.sessions));
  VIGIL_ASSIGN_OR_RETURN(result.sessions, forget(kSessions, options.sessions));
  if (options.gallery_changes > 0) {
    VIGIL_ASSIGN_OR_RETURN(result.gallery_changes,
                           DeleteInSteps(database, kGalleryChanges, options.gallery_changes,
                                         options.rows_at_once, stop));
  }
  return result;
}

Result<std::int64_t> GiveUpForgottenAlerts(Database& database, const std::stop_token& stop) {
  constexpr int kRowsAtOnce = 200;
  constexpr std::chrono::hours kGrace{1};
  // Alerts without a stated end, of older versions, live a day.
  constexpr std::chrono::milliseconds kLife = std::chrono::hours{24};
  const WallTime before = database.GetClock().WallNow() - kGrace;
  const auto forgotten = [&](Connection& connection) {
    return connection.Execute(
        "SELECT id, incident_id, channel, attempts FROM outbox WHERE state = 'pending' "
        "AND COALESCE(expires_at, created_at + $2) < $1 ORDER BY id LIMIT $3",
        {before, kLife.count(), kRowsAtOnce});
  };
  std::int64_t given_up = 0;
  while (!stop.stop_requested()) {
    // Mostly there is none; then the writer is left in peace.
    VIGIL_ASSIGN_OR_RETURN(const Answer any, database.Read(forgotten));
    if (any.rows.empty()) break;
    VIGIL_ASSIGN_OR_RETURN(
        const std::int64_t some,
        database.Write([&](Connection& connection) -> Result<std::int64_t> {
          VIGIL_ASSIGN_OR_RETURN(const Answer answer, forgotten(connection));
          VIGIL_RETURN_IF_ERROR(GiveUpAlerts(
              connection, database, answer.rows,
              "expired: its channel is gone or switched off; switch it on and retry the alert"));
          return std::ssize(answer.rows);
        }));
    given_up += some;
  }
  return given_up;
}

}  // namespace vigil::database
