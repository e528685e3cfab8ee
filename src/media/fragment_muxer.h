// FFmpeg's MP4 muxer writing to memory: one packet in, one fragment out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "media/av_ptr.h"

namespace vigil::media {

struct AvOutputDeleter {
  void operator()(AVFormatContext* output) const;
};

// Wraps H.264 packets into fragmented MP4 (ISO/IEC 14496-12), one frame a fragment, without
// touching the video itself. The timeline begins at 0 and never runs backwards or leaps, whatever
// the camera's does. Used by one thread at a time; FFmpeg's errors become Result.
class FragmentMuxer {
 public:
  // `video` must be H.264 with its parameter sets; it is only read here.
  static Result<std::unique_ptr<FragmentMuxer>> Make(const AVCodecParameters& video,
                                                     AVRational time_base);
  FragmentMuxer(const FragmentMuxer&) = delete;
  FragmentMuxer& operator=(const FragmentMuxer&) = delete;

  // The boxes `ftyp` and `moov`: what a player needs before the first fragment.
  const std::string& Header() const { return header_; }
  // RFC 6381, of the header's avcC box: "avc1.64001F".
  const std::string& CodecText() const { return codec_text_; }

  // The fragment of the packet before this one, whose length is known only now; empty for the first
  // one. The first packet must be a keyframe.
  Result<std::string> Write(const AVPacket& packet);
  // What is added to a packet's time to get the player's.
  std::chrono::microseconds Shift() const;

 private:
  explicit FragmentMuxer(AVRational time_base) : time_base_(time_base) {}
  Status Open(const AVCodecParameters& video);
  void PlaceInTime(AVPacket& packet);

  const AVRational time_base_;
  int reordered_frames_ = 0;
  std::string written_;  // since it was last taken
  std::string header_;
  std::string codec_text_;
  std::unique_ptr<AVFormatContext, AvOutputDeleter> output_;
  AvPtr<AVPacket> packet_;
  std::optional<std::int64_t> last_dts_;  // of the written timeline
  std::int64_t step_ = 1;                 // the last one between two packets
  std::int64_t shift_ = 0;
};

}  // namespace vigil::media
