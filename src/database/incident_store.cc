// Which way a write goes, and the way back.
#include "database/incident_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/format.h"
#include "base/uuid.h"

namespace vigil::database {
namespace {

// So many visits are remembered for a database that goes away; who is forgotten begins a new one.
constexpr std::size_t kMemoriesMax = 20'000;

WallTime LastSeen(const VisitMemory& memory) {
  return memory.visit ? memory.visit->last_seen : WallTime{};
}

}  // namespace

Result<std::unique_ptr<IncidentStore>> IncidentStore::Open(IncidentStoreOptions options,
                                                           Database& database, Clock& clock) {
  std::optional<SpoolFile> file;
  if (!options.spool_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(
        SpoolFile opened,
        SpoolFile::Open(options.spool_file, database.GetSealer(), options.spool_bytes_max));
    file.emplace(std::move(opened));
  }
  std::unique_ptr<IncidentStore> store(
      new IncidentStore(std::move(options), database, clock, std::move(file)));
  VIGIL_RETURN_IF_ERROR(store->LoadSpool());
  if (store->file_) {
    store->thread_ =
        std::jthread([self = store.get()](const std::stop_token& stop) { self->Run(stop); });
  }
  return store;
}

IncidentStore::IncidentStore(IncidentStoreOptions options, Database& database, Clock& clock,
                             std::optional<SpoolFile> file)
    : options_(std::move(options)),
      database_(database),
      clock_(clock),
      incidents_(database),
      detections_(database),
      outbox_(database),
      log_(clock),
      file_(std::move(file)) {}

IncidentStore::~IncidentStore() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (const std::size_t waiting = Waiting(); waiting > 0) {
    LogWarning("database", "{} records wait in {} for the next start", waiting,
               file_->Path().string());
  }
}

Status IncidentStore::LoadSpool() {
  if (!file_) return {};
  const std::lock_guard lock(mutex_);
  if (file_->DamagedCount() > 0) {
    LogError("database",
             "{} records of {} were altered or sealed under another key and are left out; the file "
             "as it was is kept as {}.damaged",
             file_->DamagedCount(), file_->Path().string(), file_->Path().string());
  }
  for (std::size_t i = 0; i < file_->Count(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const std::string text, file_->Read(i));
    // What cannot be read is told when its turn comes.
    const Result<SpoolRecord> record = SpoolRecordFromText(text);
    if (record) std::visit([this](const auto& one) { Take(one); }, *record);
  }
  away_ = file_->Count() > 0;
  away_since_ = clock_.Now();
  return {};
}

std::size_t IncidentStore::Waiting() const {
  const std::lock_guard lock(mutex_);
  return file_ ? file_->Count() - brought_ : 0;
}

// Whether what failed belongs into the spool. A stop that refuses the database does, too.
bool IncidentStore::Spools(const Error& error) const {
  return file_.has_value() &&
         (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout ||
          error.code == ErrorCode::kCancelled);
}

void IncidentStore::BeginAway(const std::string& cause) {
  const std::lock_guard lock(mutex_);
  if (!file_ || away_) return;
  away_ = true;
  away_since_ = clock_.Now();
  LogWarning("database",
             "the database is away: {}; sightings and alerts go on, and are kept in {} until it is "
             "back",
             cause, file_->Path().string());
}

// A database that takes this long is left to the thread that brings what waits.
void IncidentStore::NoteDuration(SteadyTime start) {
  const auto took = clock_.Now() - start;
  if (file_ && took > options_.slow_after) {
    BeginAway(format("a change took {:.1f} s", std::chrono::duration<double>(took).count()));
  }
}

Result<SightingResult> IncidentStore::RecordSighting(const NewSighting& sighting,
                                                     std::chrono::milliseconds visit_gap,
                                                     std::span<const AlertRoute> routes) {
  NewSighting named = sighting;
  if (named.sighting.id.empty()) named.sighting.id = MakeUuid(clock_);
  if (!away_) {
    const SteadyTime start = clock_.Now();
    Result<SightingResult> result = incidents_.RecordSighting(named, visit_gap, routes);
    if (result.has_value()) {
      {
        const std::lock_guard lock(mutex_);
        Remember({named.person.id, named.camera_group_id}, result->memory);
      }
      NoteDuration(start);
      return result;
    }
    if (!Spools(result.error())) return result;
    BeginAway(result.error().message);
  }
  return SpoolSighting(std::move(named), visit_gap, routes);
}

