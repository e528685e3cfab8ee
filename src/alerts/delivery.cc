// The loop: record what could not be recorded, deliver what is due, sleep until the next is due or
// somebody wakes us.
#include "alerts/delivery.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/format.h"

namespace vigil::alerts {
namespace {

bool IsPermanent(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kPermission;
}

// The last net of the thread: whatever a library throws is one failed attempt.
Result<std::string> Deliver(Notifier& notifier, const AlertMessage& message, const Bytes& snapshot,
                            std::stop_token stop) {
  try {
    return notifier.Deliver(message, snapshot, std::move(stop));
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInternal, format("the notifier failed: {}", exception.what()));
  }
}

}  // namespace

std::chrono::milliseconds BackoffPause(const DeliveryOptions& options, int attempts) {
  std::chrono::milliseconds pause = options.backoff_first;
  for (int doubled = 1; doubled < attempts && pause < options.backoff_max; ++doubled) pause *= 2;
  return std::min(pause, options.backoff_max);
}

DeliveryWorker::DeliveryWorker(Channel channel, OutboxStore& outbox, MediaStore& media,
                               Clock& clock, DeliveryObserver observer, DeliveryOptions options)
    : channel_(std::move(channel)),
      outbox_(outbox),
      media_(media),
      clock_(clock),
      observer_(std::move(observer)),
      options_(options),
      log_(clock),
      random_(std::random_device{}()),
      thread_([this](std::stop_token stop) { Run(std::move(stop)); }) {}

DeliveryWorker::~DeliveryWorker() = default;

void DeliveryWorker::Wake() {
  const std::lock_guard lock(mutex_);
  wake_.request_stop();
}

void DeliveryWorker::RequestStop() { thread_.request_stop(); }

std::stop_source DeliveryWorker::ArmWake() {
  const std::lock_guard lock(mutex_);
  wake_ = std::stop_source();
  return wake_;
}

void DeliveryWorker::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    // Armed before the outbox is read: a row committed during the reading ends the sleep at once.
    std::stop_source wake = ArmWake();
    const std::chrono::milliseconds pause = DeliverDue(stop);
    const std::stop_callback on_stop(stop, [&wake] { wake.request_stop(); });
    clock_.SleepUntil(clock_.Now() + pause, wake.get_token());
  }
}

// Answers how long nothing will be due.
std::chrono::milliseconds DeliveryWorker::DeliverDue(std::stop_token stop) {
  if (unrecorded_.has_value()) {
    Attempt attempt = *std::exchange(unrecorded_, std::nullopt);
    if (!Record(std::move(attempt))) return options_.poll_interval;
  }
  while (!stop.stop_requested()) {
    const auto due = outbox_.DueAlerts(channel_.name, clock_.WallNow(), options_.batch_max);
    if (!due.has_value()) {
      log_.Write(LogLevel::kError, channel_.name, "read the outbox: " + due.error().message);
      return options_.poll_interval;
    }
    if (due->empty()) break;
    for (const PendingAlert& alert : *due) {
      if (stop.stop_requested() || !DeliverOne(alert, stop)) return options_.poll_interval;
    }
  }
  const auto next = outbox_.NextDue(channel_.name);
  if (!next.has_value() || !next->has_value()) return options_.poll_interval;
  const auto until_next = **next - clock_.WallNow();
  return std::clamp(until_next, std::chrono::milliseconds{0}, options_.poll_interval);
}

// False when the worker must not go on now.
bool DeliveryWorker::DeliverOne(const PendingAlert& alert, std::stop_token stop) {
  const AlertMessage& message = alert.message;
  const Bytes snapshot = LoadSnapshot(message);
  const SteadyTime started = clock_.Now();
  const Result<std::string> answer = Deliver(*channel_.notifier, message, snapshot, stop);
  if (!answer.has_value() && answer.error().code == ErrorCode::kCancelled) return false;

  DeliveryReport report;
  report.channel = channel_.name;
  report.message = message;
  report.attempt = alert.attempts + 1;
  report.duration = clock_.Now() - started;
  const WallTime now = clock_.WallNow();
  report.since_event = now - message.event_time;
  report.answer = answer.has_value() ? *answer : answer.error().message;
  if (answer.has_value()) {
    report.state = DeliveryState::kSent;
  } else if (IsPermanent(answer.error().code) || report.attempt >= options_.attempts_max) {
    report.state = DeliveryState::kDead;
  } else {
    report.state = DeliveryState::kPending;
    report.next_attempt_at = now + Jittered(BackoffPause(options_, report.attempt));
  }
  return Record({message.id, now, std::move(report)});
}

bool DeliveryWorker::Record(Attempt attempt) {
  const DeliveryReport& report = attempt.report;
  const Status recorded = outbox_.RecordAttempt(attempt.alert_id, attempt.at, report.state,
                                                report.answer, report.next_attempt_at);
  if (!recorded.has_value()) {
    log_.Write(LogLevel::kError, channel_.name,
               format("record the attempt of alert {}: {}; it will be recorded before anything "
                      "else is sent",
                      attempt.alert_id, recorded.error().message));
    unrecorded_ = std::move(attempt);
    return false;
  }
  if (report.state != DeliveryState::kSent) {
    log_.Write(report.state == DeliveryState::kDead ? LogLevel::kError : LogLevel::kWarning,
               channel_.name,
               format("alert {}, attempt {}: {}{}", attempt.alert_id, report.attempt, report.answer,
                      report.state == DeliveryState::kDead ? "; given up" : ""));
  }
  if (observer_) observer_(report);
  return true;
}

// A missing picture must not hold the message back.
Bytes DeliveryWorker::LoadSnapshot(const AlertMessage& message) {
  if (!channel_.include_snapshot || message.snapshot_media_id.empty()) return {};
  auto snapshot = media_.Get(message.snapshot_media_id);
  if (snapshot.has_value()) return *std::move(snapshot);
  log_.Write(LogLevel::kWarning, channel_.name,
             format("alert {} goes without its picture: {}", message.id, snapshot.error().message));
  return {};
}

std::chrono::milliseconds DeliveryWorker::Jittered(std::chrono::milliseconds pause) {
  std::uniform_real_distribution<double> factor(0.8, 1.2);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor(random_)));
}

Delivery::Delivery(std::vector<Channel> channels, OutboxStore& outbox, MediaStore& media,
                   Clock& clock, const DeliveryObserver& observer, DeliveryOptions options) {
  for (Channel& channel : channels) {
    workers_.push_back(std::make_unique<DeliveryWorker>(std::move(channel), outbox, media, clock,
                                                        observer, options));
  }
}

Delivery::~Delivery() {
  for (const auto& worker : workers_) worker->RequestStop();
}

void Delivery::Wake() {
  for (const auto& worker : workers_) worker->Wake();
}

}  // namespace vigil::alerts
