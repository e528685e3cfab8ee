// Visits of enrolled people, and the alerts that are decided in the same transaction.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/alert.h"
#include "core/incident.h"
#include "database/database.h"
#include "database/page.h"
#include "database/sighting_store.h"
#include "database/visit_rules.h"

namespace vigil::database {

// Thread-safe.
class IncidentRepository {
 public:
  explicit IncidentRepository(Database& database) : database_(database) {}

  // One judged track, by the rules of DecideStep, in one transaction; an alert becomes an outbox
  // row. A sighting whose id is stored already changes nothing: whoever does not know whether the
  // first try got through may ask again. The outcome must be kMatch or kPossibleMatch
  // (kInvalidArgument otherwise).
  Result<SightingResult> RecordSighting(const NewSighting& sighting,
                                        std::chrono::milliseconds visit_gap,
                                        std::span<const AlertRoute> routes);
  // What was decided while the database was away. Of a sighting that is stored, only the alerts
  // that are not.
  Status RecordStep(const NewSighting& sighting, const VisitStep& step);
  Result<Incident> Get(const std::string& id);
  // Newest first.
  Result<Page<Incident>> List(const IncidentFilter& filter, const PageRequest& request);
  // In the order they were recorded, at most 1000.
  Result<std::vector<Sighting>> Sightings(const std::string& incident_id);
  // An operator's judgement; its time is now. Earlier ones are kept, the newest counts. kNotFound
  // for an unknown incident.
  Result<Incident> AddLabel(const std::string& id, Label label);
  // All labels of an incident, newest first, at most 1000.
  Result<std::vector<Label>> Labels(const std::string& incident_id);
  // `user_name` goes into acknowledged_by. Acknowledging twice keeps the first.
  Result<Incident> Acknowledge(const std::string& id, const std::string& user_name);

 private:
  Database& database_;
};

}  // namespace vigil::database
