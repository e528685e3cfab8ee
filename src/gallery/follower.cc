// The loop: catch up, check now and then, nap.
#include "gallery/follower.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <unordered_set>
#include <utility>

#include "base/format.h"

namespace vigil::gallery {
namespace {

constexpr int kChangesAtOnce = 1000;

bool IsFinite(const GalleryReference& reference) {
  return std::ranges::all_of(reference.embedding, [](float n) { return std::isfinite(n); });
}

// Whether the index can hold it.
bool IsUsable(const GalleryReference& reference, int dimension) {
  return std::ssize(reference.embedding) == dimension && IsFinite(reference);
}

// Tells why what was saved is not used. Nothing needs to be done about it.
void NoteUnused(std::string_view why) {
  LogWarning("gallery",
             "the saved gallery is not used: {}; it is read from the database and saved anew, "
             "nothing needs to be done",
             why);
}

// Applies the log from `sequence` on. False when the log does not reach back to it, or the database
// was put back to an earlier state: then only reading everything helps.
Result<bool> CatchUpWith(GalleryStore& store, const std::string& space_key, std::uint64_t sequence,
                         const std::function<void(std::vector<std::string> removed,
                                                  std::vector<GalleryReference> upserts,
                                                  std::uint64_t sequence)>& apply) {
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<GalleryChange> changes,
                           store.GalleryChangesAfter(sequence, kChangesAtOnce));
    if (!changes.empty()) {
      if (changes.front().sequence != sequence + 1) return false;
      std::unordered_set<std::string> touched;
      for (const GalleryChange& change : changes) touched.insert(change.reference_id);
      const std::vector<std::string> ids(touched.begin(), touched.end());
      VIGIL_ASSIGN_OR_RETURN(std::vector<GalleryReference> living,
                             store.LoadReferences(ids, space_key));
      for (const GalleryReference& reference : living) touched.erase(reference.reference_id);
      sequence = changes.back().sequence;
      apply({touched.begin(), touched.end()}, std::move(living), sequence);
    }
    if (changes.size() == kChangesAtOnce) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t newest, store.GallerySequence());
    // Newer ones without a line in the log: all of it was forgotten.
    if (changes.empty() && newest > sequence) {
      VIGIL_ASSIGN_OR_RETURN(const auto late, store.GalleryChangesAfter(sequence, 1));
      return !late.empty();
    }
    return newest >= sequence;
  }
}

}  // namespace

Status LoadGallery(GalleryStore& store, FollowedIndex& index, const std::string& space_key) {
  const auto apply = [&index](std::vector<std::string> removed,
                              std::vector<GalleryReference> upserts, std::uint64_t sequence) {
    const std::size_t broken = std::erase_if(
        upserts, [](const GalleryReference& reference) { return !IsFinite(reference); });
    if (broken > 0) {
      LogError("gallery", "{} references have numbers that are not finite: they are not searched",
               broken);
    }
    index.Apply(removed, std::move(upserts), sequence);
  };
  if (const auto restored = index.Restore(); restored.has_value()) {
    VIGIL_ASSIGN_OR_RETURN(const bool equal, CatchUpWith(store, space_key, *restored, apply));
    index.Tend();
    if (equal) return {};
  } else if (restored.error().code != ErrorCode::kNotFound) {
    NoteUnused(restored.error().message);
  }
  auto loaded = store.LoadAllReferences(space_key);
  if (!loaded.has_value()) return Annotate(loaded.error(), "load the gallery");
  apply(index.ReferenceIds(), std::move(loaded->first), loaded->second);
  return {};
}

GalleryFollower::GalleryFollower(GalleryStore& store, FollowedIndex& index, std::string space_key,
                                 Clock& clock, FollowerOptions options)
    : store_(store),
      index_(index),
      space_key_(std::move(space_key)),
      clock_(clock),
      options_(options),
      log_(clock),
      saves_(options.saves),
      sequence_(options.loaded ? index.Info().sequence : 0),
      loaded_(options.loaded),
      tried_saved_(!options.saves),
      thread_([this](std::stop_token stop) { Run(stop); }) {
  if (!index.IsSaved()) return;
  saver_ = std::jthread([this](std::stop_token stop) { KeepSaving(std::move(stop)); });
}

