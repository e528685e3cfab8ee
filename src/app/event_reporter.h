// Tells as events what no transaction tells: cameras that come and go, pictures of faces held
// before them, channels that fail, a new gallery.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "alerts/delivery.h"
#include "base/json.h"
#include "core/gallery.h"
#include "pipeline/camera_worker.h"
#include "pipeline/track_outcome.h"

namespace vigil::app {

// Tells changes only: a camera that is tried again and again is told once for each cause.
// Thread-safe; `post` is called from the noting thread and must not block.
class EventReporter {
 public:
  using Post = std::function<void(std::string kind, json::object data)>;
  explicit EventReporter(Post post) : post_(std::move(post)) {}

  void NoteCamera(const pipeline::CameraStatus& status);
  // Of all outcomes, only that a face turned out to be a picture of one.
  void NoteOutcome(const pipeline::TrackOutcome& outcome);
  void NoteDelivery(const alerts::DeliveryReport& report);
  // The gallery that is searched now, and how often it was rebuilt because it differed from the
  // database.
  void NoteGallery(const GalleryInfo& gallery, std::int64_t rebuilds = 0);

 private:
  const Post post_;
  std::mutex mutex_;
  // Guarded by mutex_; what was told last.
  std::map<std::string, std::string> cameras_;  // by id: the event's kind and the cause
  std::map<std::string, bool> failing_;         // by channel
  std::optional<std::uint64_t> gallery_;        // sequence
  std::int64_t rebuilds_ = 0;
};

}  // namespace vigil::app
