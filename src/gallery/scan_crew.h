// Threads that help with a scan.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vigil::gallery {

// Runs one piece of work on several threads at once. Helpers start with the first work that wants
// them. Thread-safe.
class ScanCrew {
 public:
  explicit ScanCrew(int helper_count) : helper_count_(helper_count) {}
  ScanCrew(const ScanCrew&) = delete;
  ScanCrew& operator=(const ScanCrew&) = delete;
  ~ScanCrew();

  // The caller of Run is one of them.
  int Threads() const { return helper_count_ + 1; }

  // Calls `work` on this thread and, unless they help somebody else already, on the helpers.
  // Returns when all calls have; `work` shares itself out. What a call throws, on whichever thread,
  // Run throws then. Never waits for a helper that has not begun.
  void Run(const std::function<void()>& work);

 private:
  void StartHelpers();
  void Help(std::stop_token stop);

  const int helper_count_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  const std::function<void()>* work_ = nullptr;  // guarded by mutex_; null: nothing to help with
  int wanted_ = 0;                               // guarded by mutex_: helpers that may still begin
  int busy_ = 0;                                 // guarded by mutex_: helpers inside work_
  std::exception_ptr failure_;                   // guarded by mutex_: what a helper's call threw
  std::vector<std::jthread> helpers_;            // filled once, under mutex_
};

}  // namespace vigil::gallery
