// The database for recognition and alerting, and a spool on disk while the database is away.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/alert.h"
#include "database/database.h"
#include "database/detection_repository.h"
#include "database/incident_repository.h"
#include "database/outbox_repository.h"
#include "database/sighting_store.h"
#include "database/spool_file.h"
#include "database/spool_record.h"

namespace vigil::database {

struct IncidentStoreOptions {
  // Empty: nothing is spooled, and whoever writes waits for the database. For SQLite, which is away
  // only when the disk is.
  std::filesystem::path spool_file = {};
  std::size_t spool_bytes_max = std::size_t{256} << 20;
  std::chrono::milliseconds retry_wait{1'000};
  // A change that takes longer counts as if the database were away: nobody in front of a camera
  // waits for it.
  std::chrono::milliseconds slow_after{5'000};
};

// While the database answers, everything goes there. When it refuses, stalls or is slow, sightings
// are judged by the same rules from what this process remembers, kept in the sealed spool, and
// their alerts are handed out from there; one thread brings all of it to the database, in order,
// once it is back. Every id is made before the first try, so that nothing is stored twice; as long
// as anything waits, the database's own alerts wait too, so that nothing is sent twice. What a
// restart finds in the spool goes on waiting. Thread-safe.
class IncidentStore final : public SightingStore, public OutboxStore {
 public:
  // Errors: those of SpoolFile::Open. `database` and `clock` outlive the store.
  static Result<std::unique_ptr<IncidentStore>> Open(IncidentStoreOptions options,
                                                     Database& database, Clock& clock);
  // What waits stays in the spool.
  ~IncidentStore() override;

  // kUnavailable when neither the database nor the spool takes it.
  Result<SightingResult> RecordSighting(const NewSighting& sighting,
                                        std::chrono::milliseconds visit_gap,
                                        std::span<const AlertRoute> routes) override;
  Status WriteDetections(std::span<const DetectionRecord> detections) override;

  Result<std::vector<PendingAlert>> DueAlerts(const std::string& channel, WallTime now,
                                              int limit) override;
  Result<std::optional<WallTime>> NextDue(const std::string& channel) override;
  Status RecordAttempt(const std::string& alert_id, WallTime at, DeliveryState state,
                       const std::string& answer, WallTime next_attempt_at) override;

  // Somebody else found the database away; only where there is a spool.
  void BeginAway(const std::string& cause);
  // The database is not asked at present.
  bool Away() const { return away_; }
  // Records that wait in the spool.
  std::size_t Waiting() const;

 private:
  struct SpooledAlert {
    PendingAlert alert;
    DeliveryState state = DeliveryState::kPending;
    WallTime next_attempt_at{};
  };
  using Place = std::pair<std::string, std::string>;  // person and camera group

  IncidentStore(IncidentStoreOptions options, Database& database, Clock& clock,
                std::optional<SpoolFile> file);
  Status LoadSpool();
  bool Spools(const Error& error) const;
  void NoteDuration(SteadyTime start);
  Result<SightingResult> SpoolSighting(NewSighting sighting, std::chrono::milliseconds visit_gap,
                                       std::span<const AlertRoute> routes);
  void Remember(const Place& place, VisitMemory memory);
  void Take(const SpooledSighting& spooled);
  void Take(const DeliveryAttempt& attempt);
  void Take(const std::vector<DetectionRecord>&) {}
  Status Spool(const SpoolRecord& record);
  void Run(const std::stop_token& stop);
  void BringAll(const std::stop_token& stop);
  bool BringNext();
  Status Bring(const SpoolRecord& record);
  bool EndAway();
  void SetAside(const std::string& text, const Error& error);

  const IncidentStoreOptions options_;
  Database& database_;
  Clock& clock_;
  IncidentRepository incidents_;
  DetectionRepository detections_;
  OutboxRepository outbox_;
  LogLimiter log_;
  std::atomic<bool> away_ = false;
  mutable std::mutex mutex_;  // guards all below
  std::optional<SpoolFile> file_;
  std::size_t brought_ = 0;  // so many of its records are in the database
  std::map<Place, VisitMemory> memories_;
  std::map<std::string, SpooledAlert> alerts_;  // of the spool, by id
  SteadyTime away_since_{};
  std::jthread thread_;
};

}  // namespace vigil::database
