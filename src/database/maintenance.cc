// The sweeps and the thread that runs them.
#include "database/maintenance.h"

#include <algorithm>
#include <exception>
#include <span>

#include "base/format.h"
#include "database/detection_repository.h"
#include "database/event_repository.h"
#include "database/person_repository.h"

namespace vigil::database {
namespace {

constexpr int kBatch = 500;
constexpr std::array kKinds{MediaKind::kPhoto, MediaKind::kCrop, MediaKind::kFrame};

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
                                 WallTime before, const std::stop_token& stop) {
  int removed = 0;
  while (!stop.stop_requested()) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> media_ids,
                           detections.ForgetUnmatchedCrops(before, kBatch));
    // The rows have forgotten them: what stays is an orphan of the next sweep.
    VIGIL_RETURN_IF_ERROR(RemoveAll(media, media_ids, removed));
    if (media_ids.size() < static_cast<std::size_t>(kBatch)) break;
  }
  return removed;
}

}  // namespace

// The walk goes on behind the slice even where a removal failed: that picture's turn comes again in
// the next round.
Result<int> OrphanSweep::RunKind(MediaKind kind, std::string& after, const std::stop_token& stop) {
  DetectionRepository detections(database_);
  const WallTime before = database_.GetClock().WallNow() - options_.orphans_kept;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> media_ids,
                         media_.ListOlderThan(kind, before, after, options_.orphan_slice));
  int removed = 0;
  Status first_failure;
  std::span<const std::string> rest(media_ids);
  while (!rest.empty() && !stop.stop_requested()) {
    const std::size_t count = std::min<std::size_t>(rest.size(), kBatch);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> orphans,
                           detections.UnnamedMedia(rest.first(count)));
    Status status = RemoveAll(media_, orphans, removed);
    if (first_failure.has_value()) first_failure = std::move(status);
    after = rest[count - 1];
    rest = rest.subspan(count);
  }
  if (std::ssize(media_ids) < options_.orphan_slice) after.clear();
  VIGIL_RETURN_IF_ERROR(first_failure);
  return removed;
}

Result<OrphanSweep::Step> OrphanSweep::Run(const std::stop_token& stop) {
  Step step;
  Status first_failure;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (at_end_[i] || stop.stop_requested()) continue;
    const Result<int> removed = RunKind(kKinds[i], after_[i], stop);
    if (removed.has_value()) {
      step.removed += *removed;
    } else if (first_failure.has_value()) {
      first_failure = std::unexpected(removed.error());
    }
    at_end_[i] = after_[i].empty();
  }
  step.round_over = std::ranges::all_of(at_end_, [](bool at_end) { return at_end; });
  if (step.round_over) at_end_ = {};
  VIGIL_RETURN_IF_ERROR(first_failure);
  return step;
}

Result<SweepResult> SweepMedia(Database& database, MediaStore& media,
                               const MaintenanceOptions& options, const std::stop_token& stop) {
  DetectionRepository detections(database);
  const WallTime now = database.GetClock().WallNow();
  SweepResult result;
  VIGIL_ASSIGN_OR_RETURN(
      result.crops_removed,
      RemoveUnmatchedCrops(detections, media, now - options.unmatched_crops_kept, stop));
  OrphanSweep sweep(database, media, options);
  bool round_over = false;
  while (!round_over && !stop.stop_requested()) {
    VIGIL_ASSIGN_OR_RETURN(const OrphanSweep::Step step, sweep.Run(stop));
    result.orphans_removed += step.removed;
    round_over = step.round_over;
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
      orphans_(database, media, options),
      audit_heads_(database, options.audit_heads_file),
      next_audit_head_(clock.Now()),
      next_sweep_(clock.Now()),
      next_orphans_(clock.Now()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

void Maintenance::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      RunDue(stop);
    } catch (const std::exception& exception) {
      // The last net: what is due again comes again.
      Report("maintenance failed", {ErrorCode::kInternal, exception.what()});
    }
    clock_.SleepUntil(clock_.Now() + options_.expiry_interval, stop);
  }
  WriteAuditHead();
}

