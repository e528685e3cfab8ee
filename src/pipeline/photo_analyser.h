// Faces in a photo, ready to be enrolled or searched: detectors and embedders as the cameras have
// them, as many photos at once as there are of them.
#pragma once

#include <condition_variable>
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

// What one photo needs at a time. References want fp32: give it an fp32 embedder.
struct PhotoEngines {
  std::unique_ptr<Detector> detector;
  std::unique_ptr<Embedder> embedder;
};

// Owns its engines. Thread-safe: a call waits until one of them is free.
class PhotoAnalyser {
 public:
  // At least one of `engines`, all of the same models.
  PhotoAnalyser(std::vector<PhotoEngines> engines, QualityRule quality);
  PhotoAnalyser(std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
                QualityRule quality);

  // Every face of the photo, largest first; none is no error. kInvalidArgument for an empty image,
  // kInternal when inference fails.
  Result<std::vector<PhotoFace>> Analyse(std::shared_ptr<const RgbImage> photo);

  // As Analyse, but without embeddings, which cost the most: for photos of which one face or none
  // is wanted.
  Result<std::vector<PhotoFace>> Find(std::shared_ptr<const RgbImage> photo);
  // Gives a found face its embedding, and its quality what only the embedder tells.
  Status Embed(PhotoFace& face);
  // The embedding of a face that was found in the photo before. Errors as Analyse.
  Result<Embedding> Embed(std::shared_ptr<const RgbImage> photo, const Detection& face);

  // A face of a photo as the embedder sees it, for people to look at. `photo` must not be empty.
  FaceCrop Crop(std::shared_ptr<const RgbImage> photo, const Detection& face);

  // Exchanges engines and rule with `other`. The caller sees to it that nobody uses either.
  void Swap(PhotoAnalyser& other) noexcept;

  const DetectorInfo& DetectorFacts() const { return engines_.front().detector->Info(); }
  const EmbedderInfo& EmbedderFacts() const { return engines_.front().embedder->Info(); }
  // How many photos are looked at, at once.
  std::size_t Engines() const { return engines_.size(); }

 private:
  // Engines of the caller's own until it is destroyed.
  class Turn {
   public:
    explicit Turn(PhotoAnalyser& analyser);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    const PhotoEngines& operator*() const { return *engines_; }
    const PhotoEngines* operator->() const { return engines_; }

   private:
    PhotoAnalyser& analyser_;
    const PhotoEngines* engines_;
  };

  Result<std::vector<PhotoFace>> FindWith(const PhotoEngines& engines, const Frame& frame) const;

  std::vector<PhotoEngines> engines_;
  QualityRule quality_;
  std::mutex mutex_;
  std::condition_variable turn_over_;
  std::vector<const PhotoEngines*> free_;  // guarded by mutex_
};

// The one face a photo of a single person shows. Small faces in the background (side below a third
// of the largest) do not count. kInvalidArgument with the reason and the mend when there is no
// face, more than one, or it is too poor to recognise.
Result<PhotoFace> ChooseEnrolmentFace(std::vector<PhotoFace> faces);

}  // namespace vigil::pipeline
