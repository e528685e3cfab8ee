// The port to pictures at rest.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"

namespace vigil {

enum class MediaKind { kPhoto, kCrop, kFrame };

// Pictures by id, sealed by the adapter. Thread-safe. Put returns only when the bytes are durable
// (written, synced, renamed), so that a row may name them. Errors: kNotFound, kDataLoss (altered),
// kUnavailable (disk full; the message says so).
class MediaStore {
 public:
  virtual ~MediaStore() = default;
  // Stores and returns the new id (UUIDv7 with the kind as prefix: "crop-...").
  virtual Result<std::string> Put(MediaKind kind, std::span<const std::byte> bytes) = 0;
  virtual Result<Bytes> Get(const std::string& media_id) = 0;
  // Removing what is not there is no error.
  virtual Status Remove(const std::string& media_id) = 0;
  // Ids of `kind` made before `before`, for the retention and orphan sweeps, at most `limit`,
  // oldest first.
  virtual Result<std::vector<std::string>> ListOlderThan(MediaKind kind, WallTime before,
                                                         int limit) = 0;
};

}  // namespace vigil