GalleryFollower::~GalleryFollower() {
  thread_.request_stop();
  thread_.join();
  saver_.request_stop();
  if (saver_.joinable()) saver_.join();
}

void GalleryFollower::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  nap_.request_stop();
}

FollowerState GalleryFollower::State() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void GalleryFollower::Run(std::stop_token stop) {
  next_check_ = clock_.Now() + options_.check_interval;
  while (!stop.stop_requested()) {
    Status status;
    try {
      status = Step();
    } catch (const std::exception& exception) {
      // The last net: what was half applied is loaded anew. Searches use the last snapshot.
      loaded_ = false;
      taken_up_ = false;
      status = Fail(ErrorCode::kInternal, exception.what());
      const std::lock_guard lock(mutex_);
      ++state_.faults;
    }
    Note(status);
    Nap(stop);
  }
}

Status GalleryFollower::Step() {
  if (!loaded_) {
    // Whether what was saved is this database's is asked of the database.
    if (!tried_saved_) VIGIL_RETURN_IF_ERROR(store_.GallerySequence());
    if (TakeUpSaved()) {
      // Nobody searches what is not up to date.
      VIGIL_RETURN_IF_ERROR(CatchUp());
      // What was changed in between is known from the log, unless it is another database's.
      next_check_ = clock_.Now();
    } else {
      VIGIL_RETURN_IF_ERROR(Reload());
    }
    index_.Tend();
    loaded_ = true;
    return {};
  }
  index_.Tend();
  if (clock_.Now() < next_check_) return CatchUp();
  next_check_ = clock_.Now() + options_.check_interval;
  return Check();
}

// Once, at the start. What was taken up waits there until the database answers.
bool GalleryFollower::TakeUpSaved() {
  if (std::exchange(tried_saved_, true)) return taken_up_;
  const auto restored = index_.Restore();
  if (!restored.has_value()) {
    if (restored.error().code != ErrorCode::kNotFound) NoteUnused(restored.error().message);
    return false;
  }
  sequence_ = *restored;
  taken_up_ = true;
  const std::lock_guard lock(mutex_);
  state_.restored = true;
  state_.saved_sequence = sequence_;
  return true;
}

Status GalleryFollower::CatchUp() {
  VIGIL_ASSIGN_OR_RETURN(
      const bool equal,
      CatchUpWith(
          store_, space_key_, sequence_,
          [this](std::vector<std::string> removed, std::vector<GalleryReference> upserts,
                 std::uint64_t sequence) { Apply(removed, std::move(upserts), sequence); }));
  if (equal) return {};
  LogWarning("gallery",
             "the log of changes does not continue change {}: the gallery is read from the "
             "database again",
             sequence_);
  return Reload();
}

Status GalleryFollower::Reload() {
  VIGIL_ASSIGN_OR_RETURN(auto loaded, store_.LoadAllReferences(space_key_));
  Apply(index_.ReferenceIds(), std::move(loaded.first), loaded.second);
  const std::lock_guard lock(mutex_);
  ++reloads_;
  return {};
}

Status GalleryFollower::Check() {
  VIGIL_RETURN_IF_ERROR(CatchUp());
  std::size_t usable = 0;
  bool equal = true;
  bool moved = false;
  std::string last;
  do {
    VIGIL_ASSIGN_OR_RETURN(
        const ReferencePage page,
        store_.LoadReferencesAfter(space_key_, last, options_.references_at_once));
    if (page.sequence != sequence_) {
      // A change came in between: the page is read again, and the next check counts.
      moved = true;
      VIGIL_RETURN_IF_ERROR(CatchUp());
      continue;
    }
    for (const GalleryReference& reference : page.references) {
      if (!IsUsable(reference, options_.dimension)) continue;
      ++usable;
      equal = equal && index_.Holds(reference);
    }
    last = page.last_id;
    if (last.empty()) break;
  } while (equal);
  if (equal && (moved || usable == index_.Info().references)) return {};
  LogError("gallery",
           "the index of {} references differs from the database at change {}: it is rebuilt",
           index_.Info().references, sequence_);
  VIGIL_RETURN_IF_ERROR(Reload());
  const std::lock_guard lock(mutex_);
  ++state_.rebuilds;
  return {};
}

