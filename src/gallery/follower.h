// Keeps the index equal to the database by following gallery_log.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "gallery/followed_index.h"

namespace vigil::gallery {

struct FollowerOptions {
  // The index was filled by LoadGallery: it is followed from where it stands.
  bool loaded = false;
  int dimension =
      0;  // of the index; others, and numbers that are not finite, are refused and logged
  std::chrono::milliseconds poll_interval{200};
  std::chrono::milliseconds check_interval = std::chrono::minutes{1};
  // What of the table is in memory at once while it is compared.
  int references_at_once = 10'000;
  // False: nothing is taken up, and nothing is saved before BeginSaving. For an index that will be
  // saved where another one still is.
  bool saves = true;
  // A changed gallery is saved that often, and when the follower ends. The first save, of a gallery
  // that was read from the database, does not wait.
  std::chrono::milliseconds save_interval = std::chrono::minutes{5};
  // A save that is being made when the follower ends is given up after that long.
  std::chrono::milliseconds last_save_max = std::chrono::seconds{2};
};

struct FollowerState {
  bool loaded = false;               // the gallery has been read once: searches mean something
  std::uint64_t sequence = 0;        // applied so far
  std::string last_error;            // empty while all is well
  SteadyTime caught_up_at{};         // when index and table were last known to be equal
  std::int64_t rebuilds = 0;         // comparisons that differed: the gallery was read anew
  std::int64_t faults = 0;           // exceptions that the thread caught; it went on after each
  bool restored = false;             // what was saved was taken up at the start; see rebuilds
  std::uint64_t saved_sequence = 0;  // of the gallery that was saved last
  std::string save_error;            // why the last save failed; empty while all is well
};

// Brings the index up to date once, without following: for one-shot commands. From what was saved
// and the changes since, when that is to be had, else from the whole table.
Status LoadGallery(GalleryStore& store, FollowedIndex& index, const std::string& space_key);

// Takes up what was saved, or else loads everything, then applies changes in order on its own
// thread: each poll_interval, and at once after Wake. Each check_interval, and first of all after a
// gallery was taken up from the disk, it compares the index with the table and rebuilds on a
// difference. Errors of the store are logged at most once a second and tried again; the last good
// snapshot keeps serving. A second thread saves. It is the index's only writer. `store`, `index`
// and `clock` must outlive it; destruction stops it.
class GalleryFollower {
 public:
  GalleryFollower(GalleryStore& store, FollowedIndex& index, std::string space_key, Clock& clock,
                  FollowerOptions options);
  ~GalleryFollower();

  // After a change was committed by this process: do not wait for the next poll. Thread-safe, never
  // blocks.
  void Wake();
  FollowerState State() const;
  // Saves from now on, see FollowerOptions::saves. Thread-safe.
  void BeginSaving() { saves_ = true; }

 private:
  void Run(std::stop_token stop);
  Status Step();
  Status CatchUp();
  Status Reload();
  Status Check();
  void Apply(const std::vector<std::string>& removed, std::vector<GalleryReference> upserts,
             std::uint64_t sequence);
  bool TakeUpSaved();
  void Nap(std::stop_token stop);
  void Note(const Status& status);
  void KeepSaving(std::stop_token stop);
  bool IsUnsaved() const;
  void Save(const std::function<bool()>& given_up);

  GalleryStore& store_;
  FollowedIndex& index_;
  const std::string space_key_;
  Clock& clock_;
  const FollowerOptions options_;
  LogLimiter log_;
  std::atomic<bool> saves_;

  // Used by the thread alone.
  std::uint64_t sequence_ = 0;
  bool loaded_ = false;
  bool tried_saved_;
  bool taken_up_ = false;
  SteadyTime next_check_{};

  mutable std::mutex mutex_;
  FollowerState state_;  // guarded by mutex_
  // How often the whole gallery was read from the database, and how often when the last save that
  // succeeded began. Guarded by mutex_.
  std::int64_t reloads_ = 0;
  std::int64_t saved_reloads_ = 0;
  bool woken_ = false;    // guarded by mutex_
  std::stop_source nap_;  // guarded by mutex_
  std::jthread thread_;
  std::jthread saver_;
};

}  // namespace vigil::gallery
