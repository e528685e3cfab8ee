// See packet_choice.h.
#include "media/packet_choice.h"

namespace vigil::media {

namespace {

constexpr std::chrono::seconds kKeyframeDistanceMax{4};

}  // namespace

bool PacketChoice::KeyframesOnly() const {
  return demand_.keyframes_only && keyframe_distance_ &&
         *keyframe_distance_ <= kKeyframeDistanceMax;
}

PacketUse PacketChoice::Of(bool keyframe, std::optional<std::chrono::microseconds> stamp) {
  if (keyframe) {
    keyframe_distance_.reset();
    if (stamp && keyframe_stamp_ && *stamp > *keyframe_stamp_) {
      keyframe_distance_ = *stamp - *keyframe_stamp_;
    }
    keyframe_stamp_ = stamp;
    return PacketUse::kDecode;
  }
  if (KeyframesOnly()) return PacketUse::kLeaveOut;
  if (!stamp || !placed_) return PacketUse::kDecode;
  // The timeline counts whole milliseconds; what falls on the edge is decoded.
  constexpr std::chrono::milliseconds kRounding{2};
  const auto place = placed_->place + (*stamp - placed_->stamp);
  return place + kRounding < demand_.from ? PacketUse::kReferenceOnly : PacketUse::kDecode;
}

}  // namespace vigil::media
