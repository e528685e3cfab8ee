// Every queue of the program is bounded and says at construction what happens when it is full.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/check.h"

namespace vigil {

// A FIFO queue between threads. Any number of producers and consumers. After Close, Push refuses
// and Pop drains what is left, then answers nothing: consumers end by themselves.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t depth_max) : depth_max_(depth_max) {
    VIGIL_CHECK(depth_max > 0, "a queue holds at least one item");
  }

  // Live path: never blocks; when full the oldest item makes room and is returned, so that the drop
  // can be counted. A closed queue returns `item` itself.
  std::optional<T> PushNewest(T item) {
    const std::lock_guard lock(mutex_);
    if (closed_) return item;
    std::optional<T> dropped;
    if (items_.size() == depth_max_) {
      dropped = std::move(items_.front());
      items_.pop_front();
    }
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return dropped;
  }

  // Durable path: waits for room until `timeout` has passed or `stop` is requested. False: the item
  // was not taken.
  bool PushWait(T item, std::chrono::milliseconds timeout, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    const bool room = not_full_.wait_for(lock, stop, timeout,
                                         [&] { return closed_ || items_.size() < depth_max_; });
    if (!room || closed_) return false;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return true;
  }

  // Waits for an item. Nothing: the queue is closed and empty, or `stop` was requested.
  std::optional<T> Pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  // As Pop, but gives up at `deadline` (steady clock).
  std::optional<T> PopUntil(std::chrono::steady_clock::time_point deadline,
                            std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    not_empty_.wait_until(lock, stop, deadline, [&] { return closed_ || !items_.empty(); });
    return TakeFront();
  }

  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  std::size_t Depth() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  std::optional<T> TakeFront() {
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }

  const std::size_t depth_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any not_empty_;
  std::condition_variable_any not_full_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace vigil
