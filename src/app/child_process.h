// A program beside the demo: started, read line by line, ended with its parent.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace vigil::app {

class ChildProcess {
 public:
  // Called for each line of the child's stdout, on a thread of its own.
  using OnLine = std::function<void(std::string line)>;
  // Called once on the same thread when the child closes its stdout, which it does by ending:
  // "ended with code 1", "was ended by signal 9", or "closed its output".
  using OnEnd = std::function<void(const std::string& how)>;

  // Starts `program`; its stderr is ours. kUnavailable when it cannot be started.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::filesystem::path& program,
                                                     const std::vector<std::string>& arguments,
                                                     OnLine on_line, OnEnd on_end = {});
  // Sends SIGTERM and waits for the child's end.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  ChildProcess(pid_t id, int output, OnLine on_line, OnEnd on_end);
  void ReadLines();
  std::string HowItEnded() const;

  const pid_t id_;
  const int output_;
  const OnLine on_line_;
  const OnEnd on_end_;
  std::jthread reader_;
};

}  // namespace vigil::app
