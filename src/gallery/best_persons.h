// The persons at the top of a search, by bounds and by true similarity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "gallery/snapshot.h"

namespace vigil::gallery {

// Lower bounds of the best persons so far. A row below the threshold cannot be among the answers:
// enough persons are certainly above it.
class LowerBounds {
 public:
  explicit LowerBounds(std::size_t count_max) : count_max_(count_max) {}

  float Threshold() const {
    return best_.size() < count_max_ ? -std::numeric_limits<float>::infinity() : best_.back().lower;
  }
  void Offer(std::uint32_t person, float lower);
  void Merge(const LowerBounds& other);

 private:
  struct Bound {
    std::uint32_t person;
    float lower;
  };
  std::size_t count_max_;
  std::vector<Bound> best_;  // best first, one a person
};

// A row and its similarity.
struct Found {
  float similarity = 0;
  std::uint32_t person = 0;
  const Chunk* chunk = nullptr;
  std::uint32_t row = 0;
};

// The higher similarity first, equal ones by reference id.
bool IsBetter(const Found& left, const Found& right);

// The best persons so far, each with the best of its rows.
class BestPersons {
 public:
  explicit BestPersons(std::size_t count_max) : count_max_(count_max) {}

  // Whether a row of this similarity can change anything. False for what is not a number.
  bool MayEnter(float similarity) const;
  void Offer(const Found& found);
  std::vector<Found> Take() { return std::move(best_); }

 private:
  std::size_t count_max_;
  std::vector<Found> best_;  // best first
};

}  // namespace vigil::gallery
