// The truth about the gallery, as the follower reads it.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/gallery.h"
#include "database/database.h"

namespace vigil::database {

// Thread-safe. References of people whose search has expired are not living. A reference whose
// sealed embedding was altered is left out and logged with its mend; when not one can be opened the
// answer is kDataLoss (a wrong key).
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

 private:
  Database& database_;
};

}  // namespace vigil::database
