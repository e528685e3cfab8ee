// Alerts as people look at them: what was sent where, what the receivers said, and another try.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/alert.h"
#include "database/database.h"
#include "database/outbox_repository.h"
#include "database/page.h"

namespace vigil::database {

struct StoredAlert {
  AlertMessage message;  // only the ids when the stored text is damaged
  std::string channel;
  DeliveryState state = DeliveryState::kPending;
  WallTime created_at{};
  WallTime next_attempt_at{};              // while pending
  std::optional<WallTime> expires_at;      // nothing: a day after the event
  std::vector<DeliveryRecord> deliveries;  // in order, at most 200
};

struct AlertFilter {
  std::string channel;      // empty: all
  std::string incident_id;  // empty: all
  std::optional<DeliveryState> state;
  std::optional<WallTime> from;  // when it was decided
  std::optional<WallTime> to;    // exclusive
};

// Thread-safe.
class AlertRepository {
 public:
  explicit AlertRepository(Database& database) : database_(database) {}

  // Newest first.
  Result<Page<StoredAlert>> List(const AlertFilter& filter, const PageRequest& request);
  Result<StoredAlert> Get(const std::string& id);
  // Makes a pending or dead alert due now, with its attempts counted anew and a day until it
  // expires. kConflict when it was sent; kNotFound.
  Result<StoredAlert> Retry(const std::string& id);

 private:
  Database& database_;
};

}  // namespace vigil::database
