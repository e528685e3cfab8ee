// A short look at a camera or file: what it sends, or why it sends nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <stop_token>
#include <string>

#include "base/secret.h"
#include "media/stream_source.h"

namespace vigil::media {

struct ProbeOptions {
  StreamOptions stream = {};
  // How long packets are watched at most; less when two key frames and a second came before.
  std::chrono::milliseconds watch_time{6'000};
};

// What a stream sends, by its own words and by a few seconds of watching. Nothing is decoded but
// what finding the stream's size needs.
struct StreamFacts {
  StreamInfo announced;
  double frames_per_second = 0;               // measured by time stamps; 0: too few pictures
  std::optional<double> keyframe_interval_s;  // measured; nothing: fewer than two key frames came
  std::int64_t packets = 0;                   // video packets watched
  std::int64_t keyframes = 0;                 // of these
  std::chrono::milliseconds first_packet_after{};  // from the call to the first video packet
};

// Connects as OpenStream does, with its faults, and watches. Blocks at most connect_timeout and
// watch_time together, and about 0.2 s to take leave; ends with kCancelled soon after a stop is
// requested. A stream that stalls or ends while it is watched is told by what came before, unless
// nothing came. Thread-safe; never throws.
std::expected<StreamFacts, StreamOpenError> ProbeStream(const Secret& url,
                                                        const ProbeOptions& options,
                                                        std::stop_token stop);

}  // namespace vigil::media
