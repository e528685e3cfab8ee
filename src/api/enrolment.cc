// The steps of enrolling one photo, and the advice that goes with it.
#include "api/enrolment.h"

#include <memory>

#include "api/resemblance.h"
#include "base/format.h"
#include "base/log.h"
#include "database/enrolment_repository.h"
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

void AddResemblances(EnrolledPhoto& enrolled) {
  for (const LookAlike& other : enrolled.look_alikes) {
    enrolled.advice.push_back(
        format("This face resembles {}, who is enrolled already (similarity {:.3f}): is it the "
               "same person?",
               other.name, other.similarity));
  }
  if (enrolled.near_duplicate) {
    enrolled.advice.push_back(
        format("This is nearly the same picture as one that is enrolled already (similarity "
               "{:.3f}); a different one would help more.",
               enrolled.near_duplicate->similarity));
  }
}

struct DecodedPhoto {
  std::string mime_type;
  std::shared_ptr<const RgbImage> image;
};

std::expected<DecodedPhoto, PhotoError> Decode(std::span<const std::byte> bytes) {
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
  return DecodedPhoto{std::string(media::MimeType(info->format)),
                      std::make_shared<const RgbImage>(*std::move(image))};
}

// All that a photo gives before it is stored: rows without ids, and what to tell people.
struct JudgedPhoto {
  EnrolledPhoto enrolled;
  Reference reference;
};

// `person_id` is empty for somebody who is not enrolled yet.
std::expected<JudgedPhoto, PhotoError> Judge(const EnrolmentContext& context,
                                             const std::string& person_id, std::string fingerprint,
                                             std::span<const std::byte> bytes) {
  VIGIL_ASSIGN_OR_RETURN(const DecodedPhoto decoded, Decode(bytes));
  VIGIL_ASSIGN_OR_RETURN(auto faces, context.analyser.Find(decoded.image));
  VIGIL_ASSIGN_OR_RETURN(pipeline::PhotoFace found, OneFace(std::move(faces)));
  VIGIL_RETURN_IF_ERROR(context.analyser.Embed(found));
  // Only the embedder tells whether the face is covered.
  VIGIL_ASSIGN_OR_RETURN(pipeline::PhotoFace face, OneFace({std::move(found)}));

  JudgedPhoto judged;
  EnrolledPhoto& enrolled = judged.enrolled;
  enrolled.quality = face.quality;
  enrolled.advice = QualityAdvice(face.quality);
  enrolled.look_alikes = LookAlikesOf(context, person_id, face.embedding);
  enrolled.near_duplicate = NearDuplicateOf(context, person_id, face.embedding);
  Photo& photo = enrolled.photo;
  photo.person_id = person_id;
  photo.mime_type = decoded.mime_type;
  photo.width = decoded.image->width;
  photo.height = decoded.image->height;
  photo.face = face.detection;
  photo.quality = face.quality.score;
  photo.fingerprint = std::move(fingerprint);
  judged.reference.space = context.analyser.EmbedderFacts().space;
  judged.reference.embedding = std::move(face.embedding);
  judged.reference.quality = face.quality.score;
  return judged;
}

// Whether nothing was stored. A database that did not answer may have: what belongs to no row is
// taken away by the sweep.
bool IsCertain(const Error& error) {
  return error.code != ErrorCode::kUnavailable && error.code != ErrorCode::kTimeout &&
         error.code != ErrorCode::kCancelled && error.code != ErrorCode::kInternal;
}

void RemovePicture(const EnrolmentContext& context, const std::string& media_id) {
  if (const Status removed = context.media.Remove(media_id); !removed) {
    LogWarning("api", "a photo without a row stays for the sweep: {}", removed.error().message);
  }
}

// Photos of before fingerprints were kept get theirs, so that these files are recognised too.
Status FingerprintOldPhotos(const EnrolmentContext& context, const std::string& person_id) {
  database::PhotoRepository photos(context.database);
  VIGIL_ASSIGN_OR_RETURN(const auto old, photos.WithoutFingerprint(person_id));
  for (const Photo& photo : old) {
    const Result<Bytes> bytes = context.media.Get(photo.media_id);
    if (!bytes) continue;  // a lost picture is Maintenance's to tell
    const Status set =
        photos.SetFingerprint(photo.id, context.database.GetSealer().Fingerprint(*bytes));
    // The same picture twice: the second one stays without.
    if (!set && set.error().code != ErrorCode::kConflict) return set;
  }
  return {};
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
    case PhotoRefusal::kAlreadyEnrolled:
      return "already_enrolled";
    case PhotoRefusal::kOther:
      return "other";
  }
  return "other";
}

