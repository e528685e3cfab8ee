// A handler that only writes into a pipe: libraries start threads of their own before main does,
// which take signals that all others hold back.
#include "app/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>

#include "base/check.h"

namespace vigil::app {
namespace {

std::atomic<int> told = -1;  // where the handler writes

void NoteSignal(int) {
  const int error = errno;
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(told, &byte, 1);
  errno = error;
}

sigset_t StopSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  VIGIL_CHECK(told == -1, "one StopSignals at a time");
  VIGIL_CHECK(::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) == 0, "no pipe for signals");
  told = pipe_[1];
  struct sigaction action = {};
  action.sa_handler = &NoteSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &former_interrupt_);
  ::sigaction(SIGTERM, &action, &former_terminate_);
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::~StopSignals() {
  const sigset_t set = StopSet();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::sigaction(SIGINT, &former_interrupt_, nullptr);
  ::sigaction(SIGTERM, &former_terminate_, nullptr);
  told = -1;
  for (const int end : pipe_) ::close(end);
}

bool StopSignals::Wait(std::optional<std::chrono::milliseconds> timeout) {
  sigset_t open;
  pthread_sigmask(SIG_BLOCK, nullptr, &open);
  sigdelset(&open, SIGINT);
  sigdelset(&open, SIGTERM);
  std::timespec limit{};
  if (timeout) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*timeout);
    limit = {.tv_sec = seconds.count(),
             .tv_nsec = std::chrono::nanoseconds(*timeout - seconds).count()};
  }
  while (true) {
    pollfd readable{.fd = pipe_[0], .events = POLLIN, .revents = 0};
    const int found = ::ppoll(&readable, 1, timeout ? &limit : nullptr, &open);
    VIGIL_CHECK(found >= 0 || errno == EINTR, "waiting for signals failed");
    char byte = 0;
    if (::read(pipe_[0], &byte, 1) == 1) return true;
    if (found == 0) return false;
  }
}

}  // namespace vigil::app
