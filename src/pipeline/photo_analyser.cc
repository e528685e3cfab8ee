// See photo_analyser.h.
#include "pipeline/photo_analyser.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/format.h"

namespace vigil::pipeline {
namespace {

constexpr float kBackgroundFaceShare = 1.0F / 3.0F;

float ShorterSide(const Box& box) { return std::min(box.Width(), box.Height()); }

std::string_view Advice(UnrecognisableReason reason) {
  switch (reason) {
    case UnrecognisableReason::kTooSmall:
      return "the face is too small; use a photo where it is larger";
    case UnrecognisableReason::kTurnedAway:
      return "the face is turned away; use a photo taken from the front";
    case UnrecognisableReason::kBlurred:
      return "the face is blurred; use a sharper photo";
    case UnrecognisableReason::kDark:
      return "the face is too dark; use a photo with more light";
    case UnrecognisableReason::kOccluded:
      return "the face is covered; use a photo that shows all of it";
  }
  return "the face cannot be recognised; use another photo";
}

}  // namespace

PhotoAnalyser::PhotoAnalyser(std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
                             QualityRule quality)
    : detector_(std::move(detector)),
      embedder_(std::move(embedder)),
      quality_(std::move(quality)) {}

Result<std::vector<PhotoFace>> PhotoAnalyser::Analyse(std::shared_ptr<const RgbImage> photo) {
  if (photo == nullptr || photo->Empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the photo has no pixels");
  }
  const Frame frame = FrameOfImage(std::move(photo));
  const std::lock_guard lock(mutex_);
  VIGIL_ASSIGN_OR_RETURN(const auto detections, detector_->Detect({&frame, 1}));

  std::vector<PhotoFace> faces;
  std::vector<FaceCrop> crops;
  for (const Detection& detection : detections.front()) {
    FaceCrop crop = embedder_->Crop(frame, detection);
    crops.push_back(crop);
    faces.push_back({detection, quality_(frame, crop, detection), std::move(crop), {}});
  }
  VIGIL_ASSIGN_OR_RETURN(auto embedded, embedder_->Embed(crops));
  for (std::size_t i = 0; i < faces.size(); ++i) {
    faces[i].embedding = std::move(embedded[i].embedding);
    faces[i].quality.covered = embedded[i].covered;
  }

  std::ranges::sort(faces, std::ranges::greater(), [&](const PhotoFace& face) {
    return VisibleArea(face.detection.box, frame.width, frame.height);
  });
  return faces;
}

FaceCrop PhotoAnalyser::Crop(std::shared_ptr<const RgbImage> photo, const Detection& face) {
  const Frame frame = FrameOfImage(std::move(photo));
  const std::lock_guard lock(mutex_);
  return embedder_->Crop(frame, face);
}

Result<PhotoFace> ChooseEnrolmentFace(std::vector<PhotoFace> faces) {
  if (faces.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no face found; use a photo that shows one face from the front");
  }
  const float smallest_counted = kBackgroundFaceShare * ShorterSide(faces.front().detection.box);
  const auto counted = std::ranges::count_if(faces, [&](const PhotoFace& face) {
    return ShorterSide(face.detection.box) >= smallest_counted;
  });
  if (counted > 1) {
    return Fail(ErrorCode::kInvalidArgument,
                format("{} faces found; use a photo of this person alone", counted));
  }
  if (const auto reason = faces.front().quality.unrecognisable) {
    return Fail(ErrorCode::kInvalidArgument, std::string(Advice(*reason)));
  }
  // Covered faces resemble each other: as references they would draw in every mask that passes.
  if (faces.front().quality.covered.value_or(0) >= kCoveredFrom) {
    return Fail(ErrorCode::kInvalidArgument, std::string(Advice(UnrecognisableReason::kOccluded)));
  }
  return std::move(faces.front());
}

}  // namespace vigil::pipeline
