// The events that are kept: reading on from a number, telling what has no transaction of its own,
// removing the oldest.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/event.h"
#include "database/database.h"

namespace vigil::database {

struct EventBatch {
  std::vector<Event> events;  // in order, without a gap
  // False: the number asked for is not known here (its successors were removed, or it belongs to
  // another database), and events may have been missed; `events` is empty.
  bool unbroken = true;
  std::int64_t oldest = 0;  // number of the oldest event kept; newest + 1 when none is. Only told
  std::int64_t newest = 0;  // when not unbroken
};

// Thread-safe.
class EventRepository {
 public:
  explicit EventRepository(Database& database) : database_(database) {}

  // An event in a transaction of its own.
  Status Append(std::string_view kind, const json::object& data,
                std::optional<WallTime> at = std::nullopt);
  // At most `limit` events after number `after`; 0 is the beginning.
  Result<EventBatch> After(std::int64_t after, int limit);
  // The number of the newest event; 0: there was none yet.
  Result<std::int64_t> Newest();
  // Removes events from the oldest on: those that happened before `before`, and all but the newest
  // `count_max`. Gives how many, at most `limit`.
  Result<std::int64_t> Prune(WallTime before, std::int64_t count_max, int limit);

 private:
  Database& database_;
};

}  // namespace vigil::database
