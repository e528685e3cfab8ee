// One log for the whole program: rotating files in ./logs and, for people, stderr; text or JSON
// lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/format.h"
#include "base/result.h"

namespace vigil {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

struct LogOptions {
  std::filesystem::path directory = "logs";  // empty: no files
  LogLevel level = LogLevel::kInfo;
  bool json = false;                             // one JSON object a line instead of text
  std::size_t file_size_max_bytes = 10'000'000;  // a file rotates at this size
  int files_max = 5;
  LogLevel stderr_level = LogLevel::kWarning;
};

// Call once at start, before other threads. Until then messages of kWarning and above go to stderr.
// kPermission when the directory cannot be written; the message names it and the cause.
Status OpenLog(const LogOptions& options);

// Writes one line; thread-safe. `component` is the room or camera that speaks. Never pass a secret.
void LogMessage(LogLevel level, std::string_view component, std::string_view message);

template <class... Args>
void LogInfo(std::string_view component, fmt::format_string<Args...> text, Args&&... args) {
  LogMessage(LogLevel::kInfo, component, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogWarning(std::string_view component, fmt::format_string<Args...> text, Args&&... args) {
  LogMessage(LogLevel::kWarning, component, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogError(std::string_view component, fmt::format_string<Args...> text, Args&&... args) {
  LogMessage(LogLevel::kError, component, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void LogDebug(std::string_view component, fmt::format_string<Args...> text, Args&&... args) {
  LogMessage(LogLevel::kDebug, component, fmt::format(text, std::forward<Args>(args)...));
}

// Lets one repeated failure through at most once per interval, with the number of those held back.
// Thread-safe; one instance a place that repeats.
class LogLimiter {
 public:
  LogLimiter(const Clock& clock, std::chrono::milliseconds interval = std::chrono::seconds{1})
      : clock_(clock), interval_(interval) {}
  void Write(LogLevel level, std::string_view component, std::string_view message);

 private:
  const Clock& clock_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  SteadyTime next_{};
  std::int64_t held_back_ = 0;
};

}  // namespace vigil
