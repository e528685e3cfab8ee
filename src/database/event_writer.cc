// See event_writer.h.
#include "database/event_writer.h"

#include <utility>

#include "base/format.h"

namespace vigil::database {

EventWriter::EventWriter(Database& database, Clock& clock, std::function<void()> on_drop,
                         EventWriterOptions options)
    : events_(database),
      clock_(clock),
      on_drop_(std::move(on_drop)),
      options_(options),
      log_(clock),
      queue_(options.queue_depth_max),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

EventWriter::~EventWriter() {
  queue_.Close();
  // From here on nothing is tried twice, so that stopping stays within its time.
  thread_.request_stop();
}

void EventWriter::Post(std::string kind, json::object data) {
  const auto dropped = queue_.PushNewest({std::move(kind), std::move(data), clock_.WallNow()});
  if (dropped) Lost(*dropped, "too many wait for the database");
}

void EventWriter::Run(const std::stop_token& stop) {
  while (const auto posted = queue_.Pop()) Store(*posted, stop);
}

void EventWriter::Store(const Posted& posted, const std::stop_token& stop) {
  while (true) {
    const Status stored = events_.Append(posted.kind, posted.data, posted.at);
    if (stored.has_value()) return;
    const bool may_pass = stored.error().code == ErrorCode::kUnavailable;
    if (!may_pass || !clock_.SleepUntil(clock_.Now() + options_.retry_wait, stop)) {
      Lost(posted, stored.error().message);
      return;
    }
  }
}

void EventWriter::Lost(const Posted& posted, const std::string& cause) {
  ++drops_;
  if (on_drop_) on_drop_();
  log_.Write(LogLevel::kError, "events", format("{} was not stored: {}", posted.kind, cause));
}

}  // namespace vigil::database
