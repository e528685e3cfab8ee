// See event_log.h.
#include "database/event_log.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace vigil::database {

Result<std::int64_t> EventLog::Append(Connection& connection, std::string_view kind,
                                      const json::object& data, std::optional<WallTime> at) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer counted,
      connection.Execute(
          "UPDATE event_counter SET sequence = sequence + 1 WHERE id = 1 RETURNING sequence", {}));
  Event event{.sequence = counted.rows.at(0).Integer("sequence"),
              .at = at.value_or(clock_.WallNow()),
              .kind = std::string(kind),
              .data = WriteJson(data)};
  VIGIL_RETURN_IF_ERROR(
      connection.Execute("INSERT INTO events (sequence, at, kind, data) VALUES ($1, $2, $3, $4)",
                         {event.sequence, event.at, event.kind, event.data}));
  pending_.push_back(std::move(event));
  return pending_.back().sequence;
}

std::optional<std::vector<Event>> EventLog::Recent(std::int64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (!newest_ || after > *newest_) return std::nullopt;
  if (after == *newest_) return std::vector<Event>{};
  const std::int64_t oldest = *newest_ + 1 - std::ssize(remembered_);
  if (after + 1 < oldest) return std::nullopt;
  const auto begin = remembered_.begin() + (after + 1 - oldest);
  const auto count = std::min<std::int64_t>(std::distance(begin, remembered_.end()),
                                            static_cast<std::int64_t>(limit));
  return std::vector<Event>(begin, begin + count);
}

std::int64_t EventLog::Subscribe(std::function<void()> listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.emplace(next_subscription_, std::move(listener));
  return next_subscription_++;
}

void EventLog::Unsubscribe(std::int64_t subscription) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(subscription);
}

void EventLog::StartAfter(std::int64_t newest) {
  const std::lock_guard lock(mutex_);
  newest_ = newest;
}

void EventLog::EndTransaction(bool committed) {
  std::vector<Event> told = std::exchange(pending_, {});
  if (!committed || told.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    // Another process may have told something in between; then memory begins anew.
    if (newest_ && told.front().sequence != *newest_ + 1) remembered_.clear();
    newest_ = told.back().sequence;
    std::ranges::move(told, std::back_inserter(remembered_));
    while (remembered_.size() > remembered_max_) remembered_.pop_front();
  }
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& [subscription, listener] : listeners_) listener();
}

}  // namespace vigil::database
