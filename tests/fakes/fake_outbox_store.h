// The outbox in memory.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/alert.h"

namespace vigil {

// Behaves like the database's outbox; Add takes the place of the incident's transaction. FailWith
// makes every call fail until it is cleared. Thread-safe.
class FakeOutboxStore final : public OutboxStore {
 public:
  struct Attempt {
    std::string alert_id;
    WallTime at{};
    DeliveryState state = DeliveryState::kPending;
    std::string answer;
    WallTime next_attempt_at{};
  };

  void Add(const std::string& channel, AlertMessage message, WallTime due) {
    const std::lock_guard lock(mutex_);
    const std::string id = message.id;
    rows_[id] = {{std::move(message), channel, 0}, DeliveryState::kPending, due};
  }

  Result<std::vector<PendingAlert>> DueAlerts(const std::string& channel, WallTime now,
                                              int limit) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    std::vector<PendingAlert> due;
    for (const auto& [id, row] : rows_) {
      if (std::ssize(due) >= limit) break;
      if (IsPending(row, channel) && row.next_attempt_at <= now) due.push_back(row.alert);
    }
    return due;
  }

  Result<std::optional<WallTime>> NextDue(const std::string& channel) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    std::optional<WallTime> next;
    for (const auto& [id, row] : rows_) {
      if (!IsPending(row, channel)) continue;
      next = std::min(next.value_or(row.next_attempt_at), row.next_attempt_at);
    }
    return next;
  }

  Status RecordAttempt(const std::string& alert_id, WallTime at, DeliveryState state,
                       const std::string& answer, WallTime next_attempt_at) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    const auto found = rows_.find(alert_id);
    if (found == rows_.end()) return Fail(ErrorCode::kNotFound, "there is no alert " + alert_id);
    Row& row = found->second;
    ++row.alert.attempts;
    row.state = state;
    row.next_attempt_at = next_attempt_at;
    attempts_.push_back({alert_id, at, state, answer, next_attempt_at});
    return {};
  }

  void FailWith(std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

  std::vector<Attempt> Attempts() const {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }

 private:
  struct Row {
    PendingAlert alert;
    DeliveryState state = DeliveryState::kPending;
    WallTime next_attempt_at{};
  };

  static bool IsPending(const Row& row, const std::string& channel) {
    return row.alert.channel == channel && row.state == DeliveryState::kPending;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Row> rows_;  // UUIDv7 ids: oldest first
  std::vector<Attempt> attempts_;
  std::optional<Error> failure_;
};

}  // namespace vigil