Result<SightingResult> IncidentStore::SpoolSighting(NewSighting sighting,
                                                    std::chrono::milliseconds visit_gap,
                                                    std::span<const AlertRoute> routes) {
  const std::lock_guard lock(mutex_);
  const Place place{sighting.person.id, sighting.camera_group_id};
  SpooledSighting spooled{.sighting = std::move(sighting), .step = {}};
  spooled.step = DecideStep(memories_[place], spooled.sighting, visit_gap, routes);
  VIGIL_RETURN_IF_ERROR(Spool(spooled));
  SightingResult result;
  TellStep(spooled.step, result);
  result.sighting_id = spooled.sighting.sighting.id;
  result.incident.id = spooled.step.incident_id;
  result.incident.person_id = spooled.sighting.person.id;
  result.memory = memories_[place];
  return result;
}

Status IncidentStore::WriteDetections(std::span<const DetectionRecord> detections) {
  if (!away_) {
    const SteadyTime start = clock_.Now();
    Status written = detections_.WriteBatch(detections);
    if (written.has_value()) NoteDuration(start);
    if (written.has_value() || !Spools(written.error())) return written;
    BeginAway(written.error().message);
  }
  const std::lock_guard lock(mutex_);
  return Spool(std::vector(detections.begin(), detections.end()));
}

Result<std::vector<PendingAlert>> IncidentStore::DueAlerts(const std::string& channel, WallTime now,
                                                           int limit) {
  if (!away_) {
    Result<std::vector<PendingAlert>> due = outbox_.DueAlerts(channel, now, limit);
    if (due.has_value() || !Spools(due.error())) return due;
    BeginAway(due.error().message);
  }
  const std::lock_guard lock(mutex_);
  std::vector<PendingAlert> due;
  for (const auto& [id, spooled] : alerts_) {
    if (std::ssize(due) >= limit) break;
    if (spooled.state == DeliveryState::kPending && spooled.alert.channel == channel &&
        spooled.next_attempt_at <= now) {
      due.push_back(spooled.alert);
    }
  }
  return due;
}

Result<std::optional<WallTime>> IncidentStore::NextDue(const std::string& channel) {
  if (!away_) return outbox_.NextDue(channel);
  const std::lock_guard lock(mutex_);
  std::optional<WallTime> next;
  for (const auto& [id, spooled] : alerts_) {
    if (spooled.state != DeliveryState::kPending || spooled.alert.channel != channel) continue;
    next = std::min(next.value_or(spooled.next_attempt_at), spooled.next_attempt_at);
  }
  return next;
}

Status IncidentStore::RecordAttempt(const std::string& alert_id, WallTime at, DeliveryState state,
                                    const std::string& answer, WallTime next_attempt_at) {
  const DeliveryAttempt attempt{.id = MakeUuid(clock_),
                                .alert_id = alert_id,
                                .at = at,
                                .state = state,
                                .answer = answer,
                                .next_attempt_at = next_attempt_at};
  if (!away_) {
    Status recorded = outbox_.Record(attempt);
    if (recorded.has_value() || !Spools(recorded.error())) return recorded;
    BeginAway(recorded.error().message);
  }
  const std::lock_guard lock(mutex_);
  return Spool(attempt);
}

// Under mutex_. The database may have come back since the caller saw it away: then the thread
// brings this one record at once.
Status IncidentStore::Spool(const SpoolRecord& record) {
  VIGIL_RETURN_IF_ERROR(file_->Append(SpoolRecordToText(record)));
  away_ = true;
  std::visit([this](const auto& one) { Take(one); }, record);
  return {};
}

// Under mutex_, as all that follows up to Run.
void IncidentStore::Remember(const Place& place, VisitMemory memory) {
  memories_.insert_or_assign(place, std::move(memory));
  if (memories_.size() <= kMemoriesMax) return;
  std::vector<WallTime> times;
  times.reserve(memories_.size());
  for (const auto& [key, one] : memories_) times.push_back(LastSeen(one));
  const auto middle = times.begin() + std::ssize(times) / 2;
  std::ranges::nth_element(times, middle);
  std::erase_if(memories_, [&](const auto& entry) { return LastSeen(entry.second) < *middle; });
}

