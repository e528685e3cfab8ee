// How much an approximate search misses, from live searches that were repeated exactly.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "core/gallery.h"

namespace vigil::gallery {

// The last `window` searches whose best person is at least `similarity_min` similar to the probe:
// what a search for a stranger misses is nobody. For one thread.
class RecallWatch {
 public:
  RecallWatch(std::size_t window, float similarity_min)
      : window_(window), similarity_min_(similarity_min) {}

  // Both best first, of as many persons.
  void Note(std::span<const Candidate> answered, std::span<const Candidate> exact);
  void Forget() { samples_.clear(); }

  std::size_t Samples() const { return samples_.size(); }
  // The share of samples whose best person was found; nothing without samples.
  std::optional<double> AtOne() const;
  // The share found of the ten best persons that are similar enough.
  std::optional<double> AtTen() const;

 private:
  struct Sample {
    bool best_found = false;
    std::size_t found = 0;
    std::size_t wanted = 0;
  };

  const std::size_t window_;
  const float similarity_min_;
  std::deque<Sample> samples_;
};

}  // namespace vigil::gallery
