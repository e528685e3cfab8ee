// See photo_analyser.h.
#include "pipeline/photo_analyser.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
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

std::vector<PhotoEngines> OnlyOne(std::unique_ptr<Detector> detector,
                                  std::unique_ptr<Embedder> embedder) {
  std::vector<PhotoEngines> engines;
  engines.push_back({std::move(detector), std::move(embedder)});
  return engines;
}

void NoteEmbedded(EmbeddedFace embedded, PhotoFace& face) {
  face.embedding = std::move(embedded.embedding);
  face.quality.covered = embedded.covered;
}

}  // namespace

PhotoAnalyser::PhotoAnalyser(std::vector<PhotoEngines> engines, QualityRule quality)
    : engines_(std::move(engines)), quality_(std::move(quality)) {
  VIGIL_CHECK(!engines_.empty(), "photos need a detector and an embedder");
  for (const PhotoEngines& one : engines_) free_.push_back(&one);
}

PhotoAnalyser::PhotoAnalyser(std::unique_ptr<Detector> detector, std::unique_ptr<Embedder> embedder,
                             QualityRule quality)
    : PhotoAnalyser(OnlyOne(std::move(detector), std::move(embedder)), std::move(quality)) {}

PhotoAnalyser::Turn::Turn(PhotoAnalyser& analyser) : analyser_(analyser) {
  std::unique_lock lock(analyser_.mutex_);
  analyser_.turn_over_.wait(lock, [this] { return !analyser_.free_.empty(); });
  engines_ = analyser_.free_.back();
  analyser_.free_.pop_back();
}

PhotoAnalyser::Turn::~Turn() {
  {
    const std::lock_guard lock(analyser_.mutex_);
    analyser_.free_.push_back(engines_);
  }
  analyser_.turn_over_.notify_one();
}

Result<std::vector<PhotoFace>> PhotoAnalyser::FindWith(const PhotoEngines& engines,
                                                       const Frame& frame) const {
  VIGIL_ASSIGN_OR_RETURN(const auto detections, engines.detector->Detect({&frame, 1}));
  std::vector<PhotoFace> faces;
  for (const Detection& detection : detections.front()) {
    FaceCrop crop = engines.embedder->Crop(frame, detection);
    const FaceQuality quality = quality_(frame, crop, detection);
    faces.push_back({detection, quality, std::move(crop), {}});
  }
  std::ranges::sort(faces, std::ranges::greater(), [&](const PhotoFace& face) {
    return VisibleArea(face.detection.box, frame.width, frame.height);
  });
  return faces;
}

Result<std::vector<PhotoFace>> PhotoAnalyser::Find(std::shared_ptr<const RgbImage> photo) {
  if (photo == nullptr || photo->Empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the photo has no pixels");
  }
  const Frame frame = FrameOfImage(std::move(photo));
  const Turn turn(*this);
  return FindWith(*turn, frame);
}

Status PhotoAnalyser::Embed(PhotoFace& face) {
  const Turn turn(*this);
  VIGIL_ASSIGN_OR_RETURN(auto embedded, turn->embedder->Embed({&face.crop, 1}));
  NoteEmbedded(std::move(embedded.front()), face);
  return {};
}

Result<std::vector<PhotoFace>> PhotoAnalyser::Analyse(std::shared_ptr<const RgbImage> photo) {
  if (photo == nullptr || photo->Empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the photo has no pixels");
  }
  const Frame frame = FrameOfImage(std::move(photo));
  const Turn turn(*this);
  VIGIL_ASSIGN_OR_RETURN(auto faces, FindWith(*turn, frame));
  std::vector<FaceCrop> crops;
  crops.reserve(faces.size());
  for (const PhotoFace& face : faces) crops.push_back(face.crop);
  VIGIL_ASSIGN_OR_RETURN(auto embedded, turn->embedder->Embed(crops));
  for (std::size_t i = 0; i < faces.size(); ++i) NoteEmbedded(std::move(embedded[i]), faces[i]);
  return faces;
}

Result<Embedding> PhotoAnalyser::Embed(std::shared_ptr<const RgbImage> photo,
                                       const Detection& face) {
  if (photo == nullptr || photo->Empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the photo has no pixels");
  }
  const Frame frame = FrameOfImage(std::move(photo));
  const Turn turn(*this);
  const FaceCrop crop = turn->embedder->Crop(frame, face);
  VIGIL_ASSIGN_OR_RETURN(auto embedded, turn->embedder->Embed({&crop, 1}));
  return std::move(embedded.front().embedding);
}

void PhotoAnalyser::Swap(PhotoAnalyser& other) noexcept {
  engines_.swap(other.engines_);
  free_.swap(other.free_);  // points into engines_, whose elements stay where they are
  quality_.swap(other.quality_);
}

FaceCrop PhotoAnalyser::Crop(std::shared_ptr<const RgbImage> photo, const Detection& face) {
  const Frame frame = FrameOfImage(std::move(photo));
  const Turn turn(*this);
  return turn->embedder->Crop(frame, face);
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
