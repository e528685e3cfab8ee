// Enrolled people, their photos, and the references made from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/detection.h"
#include "core/embedding.h"

namespace vigil {

enum class Severity { kLow, kMedium, kHigh, kCritical };

// "low", "medium", "high", "critical".
std::string_view SeverityName(Severity severity);

struct Person {
  std::string id;
  std::string name;      // 1 to 200 characters
  std::string reason;    // why this person is looked for
  std::string category;  // free word of the installation, for example "banned"
  Severity severity = Severity::kMedium;
  std::string notes;
  std::optional<WallTime> expires_at;      // after it the person is no longer searched for
  std::vector<std::string> watchlist_ids;  // empty: the configuration's rule holds
  WallTime created_at{};
  WallTime updated_at{};
  int photo_count = 0;  // filled by reads
};

// One enrolled photo. Its bytes lie in the media store under `media_id`, its embedding in the
// reference.
struct Photo {
  std::string id;
  std::string person_id;
  std::string media_id;
  std::string mime_type;  // "image/jpeg", "image/png", "image/webp"
  int width = 0;
  int height = 0;
  Detection face;
  float quality = 0;
  // Sealer::Fingerprint of the picture's bytes, at most one photo a person: the same file is not
  // enrolled twice. Empty for a photo of before fingerprints were kept.
  std::string fingerprint = {};
  WallTime created_at{};
};

// A reference to be stored with its photo. The embedding is sealed before it reaches the database.
struct Reference {
  std::string id;
  std::string person_id;
  std::string photo_id;
  EmbeddingSpace space;
  Embedding embedding;
  float quality = 0;
};

}  // namespace vigil
