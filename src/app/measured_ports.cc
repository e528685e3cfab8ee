// See measured_ports.h.
#include "app/measured_ports.h"

#include <time.h>

#include <utility>
#include <vector>

namespace vigil::app {
namespace {

using std::chrono::nanoseconds;

nanoseconds ThreadTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

// The processor time of this thread at the end of its last metered call; negative before the first.
thread_local nanoseconds last_call_end{-1};

class StageScope {
 public:
  StageScope(StageMeter& meter, MeteredStage stage, MeteredStage between)
      : meter_(meter), stage_(stage), start_(ThreadTime()) {
    if (last_call_end >= nanoseconds{0}) meter_.Add(between, start_ - last_call_end);
  }
  ~StageScope() {
    last_call_end = ThreadTime();
    meter_.Add(stage_, last_call_end - start_);
  }
  StageScope(const StageScope&) = delete;
  StageScope& operator=(const StageScope&) = delete;

 private:
  StageMeter& meter_;
  const MeteredStage stage_;
  const nanoseconds start_;
};

class MeteredSource final : public FrameSource {
 public:
  MeteredSource(std::unique_ptr<FrameSource> source, StageMeter& meter)
      : source_(std::move(source)), meter_(meter) {}

  Result<Frame> Next(std::stop_token stop) override {
    const StageScope scope(meter_, MeteredStage::kDecode, MeteredStage::kGate);
    return source_->Next(std::move(stop));
  }
  void Demand(const FrameDemand& demand) override { source_->Demand(demand); }
  StreamFault Fault() const override { return source_->Fault(); }

 private:
  const std::unique_ptr<FrameSource> source_;
  StageMeter& meter_;
};

class MeteredDetector final : public Detector {
 public:
  MeteredDetector(std::unique_ptr<Detector> detector, StageMeter& meter,
                  DetectionsCallback on_detections)
      : detector_(std::move(detector)), meter_(meter), on_detections_(std::move(on_detections)) {}

  Result<std::vector<std::vector<Detection>>> Detect(std::span<const Frame> frames,
                                                     int min_face_px) override {
    auto found = [&] {
      const StageScope scope(meter_, MeteredStage::kDetect, MeteredStage::kTrack);
      return detector_->Detect(frames, min_face_px);
    }();
    if (found && on_detections_) {
      for (std::size_t i = 0; i < frames.size(); ++i) on_detections_(frames[i], (*found)[i]);
    }
    return found;
  }
  const DetectorInfo& Info() const override { return detector_->Info(); }

 private:
  const std::unique_ptr<Detector> detector_;
  StageMeter& meter_;
  const DetectionsCallback on_detections_;
};

class MeteredEmbedder final : public Embedder {
 public:
  MeteredEmbedder(std::unique_ptr<Embedder> embedder, StageMeter& meter)
      : embedder_(std::move(embedder)), meter_(meter) {}

  FaceCrop Crop(const Frame& frame, const Detection& detection) const override {
    const StageScope scope(meter_, MeteredStage::kCrop, MeteredStage::kTrack);
    return embedder_->Crop(frame, detection);
  }
  Result<std::vector<EmbeddedFace>> Embed(std::span<const FaceCrop> crops) override {
    const StageScope scope(meter_, MeteredStage::kEmbed, MeteredStage::kTrack);
    return embedder_->Embed(crops);
  }
  const EmbedderInfo& Info() const override { return embedder_->Info(); }

 private:
  const std::unique_ptr<Embedder> embedder_;
  StageMeter& meter_;
};

class MeteredGallery final : public GalleryIndex {
 public:
  MeteredGallery(GalleryIndex& gallery, StageMeter& meter) : gallery_(gallery), meter_(meter) {}

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    const StageScope scope(meter_, MeteredStage::kSearch, MeteredStage::kTrack);
    return gallery_.Search(probe, candidates_max);
  }
  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    const StageScope scope(meter_, MeteredStage::kSearch, MeteredStage::kTrack);
    return gallery_.SearchMany(queries);
  }
  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    gallery_.Apply(removed_reference_ids, std::move(upserts), sequence);
  }
  GalleryInfo Info() const override { return gallery_.Info(); }

 private:
  GalleryIndex& gallery_;
  StageMeter& meter_;
};

}  // namespace

StageMeter::Times StageMeter::Read() const {
  Times times{};
  for (std::size_t i = 0; i < times.size(); ++i) {
    times[i] = nanoseconds{nanoseconds_[i].load(std::memory_order_relaxed)};
  }
  return times;
}

std::unique_ptr<FrameSource> Metered(std::unique_ptr<FrameSource> source, StageMeter& meter) {
  return std::make_unique<MeteredSource>(std::move(source), meter);
}

std::unique_ptr<Detector> Metered(std::unique_ptr<Detector> detector, StageMeter& meter,
                                  DetectionsCallback on_detections) {
  return std::make_unique<MeteredDetector>(std::move(detector), meter, std::move(on_detections));
}

std::unique_ptr<Embedder> Metered(std::unique_ptr<Embedder> embedder, StageMeter& meter) {
  return std::make_unique<MeteredEmbedder>(std::move(embedder), meter);
}

std::unique_ptr<GalleryIndex> Metered(GalleryIndex& gallery, StageMeter& meter) {
  return std::make_unique<MeteredGallery>(gallery, meter);
}

pipeline::QualityRule Metered(pipeline::QualityRule rule, StageMeter& meter) {
  return [rule = std::move(rule), &meter](const Frame& frame, const FaceCrop& crop,
                                          const Detection& face) {
    const StageScope scope(meter, MeteredStage::kQuality, MeteredStage::kTrack);
    return rule(frame, crop, face);
  };
}

}  // namespace vigil::app
