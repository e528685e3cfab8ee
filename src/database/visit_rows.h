// Visits, cooldowns and alerts between the rules and their tables. For use inside a write.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/incident.h"
#include "database/connection.h"
#include "database/event_log.h"
#include "database/visit_rules.h"

namespace vigil::database {

// The open visit of that person and camera group, and their cooldowns.
Result<VisitMemory> ReadVisitMemory(Connection& connection, const std::string& person_id,
                                    const std::string& camera_group_id);

// Makes `step` true: incident, sighting, cooldowns, outbox rows and events. A visit whose incident
// was deleted meanwhile begins anew under its id. The sighting must not be stored yet.
Status ApplyStep(Connection& connection, const NewSighting& sighting, const VisitStep& step,
                 WallTime now, EventLog& events);

// Of a sighting that is stored under `incident_id`: the alerts of `step` that are not.
Status QueueMissingAlerts(Connection& connection, const VisitStep& step,
                          const std::string& incident_id, WallTime now, EventLog& events);

// The incident of a stored sighting; nothing when it is not stored.
Result<std::optional<std::string>> IncidentOfSighting(Connection& connection,
                                                      const std::string& sighting_id);

// What events tell of an incident.
json::object IncidentFacts(const Incident& incident);

}  // namespace vigil::database
