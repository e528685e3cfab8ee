// A camera made of a video file: the same pictures over and over, each at its time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "core/frame_source.h"
#include "media/stream_source.h"

namespace vigil::app {

// How a simulated stream is doing. Written by the thread in Next, read by any.
struct StreamProgress {
  std::atomic<std::int64_t> frames{0};
  std::atomic<std::int64_t> played_ms{0};       // of the stream, from its first picture on
  std::atomic<std::int64_t> length_ms{0};       // of one pass through the file; 0 during the first
  std::atomic<std::int64_t> behind_ms{0};       // how late the last picture came
  std::atomic<std::int64_t> behind_most_ms{0};  // since somebody set it to 0
};

// Plays `video` for ever: after its last picture the first follows with the next time stamp, as if
// a camera saw the same scene again. A picture is decoded when its turn comes and handed out then,
// the first after `delay`; when the machine is too slow they come late, none is left out.
// `progress` and `clock` outlive the stream. Errors: those of OpenStream.
std::expected<media::OpenedStream, media::StreamOpenError> OpenSimulatedStream(
    const std::filesystem::path& video, const std::string& camera_id,
    std::chrono::milliseconds delay, StreamProgress& progress, Clock& clock, std::stop_token stop);

}  // namespace vigil::app
