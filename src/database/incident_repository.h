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

namespace vigil::database {

struct SightingResult {
  Incident incident;  // as it is after the sighting
  std::string sighting_id;
  bool created = false;                        // a new visit began
  bool upgraded = false;                       // a possible match became a match
  std::vector<std::string> alerts_queued;      // channels
  std::vector<std::string> alerts_suppressed;  // channels whose cooldown said no
};

// Thread-safe.
class IncidentRepository {
 public:
  explicit IncidentRepository(Database& database) : database_(database) {}

  // One judged track, in one transaction. It extends the open visit of person x camera group when
  // it was seen at most `visit_gap` after the visit's last sighting, else closes that visit and
  // begins a new one, as it does for one seen long before that, by a clock that was set back. What
  // CallsForAlert asks the cooldown of each route that the visit has not told yet, and of all when
  // the severity rises; a yes becomes an outbox row.
  // The outcome must be kMatch or kPossibleMatch (kInvalidArgument otherwise).
  Result<SightingResult> RecordSighting(const NewSighting& sighting,
                                        std::chrono::milliseconds visit_gap,
                                        std::span<const AlertRoute> routes);
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
