// Opens cameras and video files: the one place where FFmpeg turns the outside world into frames.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/frame_source.h"
#include "media/live_video.h"

namespace vigil::media {

enum class FilePace {
  kFullSpeed,  // as fast as the decoder can: measuring, offline watching
  kRealTime,   // as a camera would send it: demos
};

struct StreamOptions {
  std::string camera_id{};                          // copied into every frame
  std::chrono::milliseconds connect_timeout{5000};  // name, connection, description, set-up
  std::chrono::milliseconds read_timeout{3000};     // longest wait for one video packet
  // Longest wait for a keyframe while keyframes alone are wanted.
  std::chrono::milliseconds keyframe_timeout{10'000};
  int undecodable_packets_max = 300;  // this many packets in a row without a picture: kUndecodable
  int side_max_px = 8192;             // larger pictures are refused before they are allocated
  FilePace file_pace = FilePace::kFullSpeed;
  std::size_t video_bytes_max = LiveVideo::kBytesMax;  // of what is kept for viewers
  bool operator==(const StreamOptions&) const = default;
};

// What the stream said about itself when it was opened; the size may change later, each frame has
// its own.
struct StreamInfo {
  std::string codec;  // as FFmpeg names it: "h264", "hevc", "mjpeg"
  int width = 0;
  int height = 0;
  double frames_per_second = 0;  // 0: unknown
};

// Running totals of one stream; written by the thread in Next, read by any.
struct StreamCounters {
  std::atomic<std::int64_t> packets{0};          // video packets received
  std::atomic<std::int64_t> frames{0};           // pictures decoded
  std::atomic<std::int64_t> corrupt_packets{0};  // packets the decoder refused; they are skipped
  std::atomic<std::int64_t> timeline_jumps{0};   // time stamps that were mended
};

struct OpenedStream {
  std::unique_ptr<FrameSource> source;
  StreamInfo info;
  std::shared_ptr<const StreamCounters> counters;
  // The same stream for viewers; ends with `source`, which feeds it while Next is called.
  std::shared_ptr<LiveVideo> video{};
};

struct StreamOpenError {
  Error error;  // the URL in it is masked
  StreamFault fault = StreamFault::kOther;
};

// Opens `url`: "rtsp://" or "rtsps://" (always RTP over TCP: RFC 2326, 10.12), "file:PATH" or a
// plain path of a regular file (MP4, MKV, WebM, AVI, MPEG-TS, raw H.264 and H.265 ...). Other
// schemes are refused with kInvalidArgument.
//
// Frames are kI420 or kNv12 in the decoder's own buffers (other layouts are converted to kI420) and
// carry the stream's colour space; a stream that names none is BT.601 limited whatever its size, as
// FFmpeg's own conversion assumes. `pts` rises strictly from 0 whatever the camera's clock does;
// `captured_at` is the clock's wall time when the packet came.
//
// Blocks up to connect_timeout; ends with kCancelled soon (about 0.1 s) after a stop is requested,
// and Next as well. The decoder runs in the thread that calls Next and starts no thread of its own.
// Deadlines of the network are real time; `clock` gives captured_at and the pace of files, and
// outlives the source. Never throws. A packet that cannot be decoded is counted and skipped.
// FFmpeg's own log is switched off: it names URLs with their passwords.
std::expected<OpenedStream, StreamOpenError> OpenStream(const Secret& url,
                                                        const StreamOptions& options,
                                                        std::stop_token stop, Clock& clock);

}  // namespace vigil::media
