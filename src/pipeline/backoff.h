// How long to wait before a camera is tried again: soon at first, then patiently, and never so
// often as to lock it.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "core/frame_source.h"

namespace vigil::pipeline {

struct BackoffOptions {
  std::chrono::milliseconds wait_min{500};
  std::chrono::milliseconds wait_max{30'000};
  // Cameras lock accounts after about five wrong passwords.
  int unauthorised_tries_max = 3;
  std::chrono::milliseconds unauthorised_wait{5 * 60'000};
  // A stream that lasted this long counts as recovered.
  std::chrono::milliseconds stable_after{5'000};
};

// Waits double from wait_min to wait_max and are shortened by up to a quarter at random, so that
// many cameras of one failed switch do not come back in step. Pure: the random numbers follow from
// `seed`.
class Backoff {
 public:
  Backoff(const BackoffOptions& options, std::uint32_t seed) : options_(options), random_(seed) {}

  // The wait after a failure of this kind, for a stream that had lasted for `lasted` (0: it never
  // gave a frame).
  std::chrono::milliseconds After(StreamFault fault, std::chrono::milliseconds lasted);

 private:
  const BackoffOptions options_;
  std::minstd_rand random_;
  int failures_ = 0;      // in a row
  int unauthorised_ = 0;  // in a row
};

}  // namespace vigil::pipeline