void IncidentStore::Take(const SpooledSighting& spooled) {
  const Place place{spooled.sighting.person.id, spooled.sighting.camera_group_id};
  VisitMemory memory = memories_[place];
  Advance(memory, spooled.sighting, spooled.step);
  Remember(place, std::move(memory));
  for (const ChannelAnswer& answer : spooled.step.answers) {
    if (!answer.alert) continue;
    alerts_[answer.alert->id] = {
        .alert = {.message = *answer.alert, .channel = answer.channel, .attempts = 0},
        .state = DeliveryState::kPending,
        .next_attempt_at = {}};
  }
}

void IncidentStore::Take(const DeliveryAttempt& attempt) {
  const auto found = alerts_.find(attempt.alert_id);
  if (found == alerts_.end()) return;  // of an alert in the database
  found->second.state = attempt.state;
  found->second.next_attempt_at = attempt.next_attempt_at;
  ++found->second.alert.attempts;
}

void IncidentStore::Run(const std::stop_token& stop) {
  while (clock_.SleepUntil(clock_.Now() + options_.retry_wait, stop)) {
    if (away_) BringAll(stop);
  }
}

void IncidentStore::BringAll(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const SteadyTime start = clock_.Now();
    if (Waiting() > 0) {
      if (!BringNext()) return;
      continue;
    }
    // Nothing waits any more: is it quick enough to be asked again? A sighting takes some ten
    // statements.
    const Status answered = database_.Write([](Connection& connection) -> Status {
      VIGIL_RETURN_IF_ERROR(connection.Execute("SELECT 1 AS one", {}));
      return {};
    });
    if (!answered.has_value() || clock_.Now() - start > options_.slow_after / 10) return;
    if (EndAway()) return;
  }
}

// False: not now.
bool IncidentStore::BringNext() {
  Result<std::string> text = std::string();
  {
    const std::lock_guard lock(mutex_);
    text = file_->Read(brought_);
  }
  Status brought;
  if (text.has_value()) {
    const Result<SpoolRecord> record = SpoolRecordFromText(*text);
    brought = record.has_value() ? Bring(*record) : std::unexpected(record.error());
  } else {
    brought = std::unexpected(text.error());
  }
  if (!brought.has_value()) {
    if (Spools(brought.error())) return false;
    SetAside(text.value_or(""), brought.error());
  }
  const std::lock_guard lock(mutex_);
  ++brought_;
  return true;
}

Status IncidentStore::Bring(const SpoolRecord& record) {
  if (const auto* spooled = std::get_if<SpooledSighting>(&record)) {
    return incidents_.RecordStep(spooled->sighting, spooled->step);
  }
  if (const auto* detections = std::get_if<std::vector<DetectionRecord>>(&record)) {
    return detections_.WriteBatch(*detections);
  }
  Status recorded = outbox_.Record(std::get<DeliveryAttempt>(record));
  // Retention or a deletion took the alert: nobody misses its attempt.
  if (!recorded.has_value() && recorded.error().code == ErrorCode::kNotFound) return {};
  return recorded;
}

// True: everything is in the database, which is asked again from now on.
bool IncidentStore::EndAway() {
  const std::lock_guard lock(mutex_);
  if (file_->Count() > brought_) return false;
  const Status cleared = file_->Count() > 0 ? file_->Clear() : Status();
  if (!cleared.has_value()) {
    log_.Write(LogLevel::kError, "database", cleared.error().message);
    return true;  // still away; tried again, and nothing is stored twice
  }
  LogInfo("database", "the database is back after {:.0f} s; {} records that waited are stored",
          std::chrono::duration<double>(clock_.Now() - away_since_).count(), brought_);
  brought_ = 0;
  alerts_.clear();
  away_ = false;
  return true;
}

// What the database will never take must not hold up what follows, nor be lost.
void IncidentStore::SetAside(const std::string& text, const Error& error) {
  std::filesystem::path path = options_.spool_file;
  path += ".refused";
  LogError("database", "a record that waited is refused and kept in {}: {}", path.string(),
           error.message);
  Result<SpoolFile> refused =
      SpoolFile::Open(path, database_.GetSealer(), options_.spool_bytes_max);
  Status kept;
  if (refused.has_value()) {
    kept = refused->Append(text);
  } else {
    kept = std::unexpected(refused.error());
  }
  if (!kept.has_value()) LogError("database", "it could not be kept: {}", kept.error().message);
}

}  // namespace vigil::database
