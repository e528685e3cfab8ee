// See frozen_picture.h.
#include "pipeline/frozen_picture.h"

#include <algorithm>
#include <utility>

#include "pipeline/luma_grid.h"

namespace vigil::pipeline {
namespace {

constexpr std::chrono::milliseconds kLookInterval{1000};
// A dark cellar may stand still for hours. Reconnecting once tells a stuck encoder from it; after
// that the open stream shows the light going on sooner than another connection would.
constexpr std::chrono::milliseconds kReopenInterval{10 * 60'000};

}  // namespace

void FrozenPicture::BeginStream(SteadyTime now) {
  changed_at_ = now;
  looked_at_ = now - kLookInterval;
  if (!frozen_) grid_.clear();
}

PictureState FrozenPicture::Look(const Frame& frame, SteadyTime now) {
  if (after_ <= std::chrono::milliseconds{0}) return PictureState::kAlive;
  if (now - looked_at_ >= kLookInterval) {
    looked_at_ = now;
    std::vector<std::uint8_t> grid = LumaGrid(frame);
    if (grid_ != grid) {
      grid_ = std::move(grid);
      changed_at_ = now;
      frozen_ = false;
    }
  }
  if (now - changed_at_ >= (frozen_ ? std::max(after_, kReopenInterval) : after_)) {
    frozen_ = true;
    return PictureState::kFrozen;
  }
  return frozen_ ? PictureState::kStillFrozen : PictureState::kAlive;
}

}  // namespace vigil::pipeline
