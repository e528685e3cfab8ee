// One piece of work at a time; whoever comes second works alone.
#include "gallery/scan_crew.h"

#include <utility>

namespace vigil::gallery {

ScanCrew::~ScanCrew() {
  for (std::jthread& helper : helpers_) helper.request_stop();
}

void ScanCrew::Run(const std::function<void()>& work) {
  bool helped = false;
  {
    const std::lock_guard lock(mutex_);
    if (work_ == nullptr && helper_count_ > 0) {
      helped = true;
      work_ = &work;
      wanted_ = helper_count_;
      while (std::cmp_less(helpers_.size(), helper_count_)) {
        helpers_.emplace_back([this](std::stop_token stop) { Help(stop); });
      }
    }
  }
  if (helped) changed_.notify_all();
  work();
  if (!helped) return;
  std::unique_lock lock(mutex_);
  wanted_ = 0;
  changed_.wait(lock, [this] { return busy_ == 0; });
  work_ = nullptr;
}

void ScanCrew::Help(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return wanted_ > 0; })) {
    --wanted_;
    ++busy_;
    const std::function<void()>& work = *work_;
    lock.unlock();
    work();
    lock.lock();
    --busy_;
    if (busy_ == 0) changed_.notify_all();
  }
}

}  // namespace vigil::gallery
