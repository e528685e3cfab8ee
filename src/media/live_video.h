// A camera's own H.264 for whoever watches, as fragmented MP4: taken beside the decoder, never
// decoded or encoded for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct AVPacket;
struct AVStream;

namespace vigil::media {

struct LiveVideoHeader {
  std::string codec;  // RFC 6381: "avc1.64001F"
  int width = 0;
  int height = 0;
  std::shared_ptr<const std::string> bytes;  // the boxes ftyp and moov
};

// What a viewer has to send on now.
struct LiveVideoNews {
  enum class State {
    kOn,
    kEnded,   // the camera's stream is over: its next one is another LiveVideo
    kBehind,  // more waited than is kept, or the video changed: join again
  };
  State state = State::kOn;
  std::optional<LiveVideoHeader> header;                      // once, before the first fragment
  std::vector<std::shared_ptr<const std::string>> fragments;  // one frame each, in order
};

// The video of one stream of one camera, from the stream's opening to its end. Thread-safe.
//
// The ingest thread only leaves a reference to each packet behind, and never waits for a viewer;
// whoever takes news wraps what waits, once for all viewers. While nobody watches, the packets
// since the last keyframe are kept, and every viewer begins with them, so that the first picture is
// there at once. What is kept is bounded by `bytes_max` on either side of the wrapping: of a stream
// with more between two keyframes, viewers begin with the next keyframe.
class LiveVideo {
 public:
  class Viewer;
  static constexpr std::size_t kBytesMax = 4'000'000;

  // Copies what it needs of `stream`.
  explicit LiveVideo(const AVStream& stream, std::size_t bytes_max = kBytesMax);
  ~LiveVideo();
  LiveVideo(const LiveVideo&) = delete;
  LiveVideo& operator=(const LiveVideo&) = delete;

  // As FFmpeg names it: "h264", "hevc".
  const std::string& Codec() const { return codec_; }
  // Whether browsers play it: H.264 alone. Other video is never kept, and has no viewers.
  bool IsPlayable() const { return playable_; }
  // What viewers will be told; nothing when the stream does not say enough.
  std::optional<LiveVideoHeader> Describe();

  // Of the ingest thread.
  void Push(const AVPacket& packet);
  // The frame with the packets' time `stamp` got the time `pts`.
  void NotePlace(std::chrono::microseconds stamp, std::chrono::milliseconds pts) {
    place_us_ = (std::chrono::microseconds(pts) - stamp).count();
  }
  void End();

  // The player's time of the frame with that `pts`; meaningful while somebody watches.
  std::chrono::duration<double> PlayerTime(std::chrono::milliseconds pts) const {
    return std::chrono::microseconds(pts) - std::chrono::microseconds(place_us_ - shift_us_);
  }

 private:
  struct Wrapping;

  void Drain(Wrapping& wrapping);

  std::string codec_;
  bool playable_ = false;
  const std::size_t bytes_max_;
  std::atomic<std::int64_t> place_us_ = 0;
  std::atomic<std::int64_t> shift_us_ = 0;
  struct Waiting;
  const std::unique_ptr<Waiting> waiting_;    // what the ingest thread leaves
  const std::unique_ptr<Wrapping> wrapping_;  // what viewers share
};

// One who watches. Used by one thread at a time; leaves with its destructor.
class LiveVideo::Viewer {
 public:
  // `on_news` is called by the ingest thread after each packet and at the end, until the viewer is
  // gone; it must not wait and not call back. `video` must be playable.
  Viewer(std::shared_ptr<LiveVideo> video, std::function<void()> on_news);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // What came since the last call. Does not wait for the camera.
  LiveVideoNews Take();

 private:
  const std::shared_ptr<LiveVideo> video_;
  const std::uint64_t number_;
};

}  // namespace vigil::media
