// Whose face resembles whose: what tells an administrator of mix-ups. No HTTP here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/enrolment.h"

namespace vigil::api {

// From this similarity on, two photos are the same picture (copied, scaled, compressed anew) or as
// good as that: a second one teaches nothing.
inline constexpr float kSamePictureSimilarity = 0.98F;
// A photo whose face has less quality is worth replacing.
inline constexpr float kPoorPhotoQuality = 0.5F;
// Other people told of one face, the most alike first.
inline constexpr int kLookAlikesMax = 5;
// The same, when everybody is compared with everybody.
inline constexpr int kLookAlikesReportedMax = 20;

// The people beside `person_id` (empty: beside nobody) whom the gallery would take for this face,
// the most alike first. Thread-safe; reads a few rows.
std::vector<LookAlike> LookAlikesOf(const EnrolmentContext& context, const std::string& person_id,
                                    const Embedding& embedding);

// The photo of `person_id` in the gallery that is the same picture, if there is one.
std::optional<NearDuplicate> NearDuplicateOf(const EnrolmentContext& context,
                                             const std::string& person_id,
                                             const Embedding& embedding);

// Two people who look alike to the model, by the most similar of their photos.
struct LookAlikePair {
  std::string person_id;  // one of those asked for
  std::string photo_id;
  LookAlike other;
};

// Two photos of one person that are the same picture.
struct NearDuplicatePair {
  std::string person_id;
  std::string photo_id;
  NearDuplicate other;
};

struct PoorPhoto {
  std::string person_id;
  std::string photo_id;
  float quality = 0;
};

struct Resemblances {
  std::vector<LookAlikePair> look_alikes;  // one a pair of people, the most alike first
  std::vector<NearDuplicatePair> near_duplicates;
  std::vector<PoorPhoto> poor_photos;
  float threshold = 0;  // from where on two people are look-alikes
  GalleryInfo gallery;  // that was searched
  bool current = true;  // false: changes of the last moment are not in that gallery yet
};

// Looks through everything that is enrolled of these people. Blocks on the database and on as many
// searches as they have photos.
Result<Resemblances> FindResemblances(const EnrolmentContext& context,
                                      std::span<const std::string> person_ids);

}  // namespace vigil::api
