// Keeps the index equal to the database by following gallery_log.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "core/gallery.h"

namespace vigil::gallery {

struct FollowerOptions {
  int dimension =
      0;  // of the index; others, and numbers that are not finite, are refused and logged
  std::chrono::milliseconds poll_interval{200};
  std::chrono::milliseconds check_interval = std::chrono::minutes{1};
};

struct FollowerState {
  bool loaded = false;         // the gallery has been read once: searches mean something
  std::uint64_t sequence = 0;  // applied so far
  std::string last_error;      // empty while all is well
  SteadyTime caught_up_at{};   // when index and table were last known to be equal
  std::int64_t rebuilds = 0;   // the self-check found the index different from the table
  std::int64_t faults = 0;     // exceptions that the thread caught; it went on after each
};

// Reads the whole gallery once, without following it: for one-shot commands.
Status LoadGallery(GalleryStore& store, GalleryIndex& index, const std::string& space_key);

// Loads everything, then applies changes in order on its own thread: each poll_interval, and at
// once after Wake. Each check_interval it compares count and digest of what it applied, and the
// index's count, with the table, and rebuilds on a difference. Errors of the store are logged at
// most once a second and tried again; the last good snapshot keeps serving. It is the index's only
// writer. `store`, `index` and `clock` must outlive it; destruction stops it.
class GalleryFollower {
 public:
  GalleryFollower(GalleryStore& store, GalleryIndex& index, std::string space_key, Clock& clock,
                  FollowerOptions options);
  ~GalleryFollower();

  // After a change was committed by this process: do not wait for the next poll. Thread-safe, never
  // blocks.
  void Wake();
  FollowerState State() const;

 private:
  void Run(std::stop_token stop);
  Status Step();
  Status CatchUp();
  Status Reload();
  Status Check();
  Status ApplyChanges(const std::vector<GalleryChange>& changes);
  void Apply(const std::vector<std::string>& removed, std::vector<GalleryReference> upserts,
             std::uint64_t sequence);
  void Nap(std::stop_token stop);
  void Note(const Status& status);

  GalleryStore& store_;
  GalleryIndex& index_;
  const std::string space_key_;
  Clock& clock_;
  const FollowerOptions options_;
  LogLimiter log_;

  // Used by the thread alone: what was applied, as digests by reference id.
  std::unordered_map<std::string, std::uint64_t> applied_;
  std::uint64_t sequence_ = 0;
  bool loaded_ = false;
  SteadyTime next_check_{};

  mutable std::mutex mutex_;
  FollowerState state_;   // guarded by mutex_
  bool woken_ = false;    // guarded by mutex_
  std::stop_source nap_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace vigil::gallery
