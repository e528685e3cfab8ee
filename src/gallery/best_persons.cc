// Short sorted lists: a search asks for few persons.
#include "gallery/best_persons.h"

#include <algorithm>
#include <cmath>

namespace vigil::gallery {

void LowerBounds::Offer(std::uint32_t person, float lower) {
  if (!(lower > Threshold())) return;
  const auto same = std::ranges::find(best_, person, &Bound::person);
  if (same != best_.end()) {
    if (same->lower >= lower) return;
    best_.erase(same);
  }
  best_.insert(std::ranges::lower_bound(best_, lower, std::greater{}, &Bound::lower),
               Bound{person, lower});
  if (best_.size() > count_max_) best_.pop_back();
}

void LowerBounds::Merge(const LowerBounds& other) {
  for (const Bound& bound : other.best_) Offer(bound.person, bound.lower);
}

bool IsBetter(const Found& left, const Found& right) {
  if (left.similarity != right.similarity) return left.similarity > right.similarity;
  return left.chunk->ReferenceId(left.row) < right.chunk->ReferenceId(right.row);
}

bool BestPersons::MayEnter(float similarity) const {
  if (std::isnan(similarity)) return false;
  return best_.size() < count_max_ || similarity >= best_.back().similarity;
}

void BestPersons::Offer(const Found& found) {
  if (!MayEnter(found.similarity)) return;
  const auto same = std::ranges::find(best_, found.person, &Found::person);
  if (same != best_.end()) {
    if (!IsBetter(found, *same)) return;
    best_.erase(same);
  }
  best_.insert(std::ranges::lower_bound(best_, found, IsBetter), found);
  if (best_.size() > count_max_) best_.pop_back();
}

}  // namespace vigil::gallery
