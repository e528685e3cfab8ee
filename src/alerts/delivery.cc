// The loop: record what could not be recorded, deliver what is due, sleep until the next is due or
// somebody wakes us.
#include "alerts/delivery.h"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "alerts/message_text.h"
#include "base/format.h"

namespace vigil::alerts {
namespace {

bool IsPermanent(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kPermission;
}

std::chrono::milliseconds Scaled(std::chrono::milliseconds pause, double factor) {
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(pause.count()) * factor));
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
    : name_(channel.name),
      outbox_(outbox),
      media_(media),
      clock_(clock),
      observer_(std::move(observer)),
      options_(options),
      log_(clock),
      channel_(std::move(channel)),
      random_(std::random_device{}()),
      state_{.name = name_},
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

void DeliveryWorker::Probe() {
  const std::lock_guard lock(mutex_);
  paused_until_ = {};
  wake_.request_stop();
}

void DeliveryWorker::Replace(std::optional<Channel> channel) {
  const std::lock_guard lock(mutex_);
  replacement_ = std::move(channel);
  idle_ = false;
  wake_.request_stop();
}

bool DeliveryWorker::Idle() const {
  const std::lock_guard lock(mutex_);
  return idle_;
}

ChannelState DeliveryWorker::State() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool DeliveryWorker::Replaced() const {
  const std::lock_guard lock(mutex_);
  return replacement_.has_value();
}

// Takes over what Replace left. True when there is a channel to serve.
bool DeliveryWorker::AdoptChannel() {
  const std::lock_guard lock(mutex_);
  if (replacement_.has_value()) {
    channel_ = replacement_->has_value()
                   ? std::move(**replacement_)
                   : Channel{.name = name_, .cooldown = {}, .notifier = nullptr};
    replacement_.reset();
    // What failed may have been the setting that was changed.
    failures_ = 0;
    paused_until_ = {};
    state_.failing_since.reset();
  }
  const bool serves = channel_.notifier != nullptr;
  idle_ = !serves && !unrecorded_.has_value();
  return serves;
}

void DeliveryWorker::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    // Armed before the outbox is read: a row committed during the reading ends the sleep at once.
    std::stop_source wake = ArmWake();
    std::chrono::milliseconds pause = options_.poll_interval;
    try {
      pause = DeliverDue(stop);
    } catch (const std::exception& exception) {
      // The last net: what is due stays due.
      log_.Write(LogLevel::kError, name_, exception.what());
    }
    const std::stop_callback on_stop(stop, [&wake] { wake.request_stop(); });
    clock_.SleepUntil(clock_.Now() + pause, wake.get_token());
  }
}

std::chrono::milliseconds DeliveryWorker::PauseLeft() const {
  const std::lock_guard lock(mutex_);
  return std::max(std::chrono::milliseconds{0},
                  std::chrono::ceil<std::chrono::milliseconds>(paused_until_ - clock_.Now()));
}

// Answers how long nothing will be due.
std::chrono::milliseconds DeliveryWorker::DeliverDue(std::stop_token stop) {
  if (unrecorded_.has_value()) {
    Attempt attempt = *std::exchange(unrecorded_, std::nullopt);
    if (!Record(std::move(attempt))) return options_.poll_interval;
  }
  if (!AdoptChannel()) return options_.poll_interval;
  while (!stop.stop_requested()) {
    if (Replaced()) return {};
    const std::chrono::milliseconds paused = PauseLeft();
    if (paused.count() > 0) return std::min(paused, options_.poll_interval);
    auto due = outbox_.DueAlerts(name_, clock_.WallNow(), options_.batch_max);
    if (!due.has_value()) {
      log_.Write(LogLevel::kError, name_, "read the outbox: " + due.error().message);
      return options_.poll_interval;
    }
    if (due->empty()) break;
    if (!DeliverBatch(*std::move(due), stop)) return options_.poll_interval;
  }
  const auto next = outbox_.NextDue(name_);
  if (!next.has_value() || !next->has_value()) return options_.poll_interval;
  const auto until_next = **next - clock_.WallNow();
  return std::clamp(until_next, std::chrono::milliseconds{0}, options_.poll_interval);
}

