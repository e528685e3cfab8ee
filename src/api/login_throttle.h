// Slows down whoever guesses passwords, by account and by address.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace vigil::api {

// Thread-safe. An account may fail 5 times and an address 20 times in a row; each further attempt
// waits twice as long, 2 s to 5 min. A count is forgotten 15 min after its last attempt. Holds at
// most 10,000 keys.
class LoginThrottle {
 public:
  explicit LoginThrottle(const Clock& clock) : clock_(clock) {}

  // Counts an attempt before the password is checked, so that parallel guesses are counted too.
  // Returns how long the caller must wait; zero: go ahead. A refused attempt is not counted.
  std::chrono::seconds Begin(const std::string& account, const std::string& address);
  // Forgives the account. The address is not forgiven, only this attempt not counted: else whoever
  // knows one password could guess at all the others without end.
  void Succeeded(const std::string& account, const std::string& address);

 private:
  struct Count {
    int failures = 0;
    SteadyTime last{};
    SteadyTime free_at{};
  };
  void Forget(SteadyTime now);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Count> counts_;
};

}  // namespace vigil::api
