// The latest looked-at picture of every camera with what is known about the faces in it: for
// snapshots and live pictures.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/frame.h"
#include "core/geometry.h"
#include "core/outcome.h"
#include "media/live_video.h"

namespace vigil::pipeline {

struct LiveFace {
  Box box;  // pixels of the picture's frame
  std::int64_t track_id = 0;
  std::optional<Outcome> outcome;  // nothing: still gathering evidence
  std::string person_id;           // for kMatch and kPossibleMatch
  std::string person_name;
  float similarity = 0;
  float threshold = 0;
};

struct LivePicture {
  Frame frame;
  std::vector<LiveFace> faces;
  std::uint64_t number = 0;  // rises with every picture of this view
};

// Holds one picture and the video of each camera. Thread-safe. A picture leaves with its stream:
// what is not live is not shown as live.
class LiveView {
 public:
  using Picture = std::shared_ptr<const LivePicture>;

  // Replaces the picture of frame.camera_id and wakes the waiters.
  void Publish(Frame frame, std::vector<LiveFace> faces);
  // The stream of `camera_id` ended: it has no picture until the next Publish.
  void Forget(const std::string& camera_id);

  // The stream that is open now, for those who play it; null when it is over.
  void ShowVideo(const std::string& camera_id, std::shared_ptr<media::LiveVideo> video);
  std::shared_ptr<media::LiveVideo> Video(const std::string& camera_id) const;

  // Null while the camera has no picture.
  Picture Latest(const std::string& camera_id) const;
  // Blocks until the camera has a picture with a number above `after`. Null when `timeout` passed
  // or `stop` was requested.
  Picture WaitNewer(const std::string& camera_id, std::uint64_t after,
                    std::chrono::milliseconds timeout, std::stop_token stop) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any published_;
  std::map<std::string, Picture> pictures_;
  std::map<std::string, std::shared_ptr<media::LiveVideo>> videos_;
  std::uint64_t number_ = 0;
};

}  // namespace vigil::pipeline
