// The threads behind heavy requests and database reads.
#include "api/work_pool.h"

#include "base/log.h"

namespace vigil::api {

WorkPool::WorkPool(int threads, std::size_t waiting_max)
    : jobs_max_(waiting_max + static_cast<std::size_t>(threads)), queue_(jobs_max_) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto job = queue_.Pop()) {
        (*job)();
        jobs_.fetch_sub(1);
      }
    });
  }
}

bool WorkPool::TryReserve() {
  std::size_t jobs = jobs_.load();
  while (jobs < jobs_max_) {
    if (jobs_.compare_exchange_weak(jobs, jobs + 1)) return true;
  }
  ++refused_;
  return false;
}

void WorkPool::Submit(Job job) { queue_.PushNewest(std::move(job)); }

void WorkPool::Close() {
  queue_.Close();
  threads_.clear();
}

}  // namespace vigil::api
