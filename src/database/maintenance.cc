// The sweeps and the thread that runs them.
#include "database/maintenance.h"

#include <array>
#include <limits>
#include <span>

#include "base/format.h"
#include "database/detection_repository.h"
#include "database/event_repository.h"
#include "database/person_repository.h"
#include "database/session_repository.h"

namespace vigil::database {
namespace {

constexpr int kBatch = 500;
// Kept a while, so that a late use of an old token is still told from one that never was.
constexpr std::chrono::hours kExpiredSessionsKept{7 * 24};

// Removes all that can be removed and adds their number to `removed`. One picture that stays must
// not keep the others; the first failure is told at the end.
Status RemoveAll(MediaStore& media, const std::vector<std::string>& media_ids, int& removed) {
  Status first_failure;
  for (const std::string& media_id : media_ids) {
    Status status = media.Remove(media_id);
    if (status.has_value()) {
      ++removed;
    } else if (first_failure.has_value()) {
      first_failure = std::move(status);
    }
  }
  return first_failure;
}

Result<int> RemoveUnmatchedCrops(DetectionRepository& detections, MediaStore& media,
                                 WallTime before) {
  int removed = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> media_ids,
                           detections.ForgetUnmatchedCrops(before, kBatch));
    // The rows have forgotten them: what stays is an orphan of the next sweep.
    VIGIL_RETURN_IF_ERROR(RemoveAll(media, media_ids, removed));
    if (media_ids.size() < static_cast<std::size_t>(kBatch)) return removed;
  }
}

Result<int> RemoveOrphans(DetectionRepository& detections, MediaStore& media, MediaKind kind,
                          WallTime before) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> media_ids,
                         media.ListOlderThan(kind, before, std::numeric_limits<int>::max()));
  int removed = 0;
  Status first_failure;
  std::span<const std::string> rest(media_ids);
  while (!rest.empty()) {
    const std::size_t count = std::min<std::size_t>(rest.size(), kBatch);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> orphans,
                           detections.UnnamedMedia(rest.first(count)));
    Status status = RemoveAll(media, orphans, removed);
    if (first_failure.has_value()) first_failure = std::move(status);
    rest = rest.subspan(count);
  }
  VIGIL_RETURN_IF_ERROR(first_failure);
  return removed;
}

}  // namespace

Result<SweepResult> SweepMedia(Database& database, MediaStore& media,
                               const MaintenanceOptions& options) {
  DetectionRepository detections(database);
  const WallTime now = database.GetClock().WallNow();
  SweepResult result;
  VIGIL_ASSIGN_OR_RETURN(
      result.crops_removed,
      RemoveUnmatchedCrops(detections, media, now - options.unmatched_crops_kept));
  for (const MediaKind kind : {MediaKind::kPhoto, MediaKind::kCrop, MediaKind::kFrame}) {
    VIGIL_ASSIGN_OR_RETURN(const int removed,
                           RemoveOrphans(detections, media, kind, now - options.orphans_kept));
    result.orphans_removed += removed;
  }
  return result;
}

Result<std::int64_t> PruneEvents(Database& database, const MaintenanceOptions& options) {
  const WallTime before = database.GetClock().WallNow() - options.events_kept;
  EventRepository events(database);
  std::int64_t removed = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t some,
                           events.Prune(before, options.events_max, kBatch));
    removed += some;
    if (some < kBatch) return removed;
  }
}

Maintenance::Maintenance(Database& database, MediaStore& media, Clock& clock,
                         MaintenanceOptions options)
    : database_(database),
      media_(media),
      clock_(clock),
      options_(options),
      log_(clock, std::chrono::minutes{1}),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

void Maintenance::Run(std::stop_token stop) {
  PersonRepository persons(database_);
  SessionRepository sessions(database_);
  SteadyTime next_sweep = clock_.Now();
  while (!stop.stop_requested()) {
    const auto report = [this](std::string_view doing, const Error& error) {
      log_.Write(LogLevel::kError, "database", format("{}: {}", doing, error.message));
    };
    if (const Result<int> expired = persons.ExpireDue(); !expired.has_value()) {
      report("expired people could not be taken out of the gallery", expired.error());
    } else if (*expired > 0) {
      LogInfo("database", "{} people are no longer searched for: their time is over", *expired);
    }
    if (clock_.Now() >= next_sweep) {
      next_sweep = clock_.Now() + options_.sweep_interval;
      const Result<SweepResult> swept = SweepMedia(database_, media_, options_);
      if (!swept.has_value()) {
        report("old pictures could not be removed", swept.error());
      } else if (swept->crops_removed + swept->orphans_removed > 0) {
        LogInfo("database", "removed {} old crops and {} orphaned pictures", swept->crops_removed,
                swept->orphans_removed);
      }
      if (const auto pruned = PruneEvents(database_, options_); !pruned.has_value()) {
        report("old events could not be removed", pruned.error());
      }
      const Result<int> deleted = sessions.DeleteExpired(clock_.WallNow() - kExpiredSessionsKept);
      if (!deleted.has_value()) report("old sessions could not be removed", deleted.error());
    }
    clock_.SleepUntil(clock_.Now() + options_.expiry_interval, stop);
  }
}

}  // namespace vigil::database
