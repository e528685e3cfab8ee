// Ending a program on purpose: waiting for SIGINT and SIGTERM.
#pragma once

#include <chrono>
#include <optional>

namespace vigil::app {

// While it lives, SIGINT and SIGTERM are held for Wait instead of ending the process. Make it
// before any other thread, so that all threads inherit the mask.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Blocks until a signal comes (true) or `timeout` has passed (false); without a timeout for ever.
  bool Wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);
};

}  // namespace vigil::app
