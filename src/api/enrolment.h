// From a photo's bytes to an enrolled reference: what upload-photo and the command line share. No
// HTTP here.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/gallery.h"
#include "core/media_store.h"
#include "core/person.h"
#include "database/database.h"
#include "pipeline/decision.h"
#include "pipeline/photo_analyser.h"

namespace vigil::api {

// Why a photo was not taken.
enum class PhotoRefusal {
  kNotAnImage,  // no JPEG, PNG or WebP at all
  kUnreadable,  // an image that is damaged, too small or too large
  kNoFace,
  kSeveralFaces,
  kTooPoor,          // one face, but nobody could be recognised by it
  kAlreadyEnrolled,  // this person has this very file
  kOther,            // not the photo's fault: person unknown, disk full ...
};

// "not_an_image", "unreadable", "no_face", "several_faces", "too_poor", "already_enrolled"; kOther
// has the error's own word.
std::string_view PhotoRefusalName(PhotoRefusal refusal);

struct PhotoError {
  PhotoRefusal refusal = PhotoRefusal::kOther;
  Error error;  // its message is fit for the person who gave the photo

  PhotoError(PhotoRefusal why, Error what) : refusal(why), error(std::move(what)) {}
  // Implicit, for errors that are not the photo's.
  PhotoError(Error what) : error(std::move(what)) {}  // NOLINT(google-explicit-constructor)
};

// Decodes and looks at untrusted bytes; faces largest first, possibly none. Thread-safe; waits for
// the analyser's turn.
struct AnalysedPhoto {
  std::string mime_type;
  int width = 0;
  int height = 0;
  std::vector<pipeline::PhotoFace> faces;
};
std::expected<AnalysedPhoto, PhotoError> AnalysePhoto(pipeline::PhotoAnalyser& analyser,
                                                      std::span<const std::byte> bytes);

// Somebody else who is enrolled and whom the gallery would take for this face.
struct LookAlike {
  std::string person_id;
  std::string name;
  std::string photo_id;  // theirs that resembles the most; empty when it is just gone
  float similarity = 0;
};

// Another photo of the same person that is as good as the same picture.
struct NearDuplicate {
  std::string photo_id;
  float similarity = 0;
};

struct EnrolledPhoto {
  Photo photo;
  FaceQuality quality;
  std::vector<std::string> advice;     // sentences for people; empty: nothing to improve
  std::vector<LookAlike> look_alikes;  // the most alike first
  std::optional<NearDuplicate> near_duplicate;
};

// What became of a photo that was given under a name.
struct NamedEnrolment {
  Person person;
  bool person_created = false;
  bool changed_lists = false;     // the person stands in more watch-lists now
  bool already_enrolled = false;  // then `enrolled.photo` is the one that was there, judged before
  EnrolledPhoto enrolled;
};

// What enrolment needs; references must outlive the call.
struct EnrolmentContext {
  database::Database& database;
  MediaStore& media;
  pipeline::PhotoAnalyser& analyser;
  const GalleryIndex& gallery;  // for "looks like somebody else who is enrolled"
  const pipeline::DecisionPolicy& policy;
};

// Enrols the one face of a photo as a reference of `person_id`: picture, row, sealed embedding and
// gallery log, in that order, so that nothing is named that is not stored. Thread-safe; blocks on
// models and disk.
std::expected<EnrolledPhoto, PhotoError> EnrolPhoto(const EnrolmentContext& context,
                                                    const std::string& person_id,
                                                    std::span<const std::byte> bytes);

// The same for the person called `person.name`, who is made from `person` in the same transaction
// when nobody is called that: a photo that is refused leaves nobody behind. A person who exists
// keeps every field and only enters more watch-lists. A photo that is there already is no error and
// changes nothing.
std::expected<NamedEnrolment, PhotoError> EnrolByName(const EnrolmentContext& context,
                                                      const Person& person,
                                                      std::span<const std::byte> bytes);

}  // namespace vigil::api
