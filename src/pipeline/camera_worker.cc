// See camera_worker.h.
#include "pipeline/camera_worker.h"

#include <time.h>

#include <exception>
#include <utility>

#include "base/format.h"

namespace vigil::pipeline {
namespace {

using metrics::FrameResult;

constexpr std::chrono::milliseconds kRateWindow{2000};

// What this thread has cost so far. The wait for the network costs nothing, so that the difference
// over one Next is the time of decoding.
std::chrono::nanoseconds ThreadCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::uint32_t SeedOf(const std::string& camera_id) {
  return static_cast<std::uint32_t>(std::hash<std::string>{}(camera_id));
}

}  // namespace

std::string_view CameraStateName(CameraState state) {
  switch (state) {
    case CameraState::kConnecting:
      return "connecting";
    case CameraState::kUp:
      return "up";
    case CameraState::kWaiting:
      return "waiting";
    case CameraState::kStopped:
      return "stopped";
  }
  return "stopped";
}

struct CameraWorker::Ending {
  Error error;
  StreamFault fault = StreamFault::kOther;
  std::chrono::milliseconds lasted{0};  // from the first frame on
};

CameraWorker::CameraWorker(std::shared_ptr<CameraLane> lane, const CameraWorkerOptions& options,
                           CameraWorkerPorts ports)
    : lane_(std::move(lane)),
      camera_(lane_->camera),
      options_(options),
      ports_(std::move(ports)),
      backoff_(options.backoff, SeedOf(camera_.id)),
      failures_(ports_.clock),
      picture_(options.frozen_after) {
  status_.camera_id = camera_.id;
  status_.camera_name = camera_.name;
  status_.since = ports_.clock.WallNow();
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

CameraStatus CameraWorker::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void CameraWorker::Run(std::stop_token stop) {
  StreamFault fault = StreamFault::kNone;
  std::string message;
  while (!stop.stop_requested()) {
    SetState(CameraState::kConnecting, fault, message);
    Ending ending;
    try {
      ending = RunStream(stop);
    } catch (const std::exception& exception) {
      ending = {{ErrorCode::kInternal, exception.what()}, StreamFault::kOther, {}};
    }
    // The lane must forget this stream before it sees a frame of the next one.
    ports_.scheduler.EndStream(camera_.id);
    if (ports_.live != nullptr) ports_.live->ShowVideo(camera_.id, nullptr);
    ports_.metrics.SetCameraUp(camera_.id, false);
    if (stop.stop_requested()) break;

    const std::chrono::milliseconds wait = backoff_.After(ending.fault, ending.lasted);
    fault = ending.fault;
    message = format("{} ({})", ending.error.message, StreamFaultMend(fault));
    ports_.metrics.CountReconnect(camera_.id, StreamFaultName(fault));
    failures_.Write(LogLevel::kWarning, "camera " + camera_.name,
                    format("{}: {}; next try in {:.1f} s", StreamFaultName(fault), message,
                           static_cast<double>(wait.count()) / 1000));
    SetState(CameraState::kWaiting, fault, message);
    ports_.clock.SleepUntil(ports_.clock.Now() + wait, stop);
  }
  SetState(CameraState::kStopped, StreamFault::kNone, "");
}

CameraWorker::Ending CameraWorker::RunStream(std::stop_token stop) {
  auto opened = ports_.open_source(camera_, stop);
  if (!opened.has_value()) return {opened.error().error, opened.error().fault, {}};
  if (ports_.live != nullptr) ports_.live->ShowVideo(camera_.id, opened->video);
  counters_ = opened->counters;
  return ReadFrames(*opened->source, stop);
}

CameraWorker::Ending CameraWorker::ReadFrames(FrameSource& source, std::stop_token stop) {
  MotionGate gate(options_.gate);
  std::optional<SteadyTime> first_frame_at;
  bool up = false;
  while (true) {
    const auto cpu_before = ThreadCpuTime();
    Result<Frame> frame = source.Next(stop);
    if (!frame.has_value()) {
      const auto lasted =
          first_frame_at ? ports_.clock.Now() - *first_frame_at : SteadyTime::duration{0};
      return {frame.error(), source.Fault(),
              std::chrono::duration_cast<std::chrono::milliseconds>(lasted)};
    }
    const auto decode_time = ThreadCpuTime() - cpu_before;
    ports_.metrics.ObserveStage(metrics::Stage::kDecode, decode_time);
    frame->decode_time = std::chrono::duration_cast<std::chrono::microseconds>(decode_time);
    if (!first_frame_at) {
      first_frame_at = ports_.clock.Now();
      rate_start_ = *first_frame_at;
      rate_frames_ = FramesSent();
      picture_.BeginStream(*first_frame_at);
    }
    const PictureState picture = picture_.Look(*frame, ports_.clock.Now());
    if (picture == PictureState::kFrozen) {
      // However long it lasted, such a stream is no recovery: the waits go on growing.
      return {{ErrorCode::kUnavailable,
               format("its picture has not changed for {} s",
                      std::chrono::ceil<std::chrono::seconds>(options_.frozen_after).count())},
              StreamFault::kFrozen,
              {}};
    }
    if (!up && picture == PictureState::kAlive) {
      up = true;
      NoteUp();
    }
    CountFrame(*frame);
    Handle(*std::move(frame), gate);
    source.Demand(gate.Demand());
  }
}

void CameraWorker::NoteUp() {
  {
    const std::lock_guard lock(mutex_);
    status_.failures = 0;
    if (std::exchange(opened_before_, true)) ++status_.reconnects;
  }
  ports_.metrics.SetCameraUp(camera_.id, true);
  SetState(CameraState::kUp, StreamFault::kNone, "");
}

void CameraWorker::Handle(Frame frame, MotionGate& gate) {
  frame.camera_id = camera_.id;
  switch (gate.Look(frame, lane_->face_tracked)) {
    case GateVerdict::kSkipped:
      ports_.metrics.CountFrames(camera_.id, FrameResult::kSkipped);
      break;
    case GateVerdict::kStill:
      ports_.metrics.CountFrames(camera_.id, FrameResult::kStill);
      // Recognition shows what it looked at; a still picture is shown from here, so that its clock
      // goes on.
      if (ports_.live != nullptr) ports_.live->Publish(std::move(frame), {});
      break;
    case GateVerdict::kPass:
      ports_.scheduler.Offer(std::move(frame));
      break;
  }
}

void CameraWorker::CountFrame(const Frame& frame) {
  ports_.metrics.CountFrames(camera_.id, FrameResult::kDecoded);
  ++decoded_;
  const SteadyTime now = ports_.clock.Now();
  const std::lock_guard lock(mutex_);
  status_.width = frame.width;
  status_.height = frame.height;
  status_.last_frame_at = frame.captured_at;
  if (now - rate_start_ < kRateWindow) return;
  const std::chrono::duration<double> elapsed = now - rate_start_;
  status_.frames_per_second = static_cast<double>(FramesSent() - rate_frames_) / elapsed.count();
  rate_start_ = now;
  rate_frames_ = FramesSent();
}

// Pictures that nobody wanted were not decoded, but the camera sent them.
std::int64_t CameraWorker::FramesSent() const {
  return counters_ ? counters_->packets.load() : decoded_;
}

void CameraWorker::SetState(CameraState state, StreamFault fault, std::string message) {
  CameraStatus told;
  {
    const std::lock_guard lock(mutex_);
    status_.state = state;
    status_.since = ports_.clock.WallNow();
    status_.fault = fault;
    status_.message = std::move(message);
    if (state == CameraState::kWaiting) ++status_.failures;
    if (state != CameraState::kUp) status_.frames_per_second = 0;
    told = status_;
  }
  if (ports_.on_status) ports_.on_status(told);
}

}  // namespace vigil::pipeline
