// See event_reporter.h.
#include "app/event_reporter.h"

#include <utility>

namespace vigil::app {

void EventReporter::NoteCamera(const pipeline::CameraStatus& status) {
  using pipeline::CameraState;
  if (status.state == CameraState::kConnecting) return;
  json::object data{{"camera_id", status.camera_id}, {"camera_name", status.camera_name}};
  std::string kind = status.state == CameraState::kUp ? "camera.up" : "camera.stopped";
  std::string told = kind;
  if (status.state == CameraState::kWaiting) {
    kind = "camera.down";
    told = kind + ":" + std::string(StreamFaultName(status.fault));
    data["cause"] = StreamFaultName(status.fault);
    data["mend"] = StreamFaultMend(status.fault);
    data["message"] = status.message;
  }
  {
    const std::lock_guard lock(mutex_);
    std::string& last = cameras_[status.camera_id];
    if (last == told) return;
    last = std::move(told);
    if (status.state == CameraState::kStopped) cameras_.erase(status.camera_id);
  }
  post_(std::move(kind), std::move(data));
}

void EventReporter::NoteOutcome(const pipeline::TrackOutcome& outcome) {
  if (outcome.occasion != pipeline::Occasion::kChanged ||
      outcome.decision.outcome != Outcome::kSpoof) {
    return;
  }
  post_("face.spoof", {{"camera_id", outcome.camera_id},
                       {"camera_name", outcome.camera_name},
                       {"track_id", outcome.track_id},
                       {"live", outcome.decision.trace.state.live.value_or(0)}});
}

void EventReporter::NoteDelivery(const alerts::DeliveryReport& report) {
  const bool failing = report.state != DeliveryState::kSent;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failing_[report.channel], failing) == failing) return;
  }
  json::object data{{"channel", report.channel}};
  if (failing) data["message"] = report.answer;
  post_(failing ? "channel.failing" : "channel.recovered", std::move(data));
}

void EventReporter::NoteGallery(const GalleryInfo& gallery, std::int64_t rebuilds) {
  bool rebuilt = false;
  {
    const std::lock_guard lock(mutex_);
    rebuilt = std::exchange(rebuilds_, rebuilds) < rebuilds;
  }
  if (rebuilt) {
    post_("gallery.rebuilt", {{"sequence", gallery.sequence}, {"references", gallery.references}});
  }
  {
    const std::lock_guard lock(mutex_);
    const auto before = std::exchange(gallery_, gallery.sequence);
    // What was there at the start is no news.
    if (!before || *before == gallery.sequence) return;
  }
  post_("gallery.changed", {{"sequence", gallery.sequence},
                            {"references", gallery.references},
                            {"persons", gallery.persons}});
}

}  // namespace vigil::app
