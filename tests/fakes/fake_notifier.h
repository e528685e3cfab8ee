// A receiver in memory whose failures are scripted.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/alert.h"

namespace vigil {

// What a FakeNotifier got and what it will answer. Thread-safe; outlives the notifiers that share
// it.
class FakeReceiver {
 public:
  struct Arrival {
    AlertMessage message;
    Bytes snapshot;
  };

  // The next attempt fails with `error`; called twice, the next two do.
  void FailNext(Error error) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(error));
  }

  // From now on attempts neither succeed nor fail, until they are stopped or Resume is called.
  void Hang() { SetHangs(true); }
  void Resume() { SetHangs(false); }

  std::vector<Arrival> Delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_;
  }

  // Blocks until `count` attempts, of whatever end, have begun.
  void AwaitAttempts(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return attempts_ >= count; });
  }

  int Attempts() const {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }

 private:
  friend class FakeNotifier;

  void SetHangs(bool hangs) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    changed_.notify_all();
  }

  Result<std::string> Take(const AlertMessage& message, std::span<const std::byte> snapshot,
                           std::stop_token stop) {
    std::unique_lock lock(mutex_);
    ++attempts_;
    changed_.notify_all();
    changed_.wait(lock, stop, [this] { return !hangs_; });
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "fake receiver: stopped");
    if (!failures_.empty()) {
      Error error = std::move(failures_.front());
      failures_.pop_front();
      return std::unexpected(std::move(error));
    }
    delivered_.push_back({message, Bytes(snapshot.begin(), snapshot.end())});
    return std::string("fake 200");
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Error> failures_;
  std::vector<Arrival> delivered_;
  bool hangs_ = false;
  int attempts_ = 0;
};

class FakeNotifier final : public Notifier {
 public:
  explicit FakeNotifier(FakeReceiver& receiver) : receiver_(receiver) {}
  Result<std::string> Deliver(const AlertMessage& message, std::span<const std::byte> snapshot_jpeg,
                              std::stop_token stop) override {
    return receiver_.Take(message, snapshot_jpeg, std::move(stop));
  }

 private:
  FakeReceiver& receiver_;
};

}  // namespace vigil
