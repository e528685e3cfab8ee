// Decides which camera's picture a free recognition worker looks at next: newest frame, longest
// wait first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/frame.h"

namespace vigil::pipeline {

class CameraLane;

// What a worker is handed. `stream_ended`: the lane's stream broke off before `frame`; its tracks
// must be closed first. The lane belongs to this worker until Scheduler::Done.
struct CameraWork {
  std::string camera_id;
  std::shared_ptr<CameraLane> lane;
  bool stream_ended = false;
  std::optional<Frame> frame;
};

// One slot a camera, each holding at most one frame: a newer one replaces it and the older is
// counted as dropped, never queued, so that no camera can lag behind or crowd out another. At most
// one frame of a camera is in flight, so that its tracker sees frames in order. Thread-safe.
class Scheduler {
 public:
  using DropCallback = std::function<void(const std::string& camera_id)>;

  // `on_drop` is called for each frame that was never looked at, from the offering thread; it must
  // not block.
  explicit Scheduler(DropCallback on_drop);

  void AddCamera(const std::string& camera_id, std::shared_ptr<CameraLane> lane);
  // Takes back a frame that still waits, lets a worker close the lane's tracks, and returns when
  // the lane is at rest. Returns at once after Close.
  void RemoveCamera(const std::string& camera_id);

  // Never blocks. Frames of unknown cameras and frames after Close are dropped and counted.
  void Offer(Frame frame);
  // The camera's stream broke off: whatever comes next belongs to another one.
  void EndStream(const std::string& camera_id);

  // Waits for work. Nothing: closed and drained, or `stop` was requested. Every work must be
  // answered with Done.
  std::optional<CameraWork> Take(std::stop_token stop = {});
  void Done(const std::string& camera_id);

  // Waiting frames are dropped, pending ends of streams are still handed out, then Take answers
  // nothing.
  void Close();

  std::size_t WaitingFrames() const;

 private:
  struct Slot {
    std::shared_ptr<CameraLane> lane;
    std::optional<Frame> frame;
    bool stream_ended = false;
    bool in_flight = false;
    std::uint64_t waiting_since =
        0;  // ticket drawn when the slot had nothing to do before; lower waits longer

    bool HasWork() const { return frame.has_value() || stream_ended; }
    bool AtRest() const { return !in_flight && !HasWork(); }
  };

  void DrawTicket(Slot& slot);
  Slot* LongestWaiting(std::string& camera_id);
  bool Drained() const;

  const DropCallback on_drop_;
  mutable std::mutex mutex_;
  std::condition_variable_any work_or_closed_;
  std::condition_variable_any at_rest_;
  std::map<std::string, Slot> slots_;
  std::uint64_t next_ticket_ = 0;
  bool closed_ = false;
};

}  // namespace vigil::pipeline
