// Alerts: what is sent, to which channel, and what became of it; with the ports of delivery.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"
#include "core/incident.h"

namespace vigil {

// Everything a message may say. Serialised into the outbox row when the incident commits, so that
// what is sent is what was decided, however late. Holds no picture: `snapshot_media_id` names it.
struct AlertMessage {
  std::string id;  // UUIDv7, the same for every attempt: receivers drop repeats by it
  std::string incident_id;
  std::string person_id;
  std::string person_name;
  std::string reason;  // of that person
  // Another enrolled person is nearly as similar: it may be either. Who that is stays unsaid
  // (empty) when that person is not looked for there.
  bool near_equal = false;
  std::string or_person_id;
  std::string or_person_name;
  Severity severity = Severity::kMedium;
  std::string camera_id;
  std::string camera_name;
  WallTime event_time{};  // capture of the deciding frame
  int face_count = 0;
  float similarity = 0;
  float threshold = 0;
  double stranger_odds = 1;
  std::string snapshot_media_id;
  std::int64_t suppressed_before = 0;  // alerts the cooldown held back since the last one sent
  bool is_test = false;                // somebody tries the channel: nobody was seen
};

// A row of the outbox that waits to be sent.
struct PendingAlert {
  AlertMessage message;
  std::string channel;  // the channel's name in the configuration
  int attempts = 0;     // made so far
  // Not sent any more after this; nothing: a day after the event.
  std::optional<WallTime> expires_at = {};
};

// The memory of one cooldown: person x camera group x channel. Absent row: default values.
struct CooldownState {
  std::optional<WallTime> last_alert_at;
  Severity last_severity = Severity::kLow;
  float last_similarity = 0;
  std::int64_t suppressed = 0;  // since last_alert_at
};

// What wants to be sent now.
struct CooldownAttempt {
  WallTime at{};
  Severity severity = Severity::kMedium;
  float similarity = 0;
};

// Decides, inside the incident's transaction, whether a channel alerts; `next` is stored either
// way.
struct CooldownVerdict {
  bool send = false;
  CooldownState next;
};
using CooldownRule =
    std::function<CooldownVerdict(const CooldownState& state, const CooldownAttempt& attempt)>;

// A channel as the incident's transaction needs to know it.
struct AlertRoute {
  std::string channel;
  CooldownRule cooldown;
};

// Sends one message to one channel. Used by one thread at a time. Blocks at most its own deadline;
// stops early when `stop` is requested (kCancelled). Retryable failures are kUnavailable or
// kTimeout, permanent ones kInvalidArgument or kPermission.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // `snapshot_jpeg` may be empty. On success, what the receiver answered, for the record ("HTTP
  // 204", "250 queued").
  virtual Result<std::string> Deliver(const AlertMessage& message,
                                      std::span<const std::byte> snapshot_jpeg,
                                      std::stop_token stop) = 0;
};

enum class DeliveryState { kPending, kSent, kDead };

// What the delivery worker asks of the database. Thread-safe; may block on the disk.
class OutboxStore {
 public:
  virtual ~OutboxStore() = default;
  // Pending alerts of `channel` whose next attempt is due at `now`, oldest first.
  virtual Result<std::vector<PendingAlert>> DueAlerts(const std::string& channel, WallTime now,
                                                      int limit) = 0;
  // When the earliest pending alert of `channel` becomes due; nothing when none waits.
  virtual Result<std::optional<WallTime>> NextDue(const std::string& channel) = 0;
  // Records one attempt in `deliveries` and updates the outbox row. `next_attempt_at` is used when
  // state is kPending.
  virtual Status RecordAttempt(const std::string& alert_id, WallTime at, DeliveryState state,
                               const std::string& answer, WallTime next_attempt_at) = 0;
};

}  // namespace vigil
