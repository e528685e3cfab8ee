// Pictures in memory.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/uuid.h"
#include "core/media_store.h"

namespace vigil {

// Behaves like a real store, without sealing. FailWith makes Put and Get fail until it is cleared.
// Thread-safe.
class FakeMediaStore final : public MediaStore {
 public:
  explicit FakeMediaStore(Clock& clock) : clock_(clock) {}

  Result<std::string> Put(MediaKind kind, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    std::string media_id = format("{}-{}", KindName(kind), MakeUuid(clock_));
    pictures_[media_id] = {kind, clock_.WallNow(), Bytes(bytes.begin(), bytes.end())};
    return media_id;
  }

  Result<Bytes> Get(const std::string& media_id) override {
    const std::lock_guard lock(mutex_);
    if (failure_.has_value()) return std::unexpected(*failure_);
    const auto found = pictures_.find(media_id);
    if (found == pictures_.end()) return Fail(ErrorCode::kNotFound, "no picture " + media_id);
    return found->second.bytes;
  }

  Status Remove(const std::string& media_id) override {
    const std::lock_guard lock(mutex_);
    pictures_.erase(media_id);
    return {};
  }

  Result<std::vector<std::string>> ListOlderThan(MediaKind kind, WallTime before,
                                                 const std::string& after, int limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> media_ids;
    for (const auto& [media_id, picture] : pictures_) {
      if (std::ssize(media_ids) >= limit) break;
      if (picture.kind != kind || picture.made_at >= before || media_id <= after) continue;
      media_ids.push_back(media_id);
    }
    return media_ids;
  }

  void FailWith(std::optional<Error> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

  std::size_t Count() const {
    const std::lock_guard lock(mutex_);
    return pictures_.size();
  }

 private:
  struct Picture {
    MediaKind kind = MediaKind::kPhoto;
    WallTime made_at{};
    Bytes bytes;
  };

  static std::string_view KindName(MediaKind kind) {
    if (kind == MediaKind::kPhoto) return "photo";
    return kind == MediaKind::kCrop ? "crop" : "frame";
  }

  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Picture> pictures_;  // UUIDv7 ids: the order of making
  std::optional<Error> failure_;
};

}  // namespace vigil
