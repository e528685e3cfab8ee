// Counting of attempts in memory: a restart forgives, and costs a guesser nothing but its
// connection.
#include "api/login_throttle.h"

#include <algorithm>
#include <array>

namespace vigil::api {
namespace {

constexpr std::chrono::minutes kMemory{15};
constexpr int kAccountAttempts = 5;
constexpr int kAddressAttempts = 20;
constexpr std::size_t kKeysMax = 10'000;

std::chrono::seconds WaitAfter(int failures, int permitted) {
  if (failures < permitted) return std::chrono::seconds{0};
  return std::chrono::seconds{std::min(300, 2 << std::min(failures - permitted, 8))};
}

}  // namespace

std::chrono::seconds LoginThrottle::Begin(const std::string& account, const std::string& address) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.Now();
  if (counts_.size() >= kKeysMax) Forget(now);
  const std::array keys{std::pair("account:" + account, kAccountAttempts),
                        std::pair("address:" + address, kAddressAttempts)};
  SteadyTime free_at = now;
  for (const auto& [key, permitted] : keys) {
    Count& count = counts_[key];
    if (now - count.last > kMemory) count = {};
    free_at = std::max(free_at, count.free_at);
  }
  if (free_at > now) return std::chrono::ceil<std::chrono::seconds>(free_at - now);
  for (const auto& [key, permitted] : keys) {
    Count& count = counts_[key];
    ++count.failures;
    count.last = now;
    count.free_at = now + WaitAfter(count.failures, permitted);
  }
  return std::chrono::seconds{0};
}

void LoginThrottle::Succeeded(const std::string& account, const std::string& address) {
  const std::lock_guard lock(mutex_);
  counts_.erase("account:" + account);
  const auto found = counts_.find("address:" + address);
  if (found == counts_.end()) return;
  Count& count = found->second;
  if (--count.failures <= 0) {
    counts_.erase(found);
  } else {
    count.free_at = count.last + WaitAfter(count.failures, kAddressAttempts);
  }
}

void LoginThrottle::Forget(SteadyTime now) {
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.last > kMemory; });
  while (counts_.size() >= kKeysMax) {
    counts_.erase(
        std::ranges::min_element(counts_, {}, [](const auto& entry) { return entry.second.last; }));
  }
}

}  // namespace vigil::api
