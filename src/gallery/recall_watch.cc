// Counting.
#include "gallery/recall_watch.h"

#include <algorithm>

namespace vigil::gallery {
namespace {

constexpr std::size_t kTen = 10;

// Somebody who is as similar stands for the person: equals have no order.
bool IsFound(const Candidate& wanted, std::span<const Candidate> answered) {
  return std::ranges::any_of(answered, [&](const Candidate& candidate) {
    return candidate.person_id == wanted.person_id || candidate.similarity == wanted.similarity;
  });
}

}  // namespace

void RecallWatch::Note(std::span<const Candidate> answered, std::span<const Candidate> exact) {
  if (exact.empty() || exact.front().similarity < similarity_min_) return;
  Sample sample;
  sample.best_found = !answered.empty() && answered.front().similarity == exact.front().similarity;
  for (const Candidate& wanted : exact.first(std::min(exact.size(), kTen))) {
    if (wanted.similarity < similarity_min_) break;
    ++sample.wanted;
    sample.found += IsFound(wanted, answered) ? 1U : 0U;
  }
  samples_.push_back(sample);
  if (samples_.size() > window_) samples_.pop_front();
}

std::optional<double> RecallWatch::AtOne() const {
  if (samples_.empty()) return std::nullopt;
  const auto found = std::ranges::count(samples_, true, &Sample::best_found);
  return static_cast<double>(found) / static_cast<double>(samples_.size());
}

std::optional<double> RecallWatch::AtTen() const {
  if (samples_.empty()) return std::nullopt;
  std::size_t found = 0;
  std::size_t wanted = 0;
  for (const Sample& sample : samples_) {
    found += sample.found;
    wanted += sample.wanted;
  }
  return static_cast<double>(found) / static_cast<double>(wanted);
}

}  // namespace vigil::gallery
