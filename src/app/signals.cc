// Signals by sigtimedwait, so that nothing runs in a handler.
#include "app/signals.h"

#include <csignal>
#include <ctime>

namespace vigil::app {
namespace {

sigset_t StopSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::~StopSignals() {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

bool StopSignals::Wait(std::optional<std::chrono::milliseconds> timeout) {
  const sigset_t set = StopSet();
  if (!timeout) {
    int signal = 0;
    return sigwait(&set, &signal) == 0;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*timeout);
  const std::timespec limit{.tv_sec = seconds.count(),
                            .tv_nsec = std::chrono::nanoseconds(*timeout - seconds).count()};
  return sigtimedwait(&set, nullptr, &limit) > 0;
}

}  // namespace vigil::app
