// See live_view.h.
#include "pipeline/live_view.h"

#include <utility>

namespace vigil::pipeline {

void LiveView::Publish(Frame frame, std::vector<LiveFace> faces) {
  auto picture = std::make_shared<LivePicture>();
  picture->frame = std::move(frame);
  picture->faces = std::move(faces);
  const std::lock_guard lock(mutex_);
  picture->number = ++number_;
  pictures_[picture->frame.camera_id] = std::move(picture);
  published_.notify_all();
}

void LiveView::Forget(const std::string& camera_id) {
  const std::lock_guard lock(mutex_);
  pictures_.erase(camera_id);
}

void LiveView::ShowVideo(const std::string& camera_id, std::shared_ptr<media::LiveVideo> video) {
  const std::lock_guard lock(mutex_);
  if (video == nullptr) {
    videos_.erase(camera_id);
  } else {
    videos_[camera_id] = std::move(video);
  }
}

std::shared_ptr<media::LiveVideo> LiveView::Video(const std::string& camera_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = videos_.find(camera_id);
  return found == videos_.end() ? nullptr : found->second;
}

LiveView::Picture LiveView::Latest(const std::string& camera_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = pictures_.find(camera_id);
  return found == pictures_.end() ? nullptr : found->second;
}

LiveView::Picture LiveView::WaitNewer(const std::string& camera_id, std::uint64_t after,
                                      std::chrono::milliseconds timeout,
                                      std::stop_token stop) const {
  std::unique_lock lock(mutex_);
  Picture newer;
  published_.wait_for(lock, stop, timeout, [&] {
    const auto found = pictures_.find(camera_id);
    newer = found != pictures_.end() && found->second->number > after ? found->second : nullptr;
    return newer != nullptr;
  });
  return newer;
}

}  // namespace vigil::pipeline
