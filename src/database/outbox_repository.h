// Alerts that wait, written by IncidentRepository, sent by the delivery workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "database/database.h"

namespace vigil::database {

// One try to deliver one alert, on its way into the database.
struct DeliveryAttempt {
  std::string id;  // by MakeUuid: an attempt is recorded once
  std::string alert_id;
  WallTime at{};
  DeliveryState state = DeliveryState::kPending;  // after it
  std::string answer;
  WallTime next_attempt_at{};
};

// One try to deliver one alert.
struct DeliveryRecord {
  WallTime at{};
  DeliveryState state = DeliveryState::kPending;  // after the try
  std::string answer;
};

// Thread-safe.
class OutboxRepository final : public OutboxStore {
 public:
  explicit OutboxRepository(Database& database) : database_(database) {}

  Result<std::vector<PendingAlert>> DueAlerts(const std::string& channel, WallTime now,
                                              int limit) override;
  Result<std::optional<WallTime>> NextDue(const std::string& channel) override;
  // kNotFound for an unknown alert.
  Status RecordAttempt(const std::string& alert_id, WallTime at, DeliveryState state,
                       const std::string& answer, WallTime next_attempt_at) override;

  // The same for one that may be recorded already: then nothing changes.
  Status Record(const DeliveryAttempt& attempt);

  // The tries made for one alert, in order.
  Result<std::vector<DeliveryRecord>> Deliveries(const std::string& alert_id);
  // How many alerts of all channels wait.
  Result<std::int64_t> PendingCount();

 private:
  Database& database_;
};

}  // namespace vigil::database
