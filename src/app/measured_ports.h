// The pipeline's own parts with a meter on each: what `vigil bench pipeline` puts in their place.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/detector.h"
#include "core/embedder.h"
#include "core/frame_source.h"
#include "core/gallery.h"
#include "pipeline/track_outcome.h"

namespace vigil::app {

// kGate: all that an ingest thread does between two pictures (gate, frozen picture, counting,
// hand-over); kTrack: all that a worker does between the parts named here (tracking, judging, live
// picture, waking up).
enum class MeteredStage { kDecode, kGate, kDetect, kCrop, kQuality, kTrack, kEmbed, kSearch };
inline constexpr std::array<std::string_view, 8> kMeteredStages = {
    "decode", "gate", "detect", "crop", "quality", "track", "embed", "search"};

// Processor time by stage, of all threads together. Thread-safe.
class StageMeter {
 public:
  using Times = std::array<std::chrono::nanoseconds, kMeteredStages.size()>;

  void Add(MeteredStage stage, std::chrono::nanoseconds taken) {
    nanoseconds_[static_cast<std::size_t>(stage)].fetch_add(taken.count(),
                                                            std::memory_order_relaxed);
  }
  Times Read() const;

 private:
  std::array<std::atomic<std::int64_t>, kMeteredStages.size()> nanoseconds_{};
};

// What was found in one picture; called by whichever worker looked at it.
using DetectionsCallback =
    std::function<void(const Frame& frame, const std::vector<Detection>& faces)>;

// Each does what the part it wraps does, and adds the processor time of the calling thread to
// `meter`, which outlives it: that of the call to the part's stage, and that since the thread's
// last metered call to kGate (sources) or kTrack (all others).
std::unique_ptr<FrameSource> Metered(std::unique_ptr<FrameSource> source, StageMeter& meter);
std::unique_ptr<Detector> Metered(std::unique_ptr<Detector> detector, StageMeter& meter,
                                  DetectionsCallback on_detections);
std::unique_ptr<Embedder> Metered(std::unique_ptr<Embedder> embedder, StageMeter& meter);
// `gallery` outlives it.
std::unique_ptr<GalleryIndex> Metered(GalleryIndex& gallery, StageMeter& meter);
pipeline::QualityRule Metered(pipeline::QualityRule rule, StageMeter& meter);

}  // namespace vigil::app
