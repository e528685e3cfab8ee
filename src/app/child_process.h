// A helper program of the demo: started, read line by line, ended with its parent.
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

  // Starts `program`; its stderr is ours. kUnavailable when it cannot be started.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::filesystem::path& program,
                                                     const std::vector<std::string>& arguments,
                                                     OnLine on_line);
  // Sends SIGTERM and waits for the child's end.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  ChildProcess(pid_t id, int output, OnLine on_line);
  void ReadLines();

  const pid_t id_;
  const int output_;
  const OnLine on_line_;
  std::jthread reader_;
};

}  // namespace vigil::app