// False when the worker must not go on now.
bool DeliveryWorker::DeliverBatch(std::vector<PendingAlert> due, const std::stop_token& stop) {
  // Several failures of one alert make room for the next to be the probe.
  constexpr int kTriesAsProbe = 5;
  if (failures_ > 0) {
    const auto probe = std::ranges::min_element(
        due, {}, [](const PendingAlert& alert) { return alert.attempts / kTriesAsProbe; });
    std::iter_swap(due.begin(), probe);
    due.resize(1);
  }
  for (const PendingAlert& alert : due) {
    if (stop.stop_requested()) return false;
    if (Replaced()) return true;
    if (!DeliverOne(alert, stop)) return false;
    if (failures_ > 0) return true;
  }
  return true;
}

bool DeliveryWorker::GiveUpExpired(const PendingAlert& alert) {
  const WallTime now = clock_.WallNow();
  DeliveryReport report;
  report.channel = name_;
  report.message = alert.message;
  report.attempt = alert.attempts + 1;
  report.since_event = now - alert.message.event_time;
  report.state = DeliveryState::kDead;
  report.answer = "expired before it could be sent; retry it to send it all the same";
  return Record({alert.message.id, now, std::move(report)});
}

void DeliveryWorker::NoteFailure(const std::string& error, double jitter) {
  ++failures_;
  const auto pause = Scaled(BackoffPause(options_, failures_), jitter);
  const WallTime now = clock_.WallNow();
  {
    const std::lock_guard lock(mutex_);
    state_.last_error = error;
    state_.last_error_at = now;
    if (!state_.failing_since.has_value()) state_.failing_since = now;
    paused_until_ = clock_.Now() + pause;
  }
  if (failures_ == 1) {
    LogWarning("alerts",
               "channel {} fails: {}; it is tried again, one alert at a time, until one "
               "gets through",
               name_, error);
  }
}

// The receiver works but does not take what it is sent: nothing is gained by waiting, and
// everything by saying so.
void DeliveryWorker::NoteRefusal(const std::string& answer) {
  failures_ = 0;
  const std::lock_guard lock(mutex_);
  if (state_.failing_since.has_value()) return;
  state_.failing_since = clock_.WallNow();
  LogWarning("alerts", "channel {} refuses what it is sent: {}", name_, answer);
}

void DeliveryWorker::NoteSuccess() {
  const std::lock_guard lock(mutex_);
  if (state_.failing_since.has_value()) {
    LogInfo("alerts", "channel {} works again after {} failed attempts", name_, failures_);
  }
  failures_ = 0;
  state_.failing_since.reset();
}

// False when the worker must not go on now.
bool DeliveryWorker::DeliverOne(const PendingAlert& alert, std::stop_token stop) {
  const AlertMessage& message = alert.message;
  if (clock_.WallNow() >= alert.expires_at.value_or(ExpiryOf(message))) return GiveUpExpired(alert);
  const Bytes snapshot = LoadSnapshot(message);
  const SteadyTime started = clock_.Now();
  const Result<std::string> answer = Deliver(*channel_.notifier, message, snapshot, stop);
  if (!answer.has_value() && answer.error().code == ErrorCode::kCancelled) return false;

  DeliveryReport report;
  report.channel = name_;
  report.message = message;
  report.attempt = alert.attempts + 1;
  report.duration = clock_.Now() - started;
  const WallTime now = clock_.WallNow();
  report.since_event = now - message.event_time;
  report.answer = answer.has_value() ? *answer : answer.error().message;
  const bool answered = answer.has_value() || IsPermanent(answer.error().code);
  const double jitter = Jitter();
  if (answer.has_value()) {
    report.state = DeliveryState::kSent;
  } else if (answered || report.attempt >= options_.attempts_max) {
    report.state = DeliveryState::kDead;
  } else {
    report.state = DeliveryState::kPending;
    report.next_attempt_at = now + Scaled(BackoffPause(options_, report.attempt), jitter);
  }
  if (answer.has_value()) {
    NoteSuccess();
  } else if (answered) {
    NoteRefusal(report.answer);
  } else {
    NoteFailure(report.answer, jitter);
  }
  {
    const std::lock_guard lock(mutex_);
    if (answer.has_value()) {
      state_.last_sent_at = now;
    } else {
      state_.last_error = report.answer;
      state_.last_error_at = now;
    }
  }
  return Record({message.id, now, std::move(report)});
}

