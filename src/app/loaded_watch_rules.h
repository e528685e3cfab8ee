// Watch-lists from memory, for threads that must not wait for the database.
#pragma once

#include <memory>
#include <mutex>

#include "database/watchlist_repository.h"
#include "pipeline/watch_rules.h"

namespace vigil::app {

// Thread-safe.
class LoadedWatchRules {
 public:
  explicit LoadedWatchRules(database::Database& database) : lists_(database) {}

  // Reads all lists again; blocks on the database. On an error those before stay.
  Status Refresh();
  std::shared_ptr<const pipeline::WatchRules> Current() const;

 private:
  database::WatchlistRepository lists_;
  std::mutex refresh_mutex_;    // one at a time, so that the newest is the last
  std::uint64_t revision_ = 0;  // guarded by refresh_mutex_
  mutable std::mutex mutex_;
  std::shared_ptr<const pipeline::WatchRules> rules_ =
      std::make_shared<const pipeline::WatchRules>();  // guarded by mutex_
};

}  // namespace vigil::app
