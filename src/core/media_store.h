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
  // Ids of `kind` made before `before`, for the orphan sweep, at most `limit`, oldest first, which
  // is the order of ids. Only those behind `after` (empty: from the start), so that a large store
  // is listed slice by slice, each at the cost of its own length.
  virtual Result<std::vector<std::string>> ListOlderThan(MediaKind kind, WallTime before,
                                                         const std::string& after, int limit) = 0;
};

}  // namespace vigil
