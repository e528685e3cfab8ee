// Faces in a photo, ready to be enrolled or searched: the same detector and embedder as the
// cameras', used one at a time.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "core/detector.h"
#include "core/embedder.h"
#include "core/image.h"
#include "pipeline/track_outcome.h"

namespace vigil::pipeline {

struct PhotoFace {
  Detection detection;  // pixels of the photo
  FaceQuality quality;
  FaceCrop crop;
  Embedding embedding;
};

// Owns its detector and embedder. Thread-safe: calls wait for each other (references want fp32, so
// give it an fp32 embedder).
class PhotoAnalyser {
 public:
  PhotoAnalyser(std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
                QualityRule quality);

  // Every face of the photo, largest first; none is no error. kInvalidArgument for an empty image,
  // kInternal when inference fails.
  Result<std::vector<PhotoFace>> Analyse(std::shared_ptr<const RgbImage> photo);

  // A face of a photo as the embedder sees it, for people to look at. `photo` must not be empty.
  FaceCrop Crop(std::shared_ptr<const RgbImage> photo, const Detection& face);

  const DetectorInfo& DetectorFacts() const { return detector_->Info(); }
  const EmbedderInfo& EmbedderFacts() const { return embedder_->Info(); }

 private:
  std::mutex mutex_;  // detector and embedder belong to one thread at a time
  const std::unique_ptr<Detector> detector_;
  const std::unique_ptr<Embedder> embedder_;
  const QualityRule quality_;
};

// The one face a photo of a single person shows. Small faces in the background (side below a third
// of the largest) do not count. kInvalidArgument with the reason and the mend when there is no
// face, more than one, or it is too poor to recognise.
Result<PhotoFace> ChooseEnrolmentFace(std::vector<PhotoFace> faces);

}  // namespace vigil::pipeline
