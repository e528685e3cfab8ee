// What must happen by the clock: expired people leave the gallery, old crops, orphaned pictures and
// old events leave the disk.
#pragma once

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/media_store.h"
#include "database/database.h"

namespace vigil::database {

struct MaintenanceOptions {
  std::chrono::milliseconds unmatched_crops_kept = std::chrono::hours{24};
  std::chrono::milliseconds events_kept = std::chrono::hours{7 * 24};
  std::int64_t events_max = 100'000;
  std::chrono::milliseconds orphans_kept = std::chrono::hours{1};
  std::chrono::milliseconds expiry_interval = std::chrono::seconds{1};
  std::chrono::milliseconds sweep_interval = std::chrono::minutes{10};
};

struct SweepResult {
  int crops_removed = 0;    // unmatched, older than their retention
  int orphans_removed = 0;  // files that no row names
};

// Removes the oldest events beyond `events_kept` and `events_max`; gives how many.
Result<std::int64_t> PruneEvents(Database& database, const MaintenanceOptions& options);

// One sweep of the media store. Rows forget a picture before its file goes, so that an interruption
// leaves orphans, which the next sweep takes; pictures younger than `orphans_kept` may belong to a
// row that is about to commit and stay.
Result<SweepResult> SweepMedia(Database& database, MediaStore& media,
                               const MaintenanceOptions& options);

// Runs both on one thread from construction to destruction: the expiry each second, the sweep at
// start and then each `sweep_interval`. Failures are logged and tried again.
class Maintenance {
 public:
  Maintenance(Database& database, MediaStore& media, Clock& clock, MaintenanceOptions options = {});

 private:
  void Run(std::stop_token stop);

  Database& database_;
  MediaStore& media_;
  Clock& clock_;
  const MaintenanceOptions options_;
  LogLimiter log_;
  std::jthread thread_;
};

}  // namespace vigil::database
