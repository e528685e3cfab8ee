// What repeats itself at once is noted once: pictures that a page asks for every second, attempts
// that are refused by the hundred.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace vigil::api {

// Thread-safe. Remembers at most `keys_max` keys; beyond that all are forgotten, so that something
// is noted once too often rather than never.
class Recently {
 public:
  explicit Recently(const Clock& clock, std::chrono::seconds interval = std::chrono::minutes{1},
                    std::size_t keys_max = 10'000)
      : clock_(clock), interval_(interval), keys_max_(keys_max) {}

  // Whether `key` has its turn: true the first time, and again when `interval` has passed since it
  // last was.
  bool IsDue(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const SteadyTime now = clock_.Now();
    if (const auto known = noted_.find(key); known != noted_.end()) {
      if (now - known->second < interval_) return false;
      known->second = now;
      return true;
    }
    if (noted_.size() >= keys_max_) noted_.clear();
    noted_.emplace(key, now);
    return true;
  }

 private:
  const Clock& clock_;
  const std::chrono::seconds interval_;
  const std::size_t keys_max_;
  std::mutex mutex_;
  std::map<std::string, SteadyTime> noted_;  // guarded by mutex_
};

}  // namespace vigil::api
