// Photos of enrolled people: upload, picture, deletion.
#include "api/body_fields.h"
#include "api/enrolment.h"
#include "api/resources.h"
#include "base/log.h"
#include "base/time_text.h"
#include "database/photo_repository.h"

namespace vigil::api {
namespace {

int StatusOfRefusal(const PhotoError& error) {
  switch (error.refusal) {
    case PhotoRefusal::kNotAnImage:
      return 415;
    case PhotoRefusal::kUnreadable:
      return 400;
    case PhotoRefusal::kNoFace:
    case PhotoRefusal::kSeveralFaces:
    case PhotoRefusal::kTooPoor:
      return 422;
    case PhotoRefusal::kAlreadyEnrolled:
      return 409;
    case PhotoRefusal::kOther:
      break;
  }
  return StatusOf(error.error.code);
}

Answer Upload(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const UploadedFile upload, UploadedFileOf(call.request));
  const auto turn = context.EnterTurn();
  const std::string& person_id = call.Parameter("id");
  const EnrolmentContext enrolment{context.database, context.media, context.photos, context.gallery,
                                   context.policy};
  const auto enrolled = EnrolPhoto(enrolment, person_id, std::as_bytes(std::span(upload.bytes)));
  if (!enrolled) return std::unexpected(ProblemOfPhoto(enrolled.error()));
  context.gallery_changed();
  const Photo& photo = enrolled->photo;
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "photo.create", photo.id, {{"person", person_id}}));
  HttpResponse response = JsonResponse(EnrolledPhotoJson(*enrolled), 201);
  response.headers.emplace_back("Location",
                                format("/api/v1/criminals/{}/photos/{}", person_id, photo.id));
  return response;
}

Answer Picture(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Photo photo,
                         database::PhotoRepository(context.database)
                             .Get(call.Parameter("id"), call.Parameter("photo")));
  VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, context.media.Get(photo.media_id));
  VIGIL_RETURN_IF_ERROR(RecordView(context, call.who, photo.id, "photo"));
  return BodyResponse(200, photo.mime_type, TextOf(bytes));
}

Answer Delete(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Photo photo,
                         database::PhotoRepository(context.database)
                             .Delete(call.Parameter("id"), call.Parameter("photo")));
  context.gallery_changed();
  if (const Status removed = context.media.Remove(photo.media_id); !removed) {
    LogWarning("api", "a deleted photo stays for the sweep: {}", removed.error().message);
  }
  VIGIL_RETURN_IF_ERROR(
      RecordAudit(context, call.who, "photo.delete", photo.id, {{"person", photo.person_id}}));
  return NoContent();
}

}  // namespace

Schema EnrolledPhotoSchema() {
  const Schema look_alike =
      Described(Object("LookAlike", {{"person_id", Id(), kRequired},
                                     {"name", Text(), kRequired},
                                     {"photo_id", Nullable(Id()), kRequired},
                                     {"similarity", Number(-1, 1), kRequired}}),
                "somebody else who is enrolled and would be taken for this face: perhaps the same "
                "person under another name");
  const Schema near_duplicate = Object(
      "NearDuplicate", {{"photo_id", Id(), kRequired}, {"similarity", Number(-1, 1), kRequired}});
  return Object(
      "EnrolledPhoto",
      {{"id", Id(), kRequired},
       {"person_id", Id(), kRequired},
       {"width", Count(), kRequired},
       {"height", Count(), kRequired},
       {"box", BoxSchema(), kRequired},
       {"score", Number(0, 1), kRequired},
       {"quality", QualitySchema(), kRequired},
       {"advice", Described(ListOf(Text()), "sentences on what to improve or check"), kRequired},
       {"look_alikes", Described(ListOf(look_alike), "the most alike first; empty: none"),
        kRequired},
       {"near_duplicate",
        Described(Nullable(near_duplicate), "a photo of the same person that is the same picture"),
        kRequired},
       {"created_at", Time(), kRequired}});
}

json::object LookAlikeJson(const LookAlike& other) {
  return {{"person_id", other.person_id},
          {"name", other.name},
          {"photo_id", OrNull(other.photo_id)},
          {"similarity", Rounded(other.similarity)}};
}

json::object EnrolledPhotoJson(const EnrolledPhoto& enrolled) {
  const Photo& photo = enrolled.photo;
  json::array look_alikes;
  for (const LookAlike& other : enrolled.look_alikes) look_alikes.push_back(LookAlikeJson(other));
  json::value near_duplicate;
  if (enrolled.near_duplicate) {
    near_duplicate = {{"photo_id", enrolled.near_duplicate->photo_id},
                      {"similarity", Rounded(enrolled.near_duplicate->similarity)}};
  }
  return {{"id", photo.id},
          {"person_id", photo.person_id},
          {"width", photo.width},
          {"height", photo.height},
          {"box", BoxJson(photo.face.box)},
          {"score", Rounded(photo.face.score)},
          {"quality", QualityJson(enrolled.quality)},
          {"advice", json::array(enrolled.advice.begin(), enrolled.advice.end())},
          {"look_alikes", std::move(look_alikes)},
          {"near_duplicate", std::move(near_duplicate)},
          {"created_at", FormatTime(photo.created_at)}};
}

Problem ProblemOfPhoto(const PhotoError& error) {
  if (error.refusal == PhotoRefusal::kOther) return Problem(error.error);
  return Problem(StatusOfRefusal(error), std::string(PhotoRefusalName(error.refusal)),
                 error.error.message);
}

std::vector<Route> PhotoRoutes(const ApiContext& context) {
  return {
      {Method::kPost, "/api/v1/criminals/{id}/upload-photo", Role::kAdmin, Lane::kHeavy,
       kPhotoFormBytesMax,
       Description("uploadPhoto", "criminals", "Enrols the one face of a photo.",
                   Gives(EnrolledPhotoSchema(), 201))
           .Notes(
               "JPEG, PNG or WebP of at most 50 megapixels. 422 tells why a photo does not serve: "
               "no face, more than one, or one too poor; 409 `already_enrolled` that the person "
               "has "
               "this very file. `look_alikes` names other people whom the gallery would take for "
               "this face.")
           .TakesPhoto()
           .Fails({409, 422}),
       [&](const Call& call) { return Upload(context, call); }},
      {Method::kGet, "/api/v1/criminals/{id}/photos/{photo}", Role::kOperator, Lane::kStore,
       kNoBody,
       Description("getPhoto", "criminals", "The picture of an enrolled photo.",
                   GivesMedia({"image/jpeg", "image/png", "image/webp"})),
       [&](const Call& call) { return Picture(context, call); }},
      {Method::kDelete, "/api/v1/criminals/{id}/photos/{photo}", Role::kAdmin, Lane::kStore,
       kNoBody,
       Description("deletePhoto", "criminals", "Removes a photo and its reference.",
                   GivesNothing()),
       [&](const Call& call) { return Delete(context, call); }},
  };
}

}  // namespace vigil::api
