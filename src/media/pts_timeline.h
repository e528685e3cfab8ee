// Cameras restart, jump and forget their clocks; trackers and cooldowns need time that only rises.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace vigil::media {

// Maps the time stamps of one stream to a local timeline that starts at 0 and rises strictly, by at
// least 1 ms a frame. A small step back or a repeated stamp is held; a larger one, a jump, or a
// missing stamp is replaced by the expected step, and later stamps count from there. A pure value,
// used by one thread.
class PtsTimeline {
 public:
  struct Options {
    std::chrono::microseconds nominal_step{40'000};     // expected when no arrival time is known
    std::chrono::microseconds back_tolerance{200'000};  // a smaller step back is jitter
    std::chrono::microseconds jump_max{
        5'000'000};  // farther than this from the expected step: a jump
  };

  explicit PtsTimeline(const Options& options) : options_(options) {}

  // `stamp`: the frame's own time, absent when the stream gave none. `arrival`: when it came, on
  // any clock that does not jump; absent for files, which come as fast as they are read.
  std::chrono::milliseconds Place(std::optional<std::chrono::microseconds> stamp,
                                  std::optional<std::chrono::microseconds> arrival);

  // Stamps that were replaced because of a jump or a reset; missing and held ones are not counted.
  std::int64_t Jumps() const { return jumps_; }

 private:
  std::chrono::microseconds Expected(std::optional<std::chrono::microseconds> arrival) const;

  const Options options_;
  bool started_ = false;
  std::chrono::microseconds local_{0};
  std::chrono::microseconds offset_{0};  // local time minus the stream's own
  bool anchored_ = false;                // offset_ is known
  std::optional<std::chrono::microseconds> last_arrival_;
  std::int64_t jumps_ = 0;
};

}  // namespace vigil::media
