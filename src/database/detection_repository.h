// Every face seen, enrolled or not.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/incident.h"
#include "database/database.h"
#include "database/page.h"

namespace vigil::database {

// Thread-safe.
class DetectionRepository {
 public:
  explicit DetectionRepository(Database& database) : database_(database) {}

  // All or none; empty ids are filled. One whose id is stored is left as it is.
  Status WriteBatch(std::span<const DetectionRecord> detections);
  // Newest written first.
  Result<Page<DetectionRecord>> List(const PageRequest& request,
                                     const DetectionFilter& filter = {});
  // Forgets the crops of faces that matched nobody and were seen before `before`; returns the media
  // ids to remove, at most `limit`. Crops that a sighting names stay.
  Result<std::vector<std::string>> ForgetUnmatchedCrops(WallTime before, int limit);
  // Those of `media_ids` that no row of any table names.
  Result<std::vector<std::string>> UnnamedMedia(std::span<const std::string> media_ids);

 private:
  Database& database_;
};

}  // namespace vigil::database
