// The loop: catch up, check now and then, nap.
#include "gallery/follower.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <exception>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/format.h"

namespace vigil::gallery {
namespace {

constexpr int kChangesAtOnce = 1000;

// FNV-1a (draft-eastlake-fnv) over all that the index holds of a reference; finds accidents, not
// attacks.
std::uint64_t DigestOf(const GalleryReference& reference) {
  std::uint64_t digest = 14695981039346656037U;
  const auto add = [&digest](std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      digest = (digest ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
    }
  };
  add(std::as_bytes(std::span(reference.person_id)));
  add(std::as_bytes(std::span(reference.reference_id)));
  add(std::as_bytes(std::span(reference.embedding)));
  return digest;
}

bool IsFinite(const GalleryReference& reference) {
  return std::ranges::all_of(reference.embedding, [](float n) { return std::isfinite(n); });
}

// Whether the index can hold it.
bool IsUsable(const GalleryReference& reference, int dimension) {
  return std::ssize(reference.embedding) == dimension && IsFinite(reference);
}

}  // namespace

Status LoadGallery(GalleryStore& store, GalleryIndex& index, const std::string& space_key) {
  auto loaded = store.LoadAllReferences(space_key);
  if (!loaded.has_value()) return Annotate(loaded.error(), "load the gallery");
  const std::size_t broken = std::erase_if(
      loaded->first, [](const GalleryReference& reference) { return !IsFinite(reference); });
  if (broken > 0) {
    LogError("gallery", "{} references have numbers that are not finite: they are not searched",
             broken);
  }
  index.Apply({}, std::move(loaded->first), loaded->second);
  return {};
}

GalleryFollower::GalleryFollower(GalleryStore& store, GalleryIndex& index, std::string space_key,
                                 Clock& clock, FollowerOptions options)
    : store_(store),
      index_(index),
      space_key_(std::move(space_key)),
      clock_(clock),
      options_(options),
      log_(clock),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

GalleryFollower::~GalleryFollower() {
  thread_.request_stop();
  thread_.join();
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
    VIGIL_RETURN_IF_ERROR(Reload());
    loaded_ = true;
    return {};
  }
  if (clock_.Now() < next_check_) return CatchUp();
  next_check_ = clock_.Now() + options_.check_interval;
  return Check();
}

Status GalleryFollower::CatchUp() {
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<GalleryChange> changes,
                           store_.GalleryChangesAfter(sequence_, kChangesAtOnce));
    // The log no longer reaches back to what was applied last.
    if (!changes.empty() && changes.front().sequence != sequence_ + 1) return Reload();
    if (!changes.empty()) VIGIL_RETURN_IF_ERROR(ApplyChanges(changes));
    if (changes.size() == kChangesAtOnce) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t newest, store_.GallerySequence());
    if (newest >= sequence_) return {};
    // The database was put back to an earlier state: what was applied since must go.
    return Reload();
  }
}

Status GalleryFollower::ApplyChanges(const std::vector<GalleryChange>& changes) {
  std::unordered_set<std::string> touched;
  for (const GalleryChange& change : changes) touched.insert(change.reference_id);
  const std::vector<std::string> ids(touched.begin(), touched.end());
  VIGIL_ASSIGN_OR_RETURN(std::vector<GalleryReference> living,
                         store_.LoadReferences(ids, space_key_));
  for (const GalleryReference& reference : living) touched.erase(reference.reference_id);
  Apply({touched.begin(), touched.end()}, std::move(living), changes.back().sequence);
  return {};
}

Status GalleryFollower::Reload() {
  VIGIL_ASSIGN_OR_RETURN(auto loaded, store_.LoadAllReferences(space_key_));
  std::vector<std::string> removed;
  removed.reserve(applied_.size());
  for (const auto& [reference_id, digest] : applied_) removed.push_back(reference_id);
  applied_.clear();
  Apply(removed, std::move(loaded.first), loaded.second);
  return {};
}

Status GalleryFollower::Check() {
  VIGIL_RETURN_IF_ERROR(CatchUp());
  VIGIL_ASSIGN_OR_RETURN(auto loaded, store_.LoadAllReferences(space_key_));
  // A change came in between: the next check compares.
  if (loaded.second != sequence_) return {};
  std::size_t usable = 0;
  bool equal = true;
  for (const GalleryReference& reference : loaded.first) {
    if (!IsUsable(reference, options_.dimension)) continue;
    ++usable;
    const auto applied = applied_.find(reference.reference_id);
    equal = equal && applied != applied_.end() && applied->second == DigestOf(reference);
  }
  if (equal && usable == applied_.size() && usable == index_.Info().references) return {};
  LogError("gallery",
           "the index differs from the database at change {} ({} references indexed, {} stored): "
           "it is rebuilt",
           sequence_, index_.Info().references, usable);
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
  for (const std::string& reference_id : removed) applied_.erase(reference_id);
  for (const GalleryReference& reference : upserts) {
    applied_[reference.reference_id] = DigestOf(reference);
  }
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

}  // namespace vigil::gallery
