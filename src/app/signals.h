// Ending a program on purpose: waiting for SIGINT and SIGTERM.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <optional>

namespace vigil::app {

// While it lives, SIGINT and SIGTERM are kept for Wait instead of ending the process, whichever
// thread they reach. Make it before any other thread, so that all threads inherit a mask and are
// not disturbed. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Blocks until a signal comes (true) or `timeout` has passed (false); without a timeout for ever.
  bool Wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

 private:
  std::array<int, 2> pipe_{-1, -1};  // each signal is a byte in it
  struct sigaction former_interrupt_ = {};
  struct sigaction former_terminate_ = {};
};

}  // namespace vigil::app
