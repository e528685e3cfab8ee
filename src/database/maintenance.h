// What must happen by the clock: expired people leave the gallery, old rows and events the
// database, old crops and orphaned pictures the disk; heads of the audit log are written down.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/media_store.h"
#include "database/audit_head_file.h"
#include "database/database.h"
#include "database/retention.h"

namespace vigil::database {

struct MaintenanceOptions {
  std::chrono::milliseconds unmatched_crops_kept = std::chrono::hours{24};
  std::chrono::milliseconds events_kept = std::chrono::hours{7 * 24};
  std::int64_t events_max = 100'000;
  std::chrono::milliseconds orphans_kept = std::chrono::hours{1};
  RetentionOptions rows = {};
  std::chrono::milliseconds expiry_interval = std::chrono::seconds{1};
  std::chrono::milliseconds sweep_interval = std::chrono::minutes{10};  // old rows and crops
  std::chrono::milliseconds orphan_interval = std::chrono::minutes{1};  // one slice of pictures
  std::chrono::milliseconds audit_head_interval = std::chrono::minutes{5};
  std::filesystem::path audit_heads_file = {};  // see AuditHeadWriter; empty: none is written
  int orphan_slice = 1000;                      // pictures of each kind that one step looks at
};

struct SweepResult {
  int crops_removed = 0;    // unmatched, older than their retention
  int orphans_removed = 0;  // files that no row names
};

// Removes the oldest events beyond `events_kept` and `events_max`; gives how many.
Result<std::int64_t> PruneEvents(Database& database, const MaintenanceOptions& options);

// Looks for pictures that no row names, a slice a step, round and round. Rows forget a picture
// before its file goes, so that an interruption leaves orphans, which a later round takes; pictures
// younger than `orphans_kept` may belong to a row that is about to commit and stay. Used by one
// thread.
class OrphanSweep {
 public:
  OrphanSweep(Database& database, MediaStore& media, const MaintenanceOptions& options)
      : database_(database), media_(media), options_(options) {}

  struct Step {
    int removed = 0;
    bool round_over = false;  // every kind was walked to its end; the next step starts anew
  };
  // A picture that cannot be removed does not keep the others; the first failure is the answer.
  Result<Step> Run(const std::stop_token& stop);

 private:
  Result<int> RunKind(MediaKind kind, std::string& after, const std::stop_token& stop);

  Database& database_;
  MediaStore& media_;
  const MaintenanceOptions options_;
  std::array<std::string, 3> after_;  // where each kind goes on
  std::array<bool, 3> at_end_{};      // in this round
};

// Removes crops older than their retention, and all orphans: what the thread below does in steps.
Result<SweepResult> SweepMedia(Database& database, MediaStore& media,
                               const MaintenanceOptions& options, const std::stop_token& stop = {});

// Runs everything on one thread from construction to destruction. Failures are logged and tried
// again; destruction waits for one small step at most.
class Maintenance {
 public:
  Maintenance(Database& database, MediaStore& media, Clock& clock, MaintenanceOptions options = {});

  // Failed steps since the start, exceptions included. Thread-safe.
  std::int64_t Failures() const { return failures_; }

 private:
  void Run(const std::stop_token& stop);
  void RunDue(const std::stop_token& stop);
  void ExpirePeople();
  void RemoveOld(const std::stop_token& stop);
  void RemoveOrphans(const std::stop_token& stop);
  void WriteAuditHead();
  void Report(std::string_view doing, const Error& error);

  Database& database_;
  MediaStore& media_;
  Clock& clock_;
  const MaintenanceOptions options_;
  LogLimiter log_;
  OrphanSweep orphans_;
  AuditHeadWriter audit_heads_;
  SteadyTime next_audit_head_{};
  SteadyTime next_sweep_{};
  SteadyTime next_orphans_{};
  std::atomic<std::int64_t> failures_ = 0;
  std::jthread thread_;
};

}  // namespace vigil::database
