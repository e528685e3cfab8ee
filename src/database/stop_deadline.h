// The moment from which the database must not wait any more, because the program is stopping.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace vigil::database {

// Thread-safe. Real time, as the waits it ends are those of the disk and of other processes.
class StopDeadline {
 public:
  // Stopping began: the deadline lies `grace` ahead. Only the first call counts.
  void Begin(std::chrono::milliseconds grace) {
    auto unset = kNever;
    deadline_.compare_exchange_strong(unset, std::chrono::steady_clock::now() + grace);
  }
  bool Passed() const { return std::chrono::steady_clock::now() >= deadline_.load(); }

 private:
  static constexpr SteadyTime kNever = SteadyTime::max();
  std::atomic<SteadyTime> deadline_ = kNever;
};

}  // namespace vigil::database
