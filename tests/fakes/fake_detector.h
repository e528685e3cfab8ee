// A detector that finds what the test told it to find.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "core/detector.h"

namespace vigil {

// Answers each frame by a function of the frame. Counts what it was asked. Owned and used like a
// real detector; the counters may be read from any thread.
class FakeDetector final : public Detector {
 public:
  using Script = std::function<std::vector<Detection>(const Frame&)>;

  // Finds nothing.
  FakeDetector() : FakeDetector([](const Frame&) { return std::vector<Detection>{}; }) {}
  explicit FakeDetector(Script script) : script_(std::move(script)) {}
  // Finds the same faces in every frame.
  explicit FakeDetector(std::vector<Detection> always)
      : script_([faces = std::move(always)](const Frame&) { return faces; }) {}

  using Detector::Detect;
  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames,
                                                     int min_face_px) override {
    for (const Frame& frame : frames) {
      if (frame.planes[0].data == nullptr || frame.width <= 0 || frame.height <= 0) {
        return Fail(ErrorCode::kInvalidArgument, "detect: a frame without pixels");
      }
    }
    if (failure_) return std::unexpected(*failure_);
    std::vector<std::vector<Detection>> found;
    for (const Frame& frame : frames) {
      found.push_back(script_(frame));
      ++frames_seen_;
      min_face_px_ = min_face_px;
    }
    return found;
  }

  const DetectorInfo& Info() const override { return info_; }

  // Every later Detect fails with `failure`; nothing: works again.
  void FailWith(std::optional<Error> failure) { failure_ = std::move(failure); }
  int FramesSeen() const { return frames_seen_; }
  // What was asked for last.
  int MinFacePx() const { return min_face_px_; }

  // A face whose landmarks lie where those of a frontal face do.
  static Detection Face(float x, float y, float side_px, float score = 0.99F) {
    const auto at = [&](float across, float down) {
      return Point{x + across * side_px, y + down * side_px};
    };
    return {.box = {x, y, x + side_px, y + side_px},
            .score = score,
            .landmarks = {at(0.3F, 0.4F), at(0.7F, 0.4F), at(0.5F, 0.6F), at(0.35F, 0.78F),
                          at(0.65F, 0.78F)}};
  }

 private:
  Script script_;
  DetectorInfo info_{.id = "fake-detector", .hash = std::string(64, '0'), .precision = "f32"};
  std::optional<Error> failure_;
  std::atomic<int> frames_seen_ = 0;
  std::atomic<int> min_face_px_ = 0;
};

}  // namespace vigil
