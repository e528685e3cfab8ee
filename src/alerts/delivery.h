// Carries the outbox to its receivers: at least once, whatever fails in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/alert.h"
#include "core/media_store.h"

namespace vigil::alerts {

// A configured receiver, ready to be used. Made by MakeChannels (alerts/channels.h).
struct Channel {
  std::string name;
  CooldownRule cooldown;
  bool include_snapshot = true;
  std::unique_ptr<Notifier> notifier;
  std::string revision = {};  // changes with any setting: equal ones need not be replaced
};

// How a channel fares, as people see it.
struct ChannelState {
  std::string name = {};
  std::optional<WallTime> failing_since =
      {};                       // of the first failure in a row; nothing while it works
  std::string last_error = {};  // of the last failed attempt, however long ago
  std::optional<WallTime> last_error_at = {};
  std::optional<WallTime> last_sent_at = {};
};

struct DeliveryOptions {
  std::chrono::milliseconds backoff_first{std::chrono::seconds{1}};
  std::chrono::milliseconds backoff_max{std::chrono::minutes{10}};
  // With the pauses above (1 s doubling to 10 min) this is about 24 h; then the alert is dead until
  // someone retries it.
  int attempts_max = 153;
  // The outbox is looked at this often even without Wake: other processes may write to it.
  std::chrono::milliseconds poll_interval{std::chrono::seconds{5}};
  int batch_max = 16;
};

// What became of one attempt. kPending: it failed and is tried again at `next_attempt_at`.
struct DeliveryReport {
  std::string channel;
  AlertMessage message;
  DeliveryState state = DeliveryState::kSent;
  std::string answer;  // the receiver's, or the error
  int attempt = 1;
  std::chrono::nanoseconds duration{};      // of this attempt
  std::chrono::milliseconds since_event{};  // from the deciding frame's capture to now
  WallTime next_attempt_at{};               // for kPending
};
// Called on the delivery threads after the attempt was recorded; must be thread-safe and must not
// block.
using DeliveryObserver = std::function<void(const DeliveryReport&)>;

// The pause before attempt `attempts` + 1, without jitter: first, doubled each time, at most the
// maximum.
std::chrono::milliseconds BackoffPause(const DeliveryOptions& options, int attempts);

// One thread that serves one channel: reads due alerts, loads the snapshot, delivers, records each
// attempt. A failure that may pass (kUnavailable, kTimeout, kInternal) is the channel's: it pauses
// with exponential backoff and 20 % jitter, then probes with one alert at a time until one gets
// through, and the others follow in order. The probe is the oldest alert that waits, but one that
// failed several times lets others try, so that an alert which the receiver chokes on holds up no
// other. kInvalidArgument and kPermission make the alert dead at once, and so does its expiry,
// without an attempt. An attempt cut short by a stop is not recorded: the alert stays pending. When
// an attempt cannot be recorded, nothing more is sent until it can be, so that a database outage
// causes at most one repeat. Starts on construction; the destructor stops and joins, within the
// notifier's reaction to its stop token (about a second for libcurl).
class DeliveryWorker {
 public:
  DeliveryWorker(Channel channel, OutboxStore& outbox, MediaStore& media, Clock& clock,
                 DeliveryObserver observer, DeliveryOptions options = {});
  ~DeliveryWorker();
  DeliveryWorker(const DeliveryWorker&) = delete;
  DeliveryWorker& operator=(const DeliveryWorker&) = delete;

  // Says that the outbox may hold something new. Any thread; never blocks.
  void Wake();
  // Ends the pause of a failing channel: somebody wants to see it tried now.
  void Probe();
  // Goes on with other settings after the attempt that runs, which is recorded as ever: nothing is
  // lost and nothing sent twice. Without a channel nothing is sent any more. Any thread; never
  // blocks.
  void Replace(std::optional<Channel> channel);
  // True once the thread has no channel and nothing left to record: it may be destroyed at once.
  bool Idle() const;
  ChannelState State() const;
  const std::string& Name() const { return name_; }
  // Asks the thread to end without waiting for it; for stopping many at once.
  void RequestStop();

 private:
  struct Attempt {
    std::string alert_id;
    WallTime at{};
    DeliveryReport report;
  };

  void Run(std::stop_token stop);
  std::stop_source ArmWake();
  bool AdoptChannel();
  bool Replaced() const;
  std::chrono::milliseconds PauseLeft() const;
  std::chrono::milliseconds DeliverDue(std::stop_token stop);
  bool DeliverBatch(std::vector<PendingAlert> due, const std::stop_token& stop);
  bool GiveUpExpired(const PendingAlert& alert);
  void NoteFailure(const std::string& error, double jitter);
  void NoteRefusal(const std::string& answer);
  void NoteSuccess();
  bool DeliverOne(const PendingAlert& alert, std::stop_token stop);
  bool Record(Attempt attempt);
  Bytes LoadSnapshot(const AlertMessage& message);
  double Jitter();

  const std::string name_;
  OutboxStore& outbox_;
  MediaStore& media_;
  Clock& clock_;
  const DeliveryObserver observer_;
  const DeliveryOptions options_;
  LogLimiter log_;
  Channel channel_;                    // of the thread; its notifier is null: there is none
  int failures_ = 0;                   // in a row; of the thread
  std::minstd_rand random_;            // of the thread
  std::optional<Attempt> unrecorded_;  // of the thread
  mutable std::mutex mutex_;
  std::stop_source wake_;                              // guarded by mutex_, as all below
  std::optional<std::optional<Channel>> replacement_;  // what Replace left for the thread
  SteadyTime paused_until_{};
  ChannelState state_;
  bool idle_ = false;
  std::jthread thread_;
};

// All channels of an installation, a worker each, so that a failing one delays no other.
class Delivery {
 public:
  Delivery(std::vector<Channel> channels, OutboxStore& outbox, MediaStore& media, Clock& clock,
           const DeliveryObserver& observer, DeliveryOptions options = {});
  // Stops all workers together and joins them.
  ~Delivery();

  // Call after each committed incident. Any thread; never blocks.
  void Wake();
  // As DeliveryWorker::Probe, for the channel of that name, if there is one.
  void Probe(const std::string& channel);
  // From now on these are the channels. One whose revision is as before is left alone; the others
  // go over as DeliveryWorker::Replace tells. Any thread; never waits for a receiver.
  void SetChannels(std::vector<Channel> channels);
  // Of the channels that are served, by name.
  std::vector<ChannelState> States() const;

 private:
  struct Served {
    std::string revision;
    bool active = true;  // false: the worker ends as soon as it is idle
    std::unique_ptr<DeliveryWorker> worker;
  };

  OutboxStore& outbox_;
  MediaStore& media_;
  Clock& clock_;
  const DeliveryObserver observer_;
  const DeliveryOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, Served> served_;  // guarded by mutex_; by name
};

}  // namespace vigil::alerts
