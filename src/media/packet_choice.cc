// See packet_choice.h.
#include "media/packet_choice.h"

namespace vigil::media {

PacketUse PacketChoice::Of(bool keyframe, std::optional<std::chrono::microseconds> stamp) const {
  if (keyframe) return PacketUse::kDecode;
  if (demand_.keyframes_only) return PacketUse::kLeaveOut;
  if (!stamp || !placed_) return PacketUse::kDecode;
  // The timeline counts whole milliseconds; what falls on the edge is decoded.
  constexpr std::chrono::milliseconds kRounding{2};
  const auto place = placed_->place + (*stamp - placed_->stamp);
  return place + kRounding < demand_.from ? PacketUse::kReferenceOnly : PacketUse::kDecode;
}

}  // namespace vigil::media
