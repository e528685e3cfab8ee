// SQL of the outbox.
#include "database/outbox_repository.h"

#include "base/format.h"
#include "base/log.h"
#include "base/uuid.h"
#include "database/alert_message_json.h"
#include "database/rows.h"

namespace vigil::database {

Result<std::vector<PendingAlert>> OutboxRepository::DueAlerts(const std::string& channel,
                                                              WallTime now, int limit) {
  std::vector<std::pair<std::string, std::string>> damaged;
  VIGIL_ASSIGN_OR_RETURN(
      std::vector<PendingAlert> due,
      database_.Read([&](Connection& connection) -> Result<std::vector<PendingAlert>> {
        VIGIL_ASSIGN_OR_RETURN(
            const Answer answer,
            connection.Execute("SELECT id, message, attempts, expires_at FROM outbox "
                               "WHERE channel = $1 AND state = 'pending' AND next_attempt_at <= $2 "
                               "ORDER BY id LIMIT $3",
                               {channel, now, limit}));
        std::vector<PendingAlert> alerts;
        for (const Row& row : answer.rows) {
          Result<AlertMessage> message = AlertMessageFromJson(row.Text("message"));
          if (message.has_value()) {
            alerts.push_back({*std::move(message), channel, row.Int("attempts"),
                              row.OptionalTime("expires_at")});
          } else {
            damaged.emplace_back(row.Text("id"), message.error().message);
          }
        }
        return alerts;
      }));
  // A row that cannot be read must not hold up those behind it.
  for (const auto& [id, cause] : damaged) {
    LogError("database", "alert {} of channel {} is given up: {}", id, channel, cause);
    VIGIL_RETURN_IF_ERROR(RecordAttempt(id, now, DeliveryState::kDead, cause, now));
  }
  return due;
}

Result<std::optional<WallTime>> OutboxRepository::NextDue(const std::string& channel) {
  return database_.Read([&](Connection& connection) -> Result<std::optional<WallTime>> {
    VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                           connection.Execute("SELECT MIN(next_attempt_at) AS next_due FROM outbox "
                                              "WHERE channel = $1 AND state = 'pending'",
                                              {channel}));
    return answer.rows.at(0).OptionalTime("next_due");
  });
}

Status OutboxRepository::RecordAttempt(const std::string& alert_id, WallTime at,
                                       DeliveryState state, const std::string& answer,
                                       WallTime next_attempt_at) {
  return Record({.id = MakeUuid(database_.GetClock()),
                 .alert_id = alert_id,
                 .at = at,
                 .state = state,
                 .answer = answer,
                 .next_attempt_at = next_attempt_at});
}

Status OutboxRepository::Record(const DeliveryAttempt& attempt) {
  return database_.Write([&](Connection& connection) -> Status {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer recorded,
        connection.Execute("SELECT 1 AS found FROM deliveries WHERE id = $1", {attempt.id}));
    if (!recorded.rows.empty()) return {};
    VIGIL_ASSIGN_OR_RETURN(
        const Answer updated,
        // Who was given up while the attempt ran stays given up.
        connection.Execute("UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $3, "
                           "state = CASE WHEN state = 'dead' AND $2 = 'pending' THEN 'dead' "
                           "ELSE $2 END WHERE id = $1",
                           {attempt.alert_id, StateName(attempt.state), attempt.next_attempt_at}));
    if (updated.changed == 0) {
      return Fail(ErrorCode::kNotFound, format("there is no alert {}", attempt.alert_id));
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO deliveries (id, alert_id, at, state, answer) VALUES ($1, $2, $3, $4, $5)",
        {attempt.id, attempt.alert_id, attempt.at, StateName(attempt.state), attempt.answer}));
    if (attempt.state == DeliveryState::kPending) return {};
    VIGIL_ASSIGN_OR_RETURN(
        const Answer alert,
        connection.Execute("SELECT incident_id, channel, attempts FROM outbox WHERE id = $1",
                           {attempt.alert_id}));
    const Row& row = alert.rows.at(0);
    VIGIL_RETURN_IF_ERROR(database_.Events().Append(
        connection, attempt.state == DeliveryState::kSent ? "alert.sent" : "alert.dead",
        {{"alert_id", attempt.alert_id},
         {"incident_id", row.Text("incident_id")},
         {"channel", row.Text("channel")},
         {"attempts", row.Integer("attempts")}}));
    return {};
  });
}

Result<std::vector<DeliveryRecord>> OutboxRepository::Deliveries(const std::string& alert_id) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<DeliveryRecord>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(
            "SELECT at, state, answer FROM deliveries WHERE alert_id = $1 ORDER BY id",
            {alert_id}));
    std::vector<DeliveryRecord> records;
    records.reserve(answer.rows.size());
    for (const Row& row : answer.rows) {
      records.push_back(
          {row.Time("at"), DeliveryStateFromWord(row.Text("state")), row.Text("answer")});
    }
    return records;
  });
}

Result<std::int64_t> OutboxRepository::PendingCount() {
  return database_.Read([](Connection& connection) -> Result<std::int64_t> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT COUNT(*) AS count FROM outbox WHERE state = 'pending'", {}));
    return answer.rows.at(0).Integer("count");
  });
}

}  // namespace vigil::database
