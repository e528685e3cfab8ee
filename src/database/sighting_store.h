// Where recognition leaves what it saw.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/alert.h"
#include "core/incident.h"
#include "database/visit_rules.h"

namespace vigil::database {

struct SightingResult {
  // As it is after the sighting. Of one that waits for the database: its id and person only.
  Incident incident;
  std::string sighting_id;
  bool created = false;                        // a new visit began
  bool upgraded = false;                       // a possible match became a match
  std::vector<std::string> alerts_queued;      // channels
  std::vector<std::string> alerts_suppressed;  // channels whose cooldown said no
  VisitMemory memory;                          // what the next sighting is judged by
};

// Fills in what `step` did.
void TellStep(const VisitStep& step, SightingResult& result);

// Thread-safe; may block on the disk or the network. kUnavailable and kTimeout may pass: the same
// ids can be tried again, whether or not the first try got through.
class SightingStore {
 public:
  virtual ~SightingStore() = default;
  // See IncidentRepository::RecordSighting.
  virtual Result<SightingResult> RecordSighting(const NewSighting& sighting,
                                                std::chrono::milliseconds visit_gap,
                                                std::span<const AlertRoute> routes) = 0;
  // See DetectionRepository::WriteBatch; every id is set.
  virtual Status WriteDetections(std::span<const DetectionRecord> detections) = 0;
};

}  // namespace vigil::database
