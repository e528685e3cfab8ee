// Which packets need no decoding, because nobody looks at their pictures and no other picture is
// built upon them.
#pragma once

#include <chrono>
#include <optional>

#include "core/frame_source.h"
#include "media/av_ptr.h"

namespace vigil::media {

enum class PacketUse {
  kDecode,
  kReferenceOnly,  // decode it if other pictures are built upon it (AVDISCARD_NONREF)
  kLeaveOut,
};

// A pure value, used by one thread. The pictures in demand are the same as if everything were
// decoded: only the pictures between them go.
class PacketChoice {
 public:
  void Demand(const FrameDemand& demand) { demand_ = demand; }
  // Only where keyframes are known to come often: else nothing would be looked at for long.
  bool KeyframesOnly() const;
  // The last picture's own stamp, and where it lies on the stream's timeline.
  void NotePlace(std::chrono::microseconds stamp, std::chrono::milliseconds place) {
    placed_ = {stamp, place};
  }

  // `stamp` is the packet's own presentation time; absent when it has none.
  PacketUse Of(bool keyframe, std::optional<std::chrono::microseconds> stamp);

 private:
  struct Placed {
    std::chrono::microseconds stamp;
    std::chrono::milliseconds place;
  };

  FrameDemand demand_;
  std::optional<Placed> placed_;
  std::optional<std::chrono::microseconds> keyframe_stamp_;     // of the last one
  std::optional<std::chrono::microseconds> keyframe_distance_;  // between the last two
};

}  // namespace vigil::media