std::expected<AnalysedPhoto, PhotoError> AnalysePhoto(pipeline::PhotoAnalyser& analyser,
                                                      std::span<const std::byte> bytes) {
  VIGIL_ASSIGN_OR_RETURN(DecodedPhoto decoded, Decode(bytes));
  AnalysedPhoto photo{
      std::move(decoded.mime_type), decoded.image->width, decoded.image->height, {}};
  VIGIL_ASSIGN_OR_RETURN(photo.faces, analyser.Analyse(std::move(decoded.image)));
  return photo;
}

std::expected<EnrolledPhoto, PhotoError> EnrolPhoto(const EnrolmentContext& context,
                                                    const std::string& person_id,
                                                    std::span<const std::byte> bytes) {
  VIGIL_RETURN_IF_ERROR(database::PersonRepository(context.database).Get(person_id));
  VIGIL_RETURN_IF_ERROR(FingerprintOldPhotos(context, person_id));
  database::PhotoRepository photos(context.database);
  std::string fingerprint = context.database.GetSealer().Fingerprint(bytes);
  VIGIL_ASSIGN_OR_RETURN(const auto known, photos.OfFingerprint(person_id, fingerprint));
  const auto already_enrolled = [] {
    return Refused(PhotoRefusal::kAlreadyEnrolled,
                   Error{ErrorCode::kConflict,
                         "this very photo is enrolled for this person already; add another one"});
  };
  if (known) return already_enrolled();

  VIGIL_ASSIGN_OR_RETURN(JudgedPhoto judged,
                         Judge(context, person_id, std::move(fingerprint), bytes));
  Photo& photo = judged.enrolled.photo;
  VIGIL_ASSIGN_OR_RETURN(photo.media_id, context.media.Put(MediaKind::kPhoto, bytes));
  Result<Photo> stored = photos.AddWithReference(photo, std::move(judged.reference));
  if (!stored) {
    if (IsCertain(stored.error())) RemovePicture(context, photo.media_id);
    if (stored.error().code == ErrorCode::kConflict) return already_enrolled();
    return std::unexpected(PhotoError(std::move(stored).error()));
  }
  photo = *std::move(stored);
  AddResemblances(judged.enrolled);
  return std::move(judged.enrolled);
}

std::expected<NamedEnrolment, PhotoError> EnrolByName(const EnrolmentContext& context,
                                                      const Person& person,
                                                      std::span<const std::byte> bytes) {
  database::EnrolmentRepository repository(context.database);
  std::string fingerprint = context.database.GetSealer().Fingerprint(bytes);
  VIGIL_ASSIGN_OR_RETURN(database::KnownByName known, repository.Find(person.name, fingerprint));
  if (known.person && !known.photo) {
    VIGIL_RETURN_IF_ERROR(FingerprintOldPhotos(context, known.person->id));
    VIGIL_ASSIGN_OR_RETURN(known, repository.Find(person.name, fingerprint));
  }
  NamedEnrolment outcome;
  if (known.person && known.photo) {
    VIGIL_ASSIGN_OR_RETURN(outcome.changed_lists, repository.AddToLists(*known.person, person));
    outcome.person = *std::move(known.person);
    outcome.already_enrolled = true;
    outcome.enrolled.photo = *std::move(known.photo);
    return outcome;
  }
  VIGIL_ASSIGN_OR_RETURN(JudgedPhoto judged,
                         Judge(context, known.person ? known.person->id : std::string(),
                               std::move(fingerprint), bytes));
  Photo& photo = judged.enrolled.photo;
  VIGIL_ASSIGN_OR_RETURN(photo.media_id, context.media.Put(MediaKind::kPhoto, bytes));
  Result<database::EnrolledByName> added = repository.Add(person, photo, judged.reference);
  if (added ? !added->photo_added : IsCertain(added.error())) {
    RemovePicture(context, photo.media_id);
  }
  if (!added) return std::unexpected(PhotoError(std::move(added).error()));
  outcome.enrolled = std::move(judged.enrolled);
  outcome.person = std::move(added->person);
  outcome.person_created = added->person_created;
  outcome.changed_lists = added->lists_changed;
  outcome.already_enrolled = !added->photo_added;
  outcome.enrolled.photo = std::move(added->photo);
  // Another photo of somebody new may have been enrolled while this one was judged.
  std::erase_if(outcome.enrolled.look_alikes,
                [&](const LookAlike& other) { return other.person_id == outcome.person.id; });
  AddResemblances(outcome.enrolled);
  return outcome;
}

}  // namespace vigil::api
