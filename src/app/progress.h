// How far long work is, on stderr: a line that renews itself on a terminal, else a line now and
// then.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace vigil::app {

// "1234 of 4992 files, 21.3 a second, about 3 min left" after `elapsed`. What remains is told once
// a second and a few files have passed.
std::string ProgressText(std::size_t done, std::size_t all, std::string_view things,
                         std::chrono::milliseconds elapsed);

// Used by one thread, but Clear by any.
class Progress {
 public:
  // `clock` must outlive it.
  Progress(std::string_view things, std::size_t all, const Clock& clock);

  // Writes where it is time to: twice a second on a terminal, else every half minute.
  void Show(std::size_t done);
  // Takes the line off a terminal, so that another can be printed there.
  void Clear() const;

 private:
  const std::string things_;
  const std::size_t all_;
  const Clock& clock_;
  const bool terminal_;
  const SteadyTime start_;
  SteadyTime next_;
};

}  // namespace vigil::app
