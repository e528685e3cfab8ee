// The system's clocks and the one that tests move.
#include "base/clock.h"

#include <iterator>

namespace vigil {

SteadyTime SystemClock::Now() const { return std::chrono::steady_clock::now(); }

WallTime SystemClock::WallNow() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool SystemClock::SleepUntil(SteadyTime deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

ManualClock::ManualClock(WallTime start) : wall_(start) {}

SteadyTime ManualClock::Now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

WallTime ManualClock::WallNow() const {
  const std::lock_guard lock(mutex_);
  return wall_;
}

bool ManualClock::SleepUntil(SteadyTime deadline, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  const auto sleeper = deadlines_.insert(deadline);
  changed_.notify_all();
  const bool reached = changed_.wait(lock, stop, [&] { return now_ >= deadline; });
  deadlines_.erase(sleeper);
  return reached;
}

void ManualClock::Advance(std::chrono::milliseconds by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
  wall_ += by;
  changed_.notify_all();
}

void ManualClock::AwaitSleepers(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::distance(deadlines_.upper_bound(now_), deadlines_.end()) >= count;
  });
}

}  // namespace vigil
