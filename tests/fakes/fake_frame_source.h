// A FrameSource that plays a script: frames, stalls, waits and failures, so that tests need no
// camera.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "core/frame_source.h"

namespace vigil {

// A grey I420 frame that owns its pixels. Width and height may be odd.
inline Frame MakeTestFrame(int width = 64, int height = 48, std::uint8_t luma = 128) {
  const int chroma_width = (width + 1) / 2;
  const int chroma_height = (height + 1) / 2;
  const auto luma_size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const auto chroma_size =
      static_cast<std::size_t>(chroma_width) * static_cast<std::size_t>(chroma_height);
  auto pixels =
      std::make_shared<std::vector<std::uint8_t>>(luma_size + 2 * chroma_size, std::uint8_t{128});
  std::fill_n(pixels->begin(), luma_size, luma);
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.planes = {Plane{pixels->data(), width}, Plane{pixels->data() + luma_size, chroma_width},
                  Plane{pixels->data() + luma_size + chroma_size, chroma_width}};
  frame.buffer = std::move(pixels);
  return frame;
}

// Plays its steps in order, then ends as a file does. Numbers the frames, sets their time (pts
// steps by 40 ms unless the frame brings a later one, captured_at from the clock) and the camera's
// id. Used by one thread at a time, as any source.
class FakeFrameSource final : public FrameSource {
 public:
  struct Show {
    Frame frame;
  };  // answers this frame at once
  struct Wait {
    std::chrono::milliseconds duration;
  };  // the clock must move on by this much first
  struct Stall {};  // gives nothing until a stop
  struct Break {
    ErrorCode code;
    StreamFault fault;
    std::string message;
  };  // fails; the source is dead
  using Step = std::variant<Show, Wait, Stall, Break>;

  FakeFrameSource(std::string camera_id, std::vector<Step> steps, Clock& clock)
      : camera_id_(std::move(camera_id)), steps_(steps.begin(), steps.end()), clock_(clock) {}

  // `count` grey frames, then the end.
  static std::vector<Step> Frames(int count, int width = 64, int height = 48) {
    std::vector<Step> steps;
    for (int i = 0; i < count; ++i) {
      steps.emplace_back(
          Show{MakeTestFrame(width, height, static_cast<std::uint8_t>(40 + i % 180))});
    }
    return steps;
  }

  Result<Frame> Next(std::stop_token stop) override {
    if (dead_) return std::unexpected(*dead_);
    while (!steps_.empty()) {
      if (stop.stop_requested()) return Cancelled();
      Step step = std::move(steps_.front());
      steps_.pop_front();
      if (auto* show = std::get_if<Show>(&step)) return Stamp(std::move(show->frame));
      if (auto* wait = std::get_if<Wait>(&step)) {
        if (!clock_.SleepUntil(clock_.Now() + wait->duration, stop)) return Cancelled();
      } else if (auto* broken = std::get_if<Break>(&step)) {
        return Die(broken->code, broken->fault, broken->message);
      } else {
        AwaitStop(stop);
      }
    }
    if (stop.stop_requested()) return Cancelled();
    return Die(ErrorCode::kEndOfStream, StreamFault::kEnded, "the script ended");
  }

  StreamFault Fault() const override { return fault_; }

 private:
  Result<Frame> Stamp(Frame frame) {
    frame.camera_id = camera_id_;
    frame.sequence = sequence_++;
    frame.pts = std::max(frame.pts, next_pts_);
    next_pts_ = frame.pts + std::chrono::milliseconds{40};
    frame.captured_at = clock_.WallNow();
    return frame;
  }

  static void AwaitStop(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
  }

  std::unexpected<Error> Cancelled() {
    return Die(ErrorCode::kCancelled, StreamFault::kNone, "the stream was stopped");
  }

  std::unexpected<Error> Die(ErrorCode code, StreamFault fault, std::string message) {
    fault_ = fault;
    dead_ = Error{code, std::move(message)};
    return std::unexpected(*dead_);
  }

  const std::string camera_id_;
  std::deque<Step> steps_;
  Clock& clock_;
  std::uint64_t sequence_ = 0;
  std::chrono::milliseconds next_pts_{0};
  std::optional<Error> dead_;
  StreamFault fault_ = StreamFault::kNone;
};

}  // namespace vigil