void Maintenance::RunDue(const std::stop_token& stop) {
  const SteadyTime now = clock_.Now();
  ExpirePeople();
  if (now >= next_sweep_) {
    next_sweep_ = now + options_.sweep_interval;
    RemoveOld(stop);
  }
  if (now >= next_orphans_) {
    next_orphans_ = now + options_.orphan_interval;
    RemoveOrphans(stop);
  }
  if (now >= next_audit_head_) {
    next_audit_head_ = now + options_.audit_head_interval;
    WriteAuditHead();
  }
}

void Maintenance::WriteAuditHead() {
  if (options_.audit_heads_file.empty()) return;
  const Status written = audit_heads_.Write();
  if (!written.has_value()) {
    Report("the head of the audit log could not be written down", written.error());
  }
}

void Maintenance::Report(std::string_view doing, const Error& error) {
  // Stopping cuts a step short; the next start takes it up again.
  if (error.code == ErrorCode::kCancelled) return;
  ++failures_;
  log_.Write(LogLevel::kError, "database", format("{}: {}", doing, error.message));
}

void Maintenance::ExpirePeople() {
  const Result<int> expired = PersonRepository(database_).ExpireDue();
  if (!expired.has_value()) {
    Report("expired people could not be taken out of the gallery", expired.error());
  } else if (*expired > 0) {
    LogInfo("database", "{} people are no longer searched for: their time is over", *expired);
  }
}

void Maintenance::RemoveOld(const std::stop_token& stop) {
  DetectionRepository detections(database_);
  const WallTime before = clock_.WallNow() - options_.unmatched_crops_kept;
  const Result<int> crops = RemoveUnmatchedCrops(detections, media_, before, stop);
  if (!crops.has_value()) {
    Report("old crops could not be removed", crops.error());
  } else if (*crops > 0) {
    LogInfo("database", "removed {} old crops", *crops);
  }
  if (const auto pruned = PruneEvents(database_, options_); !pruned.has_value()) {
    Report("old events could not be removed", pruned.error());
  }
  const Result<std::int64_t> alerts = GiveUpForgottenAlerts(database_, stop);
  if (!alerts.has_value()) {
    Report("alerts without a channel could not be given up", alerts.error());
  } else if (*alerts > 0) {
    LogWarning("database", "gave up {} alerts whose channel is gone or switched off", *alerts);
  }
  const Result<std::int64_t> audit =
      ForgetOldAudit(database_, options_.rows.audit, options_.rows.rows_at_once, stop);
  if (!audit.has_value()) {
    Report("old rows of the audit log could not be deleted", audit.error());
  } else if (*audit > 0) {
    LogInfo("database", "deleted {} rows of the audit log, older than its retention", *audit);
  }
  const Result<RetentionResult> rows = ForgetOldRows(database_, options_.rows, stop);
  if (!rows.has_value()) return Report("old rows could not be deleted", rows.error());
  const std::int64_t all = rows->incidents + rows->detections + rows->deliveries + rows->sessions +
                           rows->refresh_tokens + rows->gallery_changes;
  if (all == 0) return;
  LogInfo("database",
          "deleted what is older than its retention: {} incidents, {} detections, {} deliveries, "
          "{} logins, {} refresh tokens, {} gallery changes",
          rows->incidents, rows->detections, rows->deliveries, rows->sessions, rows->refresh_tokens,
          rows->gallery_changes);
}

void Maintenance::RemoveOrphans(const std::stop_token& stop) {
  const Result<OrphanSweep::Step> step = orphans_.Run(stop);
  if (!step.has_value()) return Report("orphaned pictures could not be removed", step.error());
  if (step->removed > 0) LogInfo("database", "removed {} orphaned pictures", step->removed);
}

}  // namespace vigil::database
