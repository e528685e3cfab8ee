// One camera's ingest: connects, reads, lets the gate choose, offers frames to recognition, and
// reconnects for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "core/camera.h"
#include "core/frame_source.h"
#include "media/stream_source.h"
#include "metrics/metrics.h"
#include "pipeline/backoff.h"
#include "pipeline/camera_lane.h"
#include "pipeline/frozen_picture.h"
#include "pipeline/live_view.h"
#include "pipeline/motion_gate.h"
#include "pipeline/scheduler.h"

namespace vigil::pipeline {

enum class CameraState {
  kConnecting,  // trying now
  kUp,          // frames are coming
  kWaiting,     // failed; waits before the next try
  kStopped,
};

// "connecting", "up", "waiting", "stopped".
std::string_view CameraStateName(CameraState state);

struct CameraStatus {
  std::string camera_id;
  std::string camera_name;
  CameraState state = CameraState::kConnecting;
  WallTime since{};                        // when this state began
  StreamFault fault = StreamFault::kNone;  // why it is not up; the last cause while connecting
  std::string message;                     // the same for people, without secrets; empty while up
  std::int64_t reconnects = 0;             // streams opened after the first one
  std::int64_t failures = 0;               // in a row
  double frames_per_second = 0;  // received, over about the last two seconds; 0 when not up
  int width = 0;
  int height = 0;
  std::optional<WallTime> last_frame_at;
};

// Opens a camera's stream: media::OpenStream with the right options, or a fake. Called from the
// camera's own thread.
using SourceFactory = std::function<std::expected<media::OpenedStream, media::StreamOpenError>(
    const Camera& camera, std::stop_token stop)>;

struct CameraWorkerOptions {
  MotionGateOptions gate;
  BackoffOptions backoff;
  // A picture that does not change at all for so long is the fault kFrozen: the stream is opened
  // anew once, then every ten minutes; meanwhile its frames are looked at as ever, and the camera
  // is up again when its picture moves. 0: never.
  std::chrono::milliseconds frozen_after{30'000};
};

// All outlive the worker and are thread-safe.
struct CameraWorkerPorts {
  Clock& clock;
  Scheduler& scheduler;
  metrics::Metrics& metrics;
  SourceFactory open_source;
  // Called on each change of state, from the camera's thread; must not block. May be empty.
  std::function<void(const CameraStatus&)> on_status;
  LiveView* live = nullptr;
};

// Runs on a thread of its own from construction to destruction, so that no camera can disturb
// another. It never gives up; how long it waits between tries is Backoff's matter. The lane must be
// known to the scheduler.
class CameraWorker {
 public:
  CameraWorker(std::shared_ptr<CameraLane> lane, const CameraWorkerOptions& options,
               CameraWorkerPorts ports);

  CameraStatus Status() const;
  // Ends soon; the destructor waits for it. Lets many cameras stop at the same time.
  void RequestStop() { thread_.request_stop(); }

 private:
  struct Ending;  // why a stream is over

  void Run(std::stop_token stop);
  Ending RunStream(std::stop_token stop);
  Ending ReadFrames(FrameSource& source, std::stop_token stop);
  void NoteUp();
  void Handle(Frame frame, MotionGate& gate);
  void CountFrame(const Frame& frame);
  std::int64_t FramesSent() const;
  void SetState(CameraState state, StreamFault fault, std::string message);

  const std::shared_ptr<CameraLane> lane_;
  const Camera& camera_;
  const CameraWorkerOptions options_;
  const CameraWorkerPorts ports_;
  Backoff backoff_;
  LogLimiter failures_;
  // Used by the thread alone: the running measurement of the frame rate.
  SteadyTime rate_start_{};
  std::int64_t rate_frames_ = 0;  // FramesSent when it began
  std::int64_t decoded_ = 0;
  std::shared_ptr<const media::StreamCounters> counters_;  // of the open stream; may be null
  bool opened_before_ = false;
  FrozenPicture picture_;

  mutable std::mutex mutex_;
  CameraStatus status_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace vigil::pipeline
