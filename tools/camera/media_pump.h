// Pushes a feed's pictures into one live RTSP stream at the pace of a camera.
#pragma once

#include <gst/app/gstappsrc.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "camera/feed.h"

namespace vigil::camera {

// How long the camera has been running: since its first picture was asked for. Any thread.
class CameraClock {
 public:
  std::chrono::nanoseconds Elapsed();  // starts it

 private:
  std::mutex mutex_;
  std::optional<std::chrono::steady_clock::time_point> start_;
};

// Owns the thread that feeds one appsrc. It begins when the stream first asks for data and ends
// with the object. `feed` and `clock` outlive it. After `stall_at` nothing more is sent, while the
// connection stays.
class MediaPump {
 public:
  MediaPump(Owned<GstElement> source, const Feed& feed, CameraClock& clock,
            std::optional<std::chrono::nanoseconds> stall_at);
  ~MediaPump();
  MediaPump(const MediaPump&) = delete;
  MediaPump& operator=(const MediaPump&) = delete;

 private:
  static void OnNeedData(GstElement* source, unsigned length, MediaPump* self);
  void Run(std::stop_token stop);
  // False when a stop came first.
  bool SleepUntil(std::chrono::steady_clock::time_point time, std::stop_token stop);

  const Owned<GstElement> source_;
  const Feed& feed_;
  CameraClock& clock_;
  const std::optional<std::chrono::nanoseconds> stall_at_;
  unsigned long handler_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool wanted_ = false;  // under mutex_
  std::jthread thread_;
};

}  // namespace vigil::camera