bool DeliveryWorker::Record(Attempt attempt) {
  const DeliveryReport& report = attempt.report;
  const Status recorded = outbox_.RecordAttempt(attempt.alert_id, attempt.at, report.state,
                                                report.answer, report.next_attempt_at);
  if (!recorded.has_value()) {
    log_.Write(
        LogLevel::kError, name_,
        format("record the attempt of alert {}: {}", attempt.alert_id, recorded.error().message));
    // Recorded before anything else is sent, unless it never can be.
    const ErrorCode code = recorded.error().code;
    const bool may_pass = code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout ||
                          code == ErrorCode::kCancelled;
    if (!may_pass) return code == ErrorCode::kNotFound;
    unrecorded_ = std::move(attempt);
    return false;
  }
  // Failures that may pass are the channel's and told once, by NoteFailure.
  if (report.state == DeliveryState::kDead) {
    log_.Write(LogLevel::kError, name_,
               format("alert {}, attempt {}: {}; given up", attempt.alert_id, report.attempt,
                      report.answer));
  }
  if (observer_) observer_(report);
  return true;
}

// A missing picture must not hold the message back.
Bytes DeliveryWorker::LoadSnapshot(const AlertMessage& message) {
  if (!channel_.include_snapshot || message.snapshot_media_id.empty()) return {};
  auto snapshot = media_.Get(message.snapshot_media_id);
  if (snapshot.has_value()) return *std::move(snapshot);
  log_.Write(LogLevel::kWarning, name_,
             format("alert {} goes without its picture: {}", message.id, snapshot.error().message));
  return {};
}

double DeliveryWorker::Jitter() {
  std::uniform_real_distribution<double> factor(0.8, 1.2);
  return factor(random_);
}

Delivery::Delivery(std::vector<Channel> channels, OutboxStore& outbox, MediaStore& media,
                   Clock& clock, const DeliveryObserver& observer, DeliveryOptions options)
    : outbox_(outbox), media_(media), clock_(clock), observer_(observer), options_(options) {
  SetChannels(std::move(channels));
}

Delivery::~Delivery() {
  for (const auto& [name, served] : served_) served.worker->RequestStop();
}

void Delivery::SetChannels(std::vector<Channel> channels) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (Channel& channel : channels) {
    names.insert(channel.name);
    const auto found = served_.find(channel.name);
    if (found == served_.end()) {
      const std::string name = channel.name;
      const std::string revision = channel.revision;
      served_[name] = {revision, true,
                       std::make_unique<DeliveryWorker>(std::move(channel), outbox_, media_, clock_,
                                                        observer_, options_)};
    } else if (!found->second.active || found->second.revision != channel.revision) {
      found->second.active = true;
      found->second.revision = channel.revision;
      found->second.worker->Replace(std::move(channel));
    }
  }
  std::erase_if(served_, [&](const auto& entry) {
    return !entry.second.active && !names.contains(entry.first) && entry.second.worker->Idle();
  });
  for (auto& [name, served] : served_) {
    if (!served.active || names.contains(name)) continue;
    served.active = false;
    served.worker->Replace(std::nullopt);
  }
}

void Delivery::Wake() {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, served] : served_) served.worker->Wake();
}

void Delivery::Probe(const std::string& channel) {
  const std::lock_guard lock(mutex_);
  const auto found = served_.find(channel);
  if (found != served_.end()) found->second.worker->Probe();
}

std::vector<ChannelState> Delivery::States() const {
  const std::lock_guard lock(mutex_);
  std::vector<ChannelState> states;
  for (const auto& [name, served] : served_) {
    if (served.active) states.push_back(served.worker->State());
  }
  return states;
}

}  // namespace vigil::alerts
