// Time is injected, so that no test sleeps.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>

namespace vigil {

using SteadyTime = std::chrono::steady_clock::time_point;
// UTC wall-clock time, what databases and people see.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// The two clocks of the world. Thread-safe. Steady time never jumps and measures durations; wall
// time can be set by people.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const = 0;
  virtual WallTime WallNow() const = 0;
  // Blocks until `deadline`, or until `stop` is requested. True when the deadline was reached.
  virtual bool SleepUntil(SteadyTime deadline, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override;
  WallTime WallNow() const override;
  bool SleepUntil(SteadyTime deadline, std::stop_token stop) override;
};

// A clock that tests move by hand. Sleepers wake when Advance reaches their deadline.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime{std::chrono::milliseconds{1'700'000'000'000}});
  SteadyTime Now() const override;
  WallTime WallNow() const override;
  bool SleepUntil(SteadyTime deadline, std::stop_token stop) override;
  void Advance(std::chrono::milliseconds by);
  // Blocks until at least `count` threads sleep on this clock, those not counted whose time has
  // come: lets a test move time without a race.
  void AwaitSleepers(int count);

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  SteadyTime now_{std::chrono::hours{1}};
  WallTime wall_;
  std::multiset<SteadyTime> deadlines_;  // of the sleepers
};

}  // namespace vigil
