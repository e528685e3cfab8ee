// The demuxer's side of a stream: opening with deadlines, and video packets one at a time.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "media/av_ptr.h"
#include "media/stream_source.h"

namespace vigil::media {

// What FFmpeg asks while it blocks: may I go on?
struct Interrupt {
  std::stop_token stop;
  SteadyTime deadline = SteadyTime::max();

  bool Expired() const { return std::chrono::steady_clock::now() >= deadline; }
};

// An opened file or RTSP session, set to one video track. Used by one thread at a time.
class StreamInput {
 public:
  // Takes the same arguments as OpenStream and fails as it does.
  static std::expected<std::unique_ptr<StreamInput>, StreamOpenError> Open(
      const Secret& url, const StreamOptions& options, std::stop_token stop);

  // Takes leave of the server, which frees the camera's session; at most 0.2 s.
  ~StreamInput();

  // Reads the next packet of the video track into `packet`. 0, AVERROR_EOF, or another negative
  // FFmpeg code: AVERROR_EXIT after a stop, AVERROR(ETIMEDOUT) when none came within `timeout`.
  int ReadVideo(AVPacket& packet, std::chrono::milliseconds timeout, std::stop_token stop);

  const AVStream& Video() const { return *video_; }
  // What the stream said about itself when it was opened.
  StreamInfo Info() const;
  const AVCodec& Decoder() const { return *decoder_; }
  bool IsFile() const { return is_file_; }
  // The URL or path, fit for messages.
  const std::string& MaskedUrl() const { return masked_url_; }

 private:
  StreamInput() = default;
  std::expected<void, StreamOpenError> Connect(const std::string& url,
                                               const StreamOptions& options);
  std::expected<void, StreamOpenError> FindVideo(const StreamOptions& options);
  // Say what an FFmpeg code met while opening means; ConnectFailure takes a second look at the
  // network where the code is ambiguous. A failure at or after `timed_out_at` was a time-out
  // whatever its code.
  std::unexpected<StreamOpenError> OpenFailure(int av_code) const;
  std::unexpected<StreamOpenError> ConnectFailure(int av_code, const std::string& url,
                                                  SteadyTime timed_out_at) const;

  Interrupt interrupt_;
  bool is_file_ = false;
  std::string masked_url_;
  AVStream* video_ = nullptr;
  const AVCodec* decoder_ = nullptr;
  AvPtr<AVFormatContext> context_;
};

}  // namespace vigil::media
