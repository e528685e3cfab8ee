// The port through which pictures enter.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/result.h"
#include "core/frame.h"

namespace vigil {

// Why a camera gives no pictures; each has its own mend.
enum class StreamFault {
  kNone,
  kRefused,       // nothing listens at that address and port
  kUnauthorised,  // wrong or missing credentials
  kNoRoute,       // name or network not reachable
  kNotFound,      // the server knows no such stream
  kNoVideo,       // a stream without a video track
  kStalled,       // connected, but no packet before the deadline
  kUndecodable,   // packets that no decoder understands
  kEnded,         // the server or file ended the stream
  kFrozen,        // pictures come, but they are always the same one
  kOther,
};

// "refused", "unauthorised", "no_route", "not_found", "no_video", "stalled", "undecodable",
// "ended", "frozen", "other".
std::string_view StreamFaultName(StreamFault fault);
// One sentence for people: what to check.
std::string_view StreamFaultMend(StreamFault fault);

// What the reader of a stream will look at next.
struct FrameDemand {
  std::chrono::milliseconds from{0};  // pictures before this time stamp are not looked at
  bool keyframes_only = false;        // neither are those that are no keyframes
};

// One live or recorded stream of decoded frames. Used by one thread at a time. Next blocks until a
// frame, an error or a stop; after any error the source is dead: destroy it and make a new one.
// Sources never retry. kEndOfStream: the file or stream ended; kCancelled: stopped; anything else:
// see Fault(). Frames own their pixels and may outlive the source.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual Result<Frame> Next(std::stop_token stop) = 0;
  // Told between two calls of Next, as often as it changes. A source may leave out pictures that
  // are not in demand when nothing that is in demand is built upon them.
  virtual void Demand(const FrameDemand&) {}
  // Why the last Next failed; kNone while all is well.
  virtual StreamFault Fault() const = 0;
};

}  // namespace vigil
