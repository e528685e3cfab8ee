// Tells events that have no transaction of their own, such as a camera that went down.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "database/event_repository.h"

namespace vigil::database {

struct EventWriterOptions {
  std::size_t queue_depth_max = 4'096;
  std::chrono::milliseconds retry_wait{1'000};  // while the database is not available
};

// One thread behind a bounded queue: whoever posts never waits for the disk. An event that cannot
// be stored is tried again until it can be; when the queue is full meanwhile, the oldest one makes
// room, is counted and logged. Destruction stores what was taken, with one try each.
class EventWriter {
 public:
  // `on_drop` is called for each lost event; it must not block and may be empty.
  EventWriter(Database& database, Clock& clock, std::function<void()> on_drop = {},
              EventWriterOptions options = {});
  ~EventWriter();

  // Any thread; never blocks. The event happened now.
  void Post(std::string kind, json::object data);

  std::size_t Depth() const { return queue_.Depth(); }
  std::int64_t Drops() const { return drops_; }

 private:
  struct Posted {
    std::string kind;
    json::object data;
    WallTime at{};
  };

  void Run(const std::stop_token& stop);
  void Store(const Posted& posted, const std::stop_token& stop);
  void Lost(const Posted& posted, const std::string& cause);

  EventRepository events_;
  Clock& clock_;
  const std::function<void()> on_drop_;
  const EventWriterOptions options_;
  LogLimiter log_;
  BoundedQueue<Posted> queue_;
  std::atomic<std::int64_t> drops_ = 0;
  std::jthread thread_;
};

}  // namespace vigil::database
