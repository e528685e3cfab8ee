// Starting and ending programs beside this one.
#include "app/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/format.h"

namespace vigil::app {
namespace {

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void Become(char* const* arguments, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::filesystem::path& program,
                                                          const std::vector<std::string>& arguments,
                                                          OnLine on_line, OnEnd on_end) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::array<int, 2> pipe{};
  const pid_t id = ::pipe2(pipe.data(), O_CLOEXEC) == 0 ? ::fork() : -1;
  if (id < 0) {
    return Fail(ErrorCode::kUnavailable,
                format("{} could not be started: {}", program.string(), std::strerror(errno)));
  }
  if (id == 0) Become(pointers.data(), pipe[1]);
  ::close(pipe[1]);
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(id, pipe[0], std::move(on_line), std::move(on_end)));
}

ChildProcess::ChildProcess(pid_t id, int output, OnLine on_line, OnEnd on_end)
    : id_(id),
      output_(output),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)),
      reader_([this] {
        ReadLines();
        if (on_end_) on_end_(HowItEnded());
      }) {}

ChildProcess::~ChildProcess() {
  ::kill(id_, SIGTERM);
  int status = 0;
  ::waitpid(id_, &status, 0);
  reader_.join();
  ::close(output_);
}

// The child stays a zombie, so that its id belongs to nobody else until the destructor waits for
// it.
std::string ChildProcess::HowItEnded() const {
  constexpr std::chrono::milliseconds kPatience{200};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    siginfo_t ended{};
    // The destructor may have taken the answer already.
    if (::waitid(P_PID, static_cast<id_t>(id_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0) break;
    if (ended.si_pid == id_) {
      return ended.si_code == CLD_EXITED ? format("ended with code {}", ended.si_status)
                                         : format("was ended by signal {}", ended.si_status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return "closed its output";
}

void ChildProcess::ReadLines() {
  std::string text;
  std::array<char, 1 << 16> piece{};
  for (;;) {
    const ssize_t read = ::read(output_, piece.data(), piece.size());
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return;
    text.append(piece.data(), static_cast<std::size_t>(read));
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
      on_line_(text.substr(0, end));
      text.erase(0, end + 1);
    }
  }
}

}  // namespace vigil::app
