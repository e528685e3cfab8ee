// See progress.h.
#include "app/progress.h"

#include <unistd.h>

#include <cstdio>

#include "base/format.h"

namespace vigil::app {
namespace {

constexpr std::chrono::milliseconds kOnTerminal{500};
constexpr std::chrono::seconds kElsewhere{30};
constexpr std::size_t kFilesToJudgeBy = 4;

std::string LeftText(double seconds) {
  if (seconds < 90) return format("about {:.0f} s left", seconds);
  if (seconds < 90 * 60) return format("about {:.0f} min left", seconds / 60);
  return format("about {:.1f} h left", seconds / 3600);
}

}  // namespace

std::string ProgressText(std::size_t done, std::size_t all, std::string_view things,
                         std::chrono::milliseconds elapsed) {
  std::string text = format("{} of {} {}", done, all, things);
  const double seconds = std::chrono::duration<double>(elapsed).count();
  if (seconds < 1 || done < kFilesToJudgeBy) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += format(", {:.1f} a second", rate);
  if (done < all) text += ", " + LeftText(static_cast<double>(all - done) / rate);
  return text;
}

Progress::Progress(std::string_view things, std::size_t all, const Clock& clock)
    : things_(things),
      all_(all),
      clock_(clock),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(clock.Now()),
      next_(start_ + (terminal_ ? kOnTerminal : kElsewhere)) {}

void Progress::Show(std::size_t done) {
  const SteadyTime now = clock_.Now();
  if (now < next_) return;
  next_ = now + (terminal_ ? std::chrono::milliseconds(kOnTerminal) : kElsewhere);
  const std::string text = ProgressText(
      done, all_, things_, std::chrono::duration_cast<std::chrono::milliseconds>(now - start_));
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", text.c_str());
    std::fflush(stderr);
  } else {
    std::fprintf(stderr, "vigil: %s\n", text.c_str());
  }
}

void Progress::Clear() const {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

}  // namespace vigil::app
