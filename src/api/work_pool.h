// A few threads for work that must not run on the I/O threads, with a bounded number of waiting
// jobs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace vigil::api {

// Thread-safe. Jobs are taken in order. Close lets the jobs already taken end and joins the
// threads.
class WorkPool {
 public:
  using Job = std::function<void()>;

  WorkPool(int threads, std::size_t waiting_max);
  ~WorkPool() { Close(); }

  // Claims a place; false when as many jobs as allowed wait or run. Every success must be followed
  // by one Submit.
  bool TryReserve();
  void Submit(Job job);
  void Close();

  // Jobs that wait for a thread, and places that could not be claimed so far.
  std::size_t Waiting() const { return queue_.Depth(); }
  std::int64_t Refused() const { return refused_; }

 private:
  const std::size_t jobs_max_;
  std::atomic<std::size_t> jobs_ = 0;
  std::atomic<std::int64_t> refused_ = 0;
  BoundedQueue<Job> queue_;
  std::vector<std::jthread> threads_;
};

}  // namespace vigil::api
