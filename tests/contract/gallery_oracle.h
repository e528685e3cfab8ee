// What every search of a gallery is measured by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "contract/random_embedding.h"
#include "core/gallery.h"

namespace vigil {

// The gallery as a map, searched by looking at everything in double precision.
class GalleryOracle {
 public:
  void Remove(const std::string& id) { references_.erase(id); }
  void Put(GalleryReference reference) {
    const std::string id = reference.reference_id;
    references_[id] = std::move(reference);
  }

  std::vector<Candidate> Search(const Embedding& probe, std::size_t count) const {
    std::map<std::string, Candidate> best_of;
    for (const auto& [id, reference] : references_) {
      double sum = 0;
      for (std::size_t i = 0; i < probe.size(); ++i)
        sum += double{probe[i]} * reference.embedding[i];
      const Candidate candidate{reference.person_id, id, static_cast<float>(sum)};
      const auto [entry, is_new] = best_of.try_emplace(reference.person_id, candidate);
      if (!is_new && candidate.similarity > entry->second.similarity) entry->second = candidate;
    }
    std::vector<Candidate> best;
    for (const auto& [person, candidate] : best_of) best.push_back(candidate);
    std::ranges::sort(best, std::ranges::greater{}, &Candidate::similarity);
    if (best.size() > count) best.resize(count);
    return best;
  }

  GalleryInfo Info(std::uint64_t sequence) const {
    std::set<std::string> persons;
    for (const auto& [id, reference] : references_) persons.insert(reference.person_id);
    return {sequence, references_.size(), persons.size()};
  }

  const std::map<std::string, GalleryReference>& References() const { return references_; }

 private:
  std::map<std::string, GalleryReference> references_;
};

}  // namespace vigil
