// The pacing thread of one stream.
#include "camera/media_pump.h"

#include <utility>

namespace vigil::camera {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

nanoseconds CameraClock::Elapsed() {
  const std::lock_guard lock(mutex_);
  const auto now = steady_clock::now();
  if (!start_.has_value()) {
    start_ = now;
  }
  return now - *start_;
}

MediaPump::MediaPump(Owned<GstElement> source, const Feed& feed, CameraClock& clock,
                     std::optional<nanoseconds> stall_at)
    : source_(std::move(source)), feed_(feed), clock_(clock), stall_at_(stall_at) {
  handler_ = g_signal_connect(source_.get(), "need-data", G_CALLBACK(OnNeedData), this);
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

MediaPump::~MediaPump() { g_signal_handler_disconnect(source_.get(), handler_); }

void MediaPump::OnNeedData(GstElement*, unsigned, MediaPump* self) {
  const std::lock_guard lock(self->mutex_);
  self->wanted_ = true;
  self->changed_.notify_all();
}

bool MediaPump::SleepUntil(steady_clock::time_point time, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

void MediaPump::Run(std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return wanted_; })) {
      return;
    }
  }
  const nanoseconds opened_at = clock_.Elapsed();
  const auto start = steady_clock::now();
  const std::unique_ptr<PictureReader> reader = feed_.Open(opened_at);
  for (;;) {
    Picture picture = reader->Next();
    if (!SleepUntil(start + picture.due, stop)) {
      return;
    }
    if (stall_at_.has_value() && opened_at + picture.due >= *stall_at_) {
      continue;
    }
    GST_BUFFER_PTS(picture.buffer.get()) = static_cast<GstClockTime>(picture.shown.count());
    GST_BUFFER_DTS(picture.buffer.get()) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION(picture.buffer.get()) = GST_CLOCK_TIME_NONE;
    gst_app_src_push_buffer(GST_APP_SRC(source_.get()), picture.buffer.release());
  }
}

}  // namespace vigil::camera
