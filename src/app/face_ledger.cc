// See face_ledger.h.
#include "app/face_ledger.h"

#include <algorithm>

namespace vigil::app {
namespace {

constexpr std::chrono::milliseconds kNear{400};
constexpr float kOverlapMin = 0.3F;

}  // namespace

void FaceLedger::Note(const std::string& stream, std::chrono::milliseconds pts,
                      std::span<const Detection> faces) {
  const std::lock_guard lock(mutex_);
  auto& noted = noted_[stream];
  for (const Detection& face : faces) noted.push_back({pts, face.box});
  faces_ += std::ssize(faces);
}

std::int64_t FaceLedger::Faces() const {
  const std::lock_guard lock(mutex_);
  return faces_;
}

FaceLedger::Count FaceLedger::Compare(const std::string& stream, std::span<const KnownFace> known,
                                      std::chrono::milliseconds pass_length,
                                      std::chrono::milliseconds played) const {
  Count count;
  if (pass_length <= std::chrono::milliseconds{0}) return count;
  const std::lock_guard lock(mutex_);
  const auto found = noted_.find(stream);
  const std::span<const Noted> noted =
      found == noted_.end() ? std::span<const Noted>() : std::span<const Noted>(found->second);
  for (auto start = pass_length; start + pass_length <= played; start += pass_length) {
    for (const KnownFace& face : known) {
      ++count.expected;
      const auto pts = start + face.pts;
      const auto first = std::ranges::lower_bound(noted, pts - kNear, {}, &Noted::pts);
      const bool seen = std::any_of(first, noted.end(), [&](const Noted& look) {
        return look.pts <= pts + kNear && IntersectionOverUnion(look.box, face.box) >= kOverlapMin;
      });
      if (!seen) ++count.missed;
    }
  }
  return count;
}

}  // namespace vigil::app
