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
      StartHelpers();
      work_ = &work;
      wanted_ = static_cast<int>(helpers_.size());
    }
  }
  if (helped) changed_.notify_all();
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  if (helped) {
    std::unique_lock lock(mutex_);
    wanted_ = 0;
    changed_.wait(lock, [this] { return busy_ == 0; });
    work_ = nullptr;
    const std::exception_ptr of_helper = std::exchange(failure_, nullptr);
    if (failure == nullptr) failure = of_helper;
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

// A machine that has no room for another thread now may have it for the next work.
void ScanCrew::StartHelpers() {
  try {
    while (std::cmp_less(helpers_.size(), helper_count_)) {
      helpers_.emplace_back([this](std::stop_token stop) { Help(stop); });
    }
  } catch (const std::exception&) {
    return;
  }
}

void ScanCrew::Help(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return wanted_ > 0; })) {
    --wanted_;
    ++busy_;
    const std::function<void()>& work = *work_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure != nullptr) failure_ = failure;
    --busy_;
    if (busy_ == 0) changed_.notify_all();
  }
}

}  // namespace vigil::gallery
