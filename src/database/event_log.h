// Events inside the transactions that they tell of, and the news of their commits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "core/event.h"
#include "database/connection.h"

namespace vigil::database {

// Belongs to one Database. Append is called inside Database::Write only; the rest from any thread.
// The newest events are kept in memory too, so that many streams cost the database nothing.
class EventLog {
 public:
  explicit EventLog(const Clock& clock, std::size_t remembered_max = 2000)
      : clock_(clock), remembered_max_(remembered_max) {}

  // Adds an event to the running transaction and gives its number. `at`: when it happened; nothing:
  // now.
  Result<std::int64_t> Append(Connection& connection, std::string_view kind,
                              const json::object& data, std::optional<WallTime> at = std::nullopt);

  // The events after number `after`, in order, at most `limit`; none when `after` is the newest.
  // Nothing at all: memory does not reach back that far, ask the database.
  std::optional<std::vector<Event>> Recent(std::int64_t after, std::size_t limit) const;

  // `listener` is called after each commit that told something, on the writer thread; it must not
  // block. It is not called any more once Unsubscribe has returned.
  std::int64_t Subscribe(std::function<void()> listener);
  void Unsubscribe(std::int64_t subscription);

  // Of Database: the newest number when it was opened, and the end of each transaction.
  void StartAfter(std::int64_t newest);
  void EndTransaction(bool committed);

 private:
  const Clock& clock_;
  const std::size_t remembered_max_;
  std::vector<Event> pending_;  // of the writer thread: told by the running transaction

  mutable std::mutex mutex_;
  std::optional<std::int64_t> newest_;  // guarded by mutex_
  std::deque<Event> remembered_;        // guarded by mutex_; without gaps, up to newest_

  std::mutex listeners_mutex_;
  std::map<std::int64_t, std::function<void()>> listeners_;  // guarded by listeners_mutex_
  std::int64_t next_subscription_ = 1;                       // guarded by listeners_mutex_
};

}  // namespace vigil::database
