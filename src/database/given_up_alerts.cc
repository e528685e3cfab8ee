// SQL of giving up.
#include "database/given_up_alerts.h"

#include "base/uuid.h"

namespace vigil::database {

Status GiveUpAlerts(Connection& connection, Database& database, std::span<const Row> rows,
                    const std::string& why) {
  const Clock& clock = database.GetClock();
  for (const Row& row : rows) {
    VIGIL_RETURN_IF_ERROR(connection.Execute(
        "INSERT INTO deliveries (id, alert_id, at, state, answer) VALUES ($1, $2, $3, 'dead', $4)",
        {MakeUuid(clock), row.Text("id"), clock.WallNow(), why}));
    VIGIL_RETURN_IF_ERROR(
        connection.Execute("UPDATE outbox SET state = 'dead' WHERE id = $1", {row.Text("id")}));
    VIGIL_RETURN_IF_ERROR(database.Events().Append(connection, "alert.dead",
                                                   {{"alert_id", row.Text("id")},
                                                    {"incident_id", row.Text("incident_id")},
                                                    {"channel", row.Text("channel")},
                                                    {"attempts", row.Integer("attempts")}}));
  }
  return {};
}

}  // namespace vigil::database
