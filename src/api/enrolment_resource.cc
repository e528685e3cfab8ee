// POST /criminals/enroll and /criminals/resemblances: what enrolling many people at once needs.
#include "api/body_fields.h"
#include "api/enrolment.h"
#include "api/resemblance.h"
#include "api/resources.h"

namespace vigil::api {
namespace {

constexpr int kPersonsMax = 100;

Schema NamedEnrolmentSchema() {
  return Object(
      "NamedEnrolment",
      {{"person_id", Id(), kRequired},
       {"person_created", Flag(), kRequired},
       {"already_enrolled", Described(Flag(), "the person has this very file"), kRequired},
       {"photo_id", Id(), kRequired},
       {"photo", Described(Nullable(EnrolledPhotoSchema()), "null when it was there already"),
        kRequired}});
}

Schema ResemblancesSchema() {
  const Schema pair = Object("LookAlikePair", {{"person_id", Id(), kRequired},
                                               {"photo_id", Id(), kRequired},
                                               {"other_person_id", Id(), kRequired},
                                               {"other_name", Text(), kRequired},
                                               {"other_photo_id", Nullable(Id()), kRequired},
                                               {"similarity", Number(-1, 1), kRequired},
                                               {"same_picture", Flag(), kRequired}});
  const Schema duplicate = Object("NearDuplicatePair", {{"person_id", Id(), kRequired},
                                                        {"photo_id", Id(), kRequired},
                                                        {"other_photo_id", Id(), kRequired},
                                                        {"similarity", Number(-1, 1), kRequired}});
  const Schema poor = Object("PoorPhoto", {{"person_id", Id(), kRequired},
                                           {"photo_id", Id(), kRequired},
                                           {"quality", Number(0, 1), kRequired}});
  return Object(
      "Resemblances",
      {{"look_alikes",
        Described(ListOf(pair), "once a pair of people, by their most similar photos"), kRequired},
       {"near_duplicates",
        Described(ListOf(duplicate), "photos of one person that are the same picture"), kRequired},
       {"poor_photos", ListOf(poor), kRequired},
       {"threshold", Described(Number(-1, 1), "from where on people are look-alikes"), kRequired},
       {"gallery", GallerySchema(), kRequired},
       {"gallery_current",
        Described(Flag(), "false: changes of the last moment are not in it yet; ask again"),
        kRequired}});
}

EnrolmentContext EnrolmentOf(const ApiContext& context) {
  return {context.database, context.media, context.photos, context.gallery, context.policy};
}

Status RecordEnrolment(const ApiContext& context, const Call& call, const NamedEnrolment& done) {
  const Person& person = done.person;
  if (done.person_created) {
    VIGIL_RETURN_IF_ERROR(
        RecordAudit(context, call.who, "person.create", person.id, {{"name", person.name}}));
  } else if (done.changed_lists) {
    VIGIL_RETURN_IF_ERROR(
        RecordAudit(context, call.who, "person.change", person.id, {{"name", person.name}}));
  }
  if (done.already_enrolled) return {};
  return RecordAudit(context, call.who, "photo.create", done.enrolled.photo.id,
                     {{"person", person.id}});
}

Answer Enrol(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const UploadedFile upload, UploadedFileOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const Person person, PersonOfForm(upload.fields));
  const auto turn = context.EnterTurn();
  const auto done =
      EnrolByName(EnrolmentOf(context), person, std::as_bytes(std::span(upload.bytes)));
  if (!done) return std::unexpected(ProblemOfPhoto(done.error()));
  const bool lists_changed =
      done->changed_lists || (done->person_created && !done->person.watchlist_ids.empty());
  if (lists_changed && context.watch_rules_changed) context.watch_rules_changed();
  if (done->person_created || !done->already_enrolled) context.gallery_changed();
  VIGIL_RETURN_IF_ERROR(RecordEnrolment(context, call, *done));
  json::object object{{"person_id", done->person.id},
                      {"person_created", done->person_created},
                      {"already_enrolled", done->already_enrolled},
                      {"photo_id", done->enrolled.photo.id},
                      {"photo", nullptr}};
  if (!done->already_enrolled) object["photo"] = EnrolledPhotoJson(done->enrolled);
  return JsonResponse(object, done->already_enrolled ? 200 : 201);
}

json::array LookAlikesJson(const std::vector<LookAlikePair>& pairs) {
  json::array items;
  for (const LookAlikePair& pair : pairs) {
    items.push_back({{"person_id", pair.person_id},
                     {"photo_id", pair.photo_id},
                     {"other_person_id", pair.other.person_id},
                     {"other_name", pair.other.name},
                     {"other_photo_id", OrNull(pair.other.photo_id)},
                     {"similarity", Rounded(pair.other.similarity)},
                     {"same_picture", pair.other.similarity >= kSamePictureSimilarity}});
  }
  return items;
}

Answer Resemble(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  std::vector<std::string> persons;
  fields.Texts("persons", persons);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  const auto turn = context.EnterTurn();
  VIGIL_ASSIGN_OR_RETURN(const Resemblances found, FindResemblances(EnrolmentOf(context), persons));
  json::array duplicates;
  for (const NearDuplicatePair& pair : found.near_duplicates) {
    duplicates.push_back({{"person_id", pair.person_id},
                          {"photo_id", pair.photo_id},
                          {"other_photo_id", pair.other.photo_id},
                          {"similarity", Rounded(pair.other.similarity)}});
  }
  json::array poor;
  for (const PoorPhoto& photo : found.poor_photos) {
    poor.push_back({{"person_id", photo.person_id},
                    {"photo_id", photo.photo_id},
                    {"quality", Rounded(photo.quality)}});
  }
  return JsonResponse({{"look_alikes", LookAlikesJson(found.look_alikes)},
                       {"near_duplicates", std::move(duplicates)},
                       {"poor_photos", std::move(poor)},
                       {"threshold", Rounded(found.threshold)},
                       {"gallery", GalleryJson(found.gallery)},
                       {"gallery_current", found.current}});
}

}  // namespace

std::vector<Route> EnrolmentRoutes(const ApiContext& context) {
  return {
      {Method::kPost, "/api/v1/criminals/enroll", Role::kAdmin, Lane::kHeavy, kPhotoFormBytesMax,
       Description("enrollByName", "criminals", "Enrols a photo under a person's name.",
                   Gives(NamedEnrolmentSchema(), 201))
           .Notes(
               "Finds the person of exactly that name, or makes one from the other fields in the "
               "same step: a photo that is refused leaves nobody behind. A person who exists keeps "
               "every field and only enters more watch-lists. A file that the person has already "
               "changes nothing and is answered with 200, so that sending everything again is "
               "safe. 409 when several people are called that; else as uploadPhoto.")
           .TakesPhoto(PersonFormFields())
           .Also(Gives(NamedEnrolmentSchema(), 200))
           .Fails({409, 422}),
       [&](const Call& call) { return Enrol(context, call); }},
      {Method::kPost, "/api/v1/criminals/resemblances", Role::kOperator, Lane::kHeavy,
       kJsonBodyBytesMax,
       Description("findResemblances", "criminals",
                   "Mix-ups among what is enrolled: look-alikes, doubled and poor photos.",
                   Gives(ResemblancesSchema()))
           .Notes("Compares every photo of these people with everybody else who is enrolled, and "
                  "with the other photos of the same person. Changes nothing.")
           .Takes(Object("ResemblancesRequest",
                         {{"persons", ListOf(Id(), 1, kPersonsMax), kRequired}})),
       [&](const Call& call) { return Resemble(context, call); }},
  };
}

}  // namespace vigil::api
