// The steps of enrolling one photo, and the advice that goes with it.
#include "api/enrolment.h"

#include <memory>

#include "base/format.h"
#include "base/log.h"
#include "database/person_repository.h"
#include "database/photo_repository.h"
#include "media/photo.h"

namespace vigil::api {
namespace {

bool LooksLikeImage(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.starts_with("\xFF\xD8\xFF") || text.starts_with("\x89PNG\r\n\x1A\n") ||
         (text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP"));
}

std::unexpected<PhotoError> Refused(PhotoRefusal refusal, Error error) {
  return std::unexpected(PhotoError(refusal, std::move(error)));
}

// One face, or the reason in a word and a sentence.
std::expected<pipeline::PhotoFace, PhotoError> OneFace(std::vector<pipeline::PhotoFace> faces) {
  if (faces.empty()) {
    return Refused(PhotoRefusal::kNoFace, pipeline::ChooseEnrolmentFace({}).error());
  }
  const bool largest_is_fine = pipeline::ChooseEnrolmentFace({faces.front()}).has_value();
  Result<pipeline::PhotoFace> chosen = pipeline::ChooseEnrolmentFace(std::move(faces));
  if (chosen) return *std::move(chosen);
  return Refused(largest_is_fine ? PhotoRefusal::kSeveralFaces : PhotoRefusal::kTooPoor,
                 std::move(chosen).error());
}

std::vector<std::string> QualityAdvice(const FaceQuality& quality) {
  std::vector<std::string> advice;
  if (quality.face_px < 80) {
    advice.push_back(
        format("The face is only {:.0f} px wide; photos with 80 px and more are "
               "recognised better.",
               quality.face_px));
  }
  if (quality.frontal < 0.5F) advice.emplace_back("The face is turned away; add a frontal photo.");
  if (quality.sharpness < 0.3F) advice.emplace_back("The face is blurred; add a sharper photo.");
  if (quality.brightness < 0.2F) advice.emplace_back("The face is dark; add a brighter photo.");
  return advice;
}

// A warning when somebody else is enrolled who looks like this face.
void AddResemblance(const EnrolmentContext& context, const std::string& person_id,
                    const pipeline::PhotoFace& face, std::vector<std::string>& advice) {
  const GallerySearch search = context.gallery.Search(face.embedding, 2);
  const float threshold = pipeline::MatchThreshold(context.policy, search.gallery);
  database::PersonRepository persons(context.database);
  for (const Candidate& candidate : search.candidates) {
    if (candidate.person_id == person_id || candidate.similarity < threshold) continue;
    if (const Result<Person> other = persons.Get(candidate.person_id)) {
      advice.push_back(
          format("This face resembles {}, who is enrolled already (similarity "
                 "{:.3f}): is it the same person?",
                 other->name, candidate.similarity));
    }
  }
}

}  // namespace

std::string_view PhotoRefusalName(PhotoRefusal refusal) {
  switch (refusal) {
    case PhotoRefusal::kNotAnImage:
      return "not_an_image";
    case PhotoRefusal::kUnreadable:
      return "unreadable";
    case PhotoRefusal::kNoFace:
      return "no_face";
    case PhotoRefusal::kSeveralFaces:
      return "several_faces";
    case PhotoRefusal::kTooPoor:
      return "too_poor";
    case PhotoRefusal::kOther:
      return "other";
  }
  return "other";
}

std::expected<AnalysedPhoto, PhotoError> AnalysePhoto(pipeline::PhotoAnalyser& analyser,
                                                      std::span<const std::byte> bytes) {
  const auto info = media::SniffPhoto(bytes);
  if (!info) {
    return Refused(LooksLikeImage(bytes) ? PhotoRefusal::kUnreadable : PhotoRefusal::kNotAnImage,
                   info.error());
  }
  Result<RgbImage> image = media::DecodePhoto(bytes);
  if (!image && image.error().code == ErrorCode::kInvalidArgument) {
    return Refused(PhotoRefusal::kUnreadable, std::move(image).error());
  }
  VIGIL_RETURN_IF_ERROR(image);
  AnalysedPhoto photo{std::string(media::MimeType(info->format)), image->width, image->height, {}};
  VIGIL_ASSIGN_OR_RETURN(photo.faces,
                         analyser.Analyse(std::make_shared<const RgbImage>(*std::move(image))));
  return photo;
}

std::expected<EnrolledPhoto, PhotoError> EnrolPhoto(const EnrolmentContext& context,
                                                    const std::string& person_id,
                                                    std::span<const std::byte> bytes) {
  VIGIL_RETURN_IF_ERROR(database::PersonRepository(context.database).Get(person_id));
  VIGIL_ASSIGN_OR_RETURN(AnalysedPhoto analysed, AnalysePhoto(context.analyser, bytes));
  VIGIL_ASSIGN_OR_RETURN(const pipeline::PhotoFace face, OneFace(std::move(analysed.faces)));

  EnrolledPhoto enrolled;
  enrolled.quality = face.quality;
  enrolled.advice = QualityAdvice(face.quality);
  AddResemblance(context, person_id, face, enrolled.advice);

  Photo photo;
  photo.person_id = person_id;
  photo.mime_type = analysed.mime_type;
  photo.width = analysed.width;
  photo.height = analysed.height;
  photo.face = face.detection;
  photo.quality = face.quality.score;
  VIGIL_ASSIGN_OR_RETURN(photo.media_id, context.media.Put(MediaKind::kPhoto, bytes));
  Reference reference;
  reference.person_id = person_id;
  reference.space = context.analyser.EmbedderFacts().space;
  reference.embedding = face.embedding;
  reference.quality = face.quality.score;
  Result<Photo> stored =
      database::PhotoRepository(context.database).AddWithReference(photo, std::move(reference));
  if (!stored) {
    if (const Status removed = context.media.Remove(photo.media_id); !removed) {
      LogWarning("api", "a photo without a row stays for the sweep: {}", removed.error().message);
    }
    return std::unexpected(PhotoError(std::move(stored).error()));
  }
  enrolled.photo = *std::move(stored);
  return enrolled;
}

}  // namespace vigil::api