void GalleryFollower::Apply(const std::vector<std::string>& removed,
                            std::vector<GalleryReference> upserts, std::uint64_t sequence) {
  std::erase_if(upserts, [this](const GalleryReference& reference) {
    if (IsUsable(reference, options_.dimension)) return false;
    log_.Write(LogLevel::kError, "gallery",
               format("reference {} has {} numbers, not {} finite ones: it is not searched; upload "
                      "its photo again",
                      reference.reference_id, reference.embedding.size(), options_.dimension));
    return true;
  });
  index_.Apply(removed, std::move(upserts), sequence);
  sequence_ = sequence;
}

void GalleryFollower::Note(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    state_.sequence = sequence_;
    state_.last_error = status.has_value() ? "" : status.error().message;
    if (status.has_value()) {
      state_.loaded = true;
      state_.caught_up_at = clock_.Now();
    }
  }
  if (status.has_value()) return;
  log_.Write(LogLevel::kError, "gallery",
             format("the gallery cannot be followed, searches use change {}: {}", sequence_,
                    status.error().message));
}

void GalleryFollower::Nap(std::stop_token stop) {
  std::stop_source nap;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(woken_, false)) return;
    nap_ = nap;
  }
  const std::stop_callback forward(stop, [&nap] { nap.request_stop(); });
  clock_.SleepUntil(clock_.Now() + options_.poll_interval, nap.get_token());
  const std::lock_guard lock(mutex_);
  woken_ = false;
}

// What was loaded is saved at once, so that the next start is short; then what has changed.
void GalleryFollower::KeepSaving(std::stop_token stop) {
  const auto stopped = [&stop] { return stop.stop_requested(); };
  const auto may_save = [this] { return saves_ && State().loaded; };
  while (!may_save() && clock_.SleepUntil(clock_.Now() + options_.poll_interval, stop)) {
  }
  if (!may_save()) return;
  try {
    index_.Warm(stopped);
  } catch (const std::exception& exception) {
    LogError("gallery",
             "embeddings cannot be read into memory: {}; searches read them from the disk",
             exception.what());
  }
  // Given up when stopping takes too long; the moment of the stop is seen by the first question.
  SteadyTime deadline = SteadyTime::max();
  const auto given_up = [&] {
    if (stop.stop_requested() && deadline == SteadyTime::max()) {
      deadline = clock_.Now() + options_.last_save_max;
    }
    return clock_.Now() > deadline;
  };
  do {
    if (IsUnsaved()) Save(given_up);
  } while (clock_.SleepUntil(clock_.Now() + options_.save_interval, stop));
  if (IsUnsaved()) Save(given_up);
}

// What was read anew may differ from what was saved at the same sequence.
bool GalleryFollower::IsUnsaved() const {
  const std::uint64_t sequence = index_.Info().sequence;
  const std::lock_guard lock(mutex_);
  return sequence != state_.saved_sequence || reloads_ != saved_reloads_;
}

void GalleryFollower::Save(const std::function<bool()>& given_up) {
  std::int64_t reloads = 0;
  {
    const std::lock_guard lock(mutex_);
    reloads = reloads_;
  }
  const std::uint64_t sequence = index_.Info().sequence;
  Status saved;
  try {
    saved = index_.Save(given_up);
  } catch (const std::exception& exception) {
    saved = Fail(ErrorCode::kInternal, exception.what());
  }
  {
    const std::lock_guard lock(mutex_);
    if (saved.has_value()) {
      state_.saved_sequence = sequence;
      saved_reloads_ = reloads;
    }
    state_.save_error = saved.has_value() ? "" : saved.error().message;
  }
  if (saved.has_value() || saved.error().code == ErrorCode::kCancelled) return;
  LogError("gallery",
           "the gallery cannot be saved: {}; searches go on, but the next start reads the database",
           saved.error().message);
}

}  // namespace vigil::gallery
