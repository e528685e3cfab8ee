// A liveness detector whose answers a test can foresee.
#pragma once

#include <optional>
#include <utility>

#include "core/liveness.h"

namespace vigil {

// Every face is as live as it was told last, at first a living one. A view is one pixel.
class FakeLiveness final : public LivenessDetector {
 public:
  LivenessView View(const Frame&, const Detection&) const override {
    return {{RgbImage{1, 1, {0, 0, 0}}}};
  }

  Result<std::vector<float>> Judge(std::span<const LivenessView> views) override {
    if (failure_) return std::unexpected(*failure_);
    for (const LivenessView& view : views) {
      if (view.pictures.size() != 1 || view.pictures.front().width != 1)
        return Fail(ErrorCode::kInvalidArgument, "liveness: a view that was not cut here");
    }
    return std::vector<float>(views.size(), live_);
  }

  const LivenessInfo& Info() const override { return info_; }

  void SayLive(float live) { live_ = live; }
  // Every later Judge fails with `failure`; nothing: works again.
  void FailWith(std::optional<Error> failure) { failure_ = std::move(failure); }

 private:
  const LivenessInfo info_{"fake-liveness", "0000", "f32"};
  float live_ = 1;
  std::optional<Error> failure_;
};

}  // namespace vigil
