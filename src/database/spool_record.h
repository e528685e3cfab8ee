// What waits for the database, as text that a spool keeps.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/incident.h"
#include "database/outbox_repository.h"
#include "database/visit_rules.h"

namespace vigil::database {

// A sighting with what was decided for it.
struct SpooledSighting {
  NewSighting sighting;  // of the people only id, name, reason and severity
  VisitStep step;
};

using SpoolRecord = std::variant<SpooledSighting, DeliveryAttempt, std::vector<DetectionRecord>>;

// JSON with everything that the rows need.
std::string SpoolRecordToText(const SpoolRecord& record);
// kDataLoss says what is wrong with it.
Result<SpoolRecord> SpoolRecordFromText(std::string_view text);

}  // namespace vigil::database
