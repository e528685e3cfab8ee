// The truth about the gallery, as the follower reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/gallery.h"
#include "database/database.h"

namespace vigil::database {

// Enrolled faces that one embedder made.
struct SpaceUse {
  std::string model_id;
  std::int64_t references = 0;
  std::int64_t persons = 0;
};

// Thread-safe. References of people whose search has expired are not living. A reference whose
// sealed embedding was altered is left out and logged with its mend; when not one of all can be
// opened the answer is kDataLoss (a wrong key).
class GalleryRepository final : public GalleryStore {
 public:
  explicit GalleryRepository(Database& database) : database_(database) {}

  Result<std::uint64_t> GallerySequence() override;
  Result<std::vector<GalleryChange>> GalleryChangesAfter(std::uint64_t sequence,
                                                         int limit) override;
  Result<std::vector<GalleryReference>> LoadReferences(std::span<const std::string> reference_ids,
                                                       const std::string& space_key) override;
  Result<std::pair<std::vector<GalleryReference>, std::uint64_t>> LoadAllReferences(
      const std::string& space_key) override;
  Result<ReferencePage> LoadReferencesAfter(const std::string& space_key,
                                            const std::string& after_id, int limit) override;
  Result<std::string> GalleryChangeName(std::uint64_t sequence) override;

  // References outside `space_key` of photos that have none within it, by the model that made them,
  // whether or not their people are searched for now: an embedder of `space_key` would not find
  // them. Empty when every photo has one within, but for those that a switch to that embedder left
  // behind knowingly.
  Result<std::vector<SpaceUse>> SpacesBeside(const std::string& space_key);

 private:
  Database& database_;
};

}  // namespace vigil::database
