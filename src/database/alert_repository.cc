// SQL of alerts and their deliveries, for people.
#include "database/alert_repository.h"

#include <map>

#include "base/format.h"
#include "base/log.h"
#include "database/alert_message_json.h"
#include "database/condition.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

constexpr std::string_view kSelectAlert =
    "SELECT id, channel, incident_id, message, state, next_attempt_at, created_at, expires_at "
    "FROM outbox ";
constexpr std::size_t kDeliveriesMax = 200;

StoredAlert AlertOf(const Row& row) {
  StoredAlert alert{.message = {},
                    .channel = row.Text("channel"),
                    .state = DeliveryStateFromWord(row.Text("state")),
                    .created_at = row.Time("created_at"),
                    .next_attempt_at = row.Time("next_attempt_at"),
                    .expires_at = row.OptionalTime("expires_at"),
                    .deliveries = {}};
  if (auto message = AlertMessageFromJson(row.Text("message"))) {
    alert.message = *std::move(message);
  } else {
    alert.message.event_time = alert.created_at;
  }
  alert.message.id = row.Text("id");
  alert.message.incident_id = row.Text("incident_id");
  return alert;
}

Status AddDeliveries(Connection& connection, StoredAlert& alert) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute("SELECT at, state, answer FROM deliveries WHERE alert_id = $1 "
                         "ORDER BY id LIMIT $2",
                         {alert.message.id, kDeliveriesMax}));
  for (const Row& row : answer.rows) {
    alert.deliveries.push_back(
        {row.Time("at"), DeliveryStateFromWord(row.Text("state")), row.Text("answer")});
  }
  return {};
}

Result<StoredAlert> FindAlert(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(const Answer answer,
                         connection.Execute(std::string(kSelectAlert) + "WHERE id = $1", {id}));
  if (answer.rows.empty()) return Fail(ErrorCode::kNotFound, format("there is no alert {}", id));
  StoredAlert alert = AlertOf(answer.rows.front());
  VIGIL_RETURN_IF_ERROR(AddDeliveries(connection, alert));
  return alert;
}

}  // namespace

Result<Page<StoredAlert>> AlertRepository::List(const AlertFilter& filter,
                                                const PageRequest& request) {
  Condition condition;
  if (!filter.channel.empty()) condition.Add("channel = ${}", filter.channel);
  if (!filter.incident_id.empty()) condition.Add("incident_id = ${}", filter.incident_id);
  if (filter.state) condition.Add("state = ${}", StateName(*filter.state));
  if (filter.from) condition.Add("created_at >= ${}", *filter.from);
  if (filter.to) condition.Add("created_at <= ${}", *filter.to);
  if (!request.after.empty()) condition.Add("id < ${}", request.after);
  const int limit = PageLimit(request);
  condition.parameters.emplace_back(limit + 1);
  return database_.Read([&](Connection& connection) -> Result<Page<StoredAlert>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(format("{}{} ORDER BY id DESC LIMIT ${}", kSelectAlert, condition.sql,
                                  condition.parameters.size()),
                           condition.parameters));
    auto page = MakePage<StoredAlert>(answer.rows, limit, AlertOf);
    for (StoredAlert& alert : page.items) VIGIL_RETURN_IF_ERROR(AddDeliveries(connection, alert));
    return page;
  });
}

Result<StoredAlert> AlertRepository::Get(const std::string& id) {
  return database_.Read([&](Connection& connection) { return FindAlert(connection, id); });
}

Result<StoredAlert> AlertRepository::Retry(const std::string& id) {
  const WallTime now = database_.GetClock().WallNow();
  return database_.Write([&](Connection& connection) -> Result<StoredAlert> {
    VIGIL_ASSIGN_OR_RETURN(const StoredAlert alert, FindAlert(connection, id));
    if (alert.state == DeliveryState::kSent) {
      return Fail(ErrorCode::kConflict, "this alert was sent already");
    }
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = $2, expires_at = $3 "
        "WHERE id = $1 AND state <> 'sent'",
        {id, now, now + std::chrono::hours{24}}));
    return FindAlert(connection, id);
  });
}

}  // namespace vigil::database
