// The end of alerts that are never sent: one way for all who give them up.
#pragma once

#include <span>
#include <string>

#include "database/connection.h"
#include "database/database.h"

namespace vigil::database {

// Makes the alerts of `rows` (id, incident_id, channel and attempts of the outbox) dead, with a
// delivery that says why and an event, inside the transaction of `connection`.
Status GiveUpAlerts(Connection& connection, Database& database, std::span<const Row> rows,
                    const std::string& why);

}  // namespace vigil::database
