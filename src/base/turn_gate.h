// Many work at once; now and then somebody needs all of them to stand still.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace vigil {

// Whoever works takes a turn; closing the gate waits until every turn is over and holds new ones
// back. Closers come before workers, so that a busy crowd cannot keep them waiting for ever. Turns
// must not be taken inside turns. Thread-safe; must outlive its turns.
class TurnGate {
  struct Leave {
    void operator()(TurnGate* gate) const { gate->End(); }
  };
  struct Open {
    void operator()(TurnGate* gate) const { gate->Reopen(); }
  };

 public:
  using Turn = std::unique_ptr<TurnGate, Leave>;      // over when it is destroyed
  using Stillness = std::unique_ptr<TurnGate, Open>;  // likewise

  // Blocks while the gate is closed.
  [[nodiscard]] Turn Enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !closed_; });
    ++inside_;
    return Turn(this);
  }

  // Nothing, and the gate open as before, when turns were not over within `timeout`, or another has
  // it closed for that long.
  [[nodiscard]] Stillness Close(std::chrono::milliseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, until, [this] { return !closed_; })) return nullptr;
    closed_ = true;
    if (changed_.wait_until(lock, until, [this] { return inside_ == 0; })) return Stillness(this);
    closed_ = false;
    changed_.notify_all();
    return nullptr;
  }

 private:
  void End() {
    const std::lock_guard lock(mutex_);
    --inside_;
    changed_.notify_all();
  }
  void Reopen() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;       // guarded by mutex_
  bool closed_ = false;  // guarded by mutex_
};

}  // namespace vigil
