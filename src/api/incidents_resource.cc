// /incidents: who was seen where, why the system thinks so, and who has looked at it.
#include "api/body_fields.h"
#include "api/incident_schemas.h"
#include "api/resources.h"
#include "api/why_media.h"
#include "base/format.h"
#include "base/time_text.h"
#include "database/decision_trace_json.h"
#include "database/incident_repository.h"
#include "database/photo_repository.h"

namespace vigil::api {
namespace {

using database::IncidentRepository;

Schema VerdictBody() {
  return Object("VerdictCreate",
                {{"verdict", VerdictSchema(), kRequired}, {"note", Text(0, 2000)}});
}

std::vector<Field> FilterFields() {
  return {{"camera", Id()},
          {"person", Id()},
          {"from", Described(Time(), "seen at that time or later")},
          {"to", Described(Time(), "begun at that time or earlier")},
          {"outcome", Word({"match", "possible_match"})},
          {"state", IncidentStateSchema()},
          {"verdict", Described(Word({"confirmed", "false_match", "unsure", "none"}),
                                "the newest verdict; none: not judged")}};
}

json::object SightingJson(const Sighting& sighting) {
  json::array candidates;
  for (const Candidate& candidate : sighting.decision.candidates) {
    candidates.push_back({{"person_id", candidate.person_id},
                          {"reference_id", candidate.reference_id},
                          {"similarity", Rounded(candidate.similarity)},
                          {"threshold", Rounded(sighting.decision.threshold)},
                          {"passes", candidate.similarity >= sighting.decision.threshold}});
  }
  const Candidate* other = NearEqual(sighting.decision);
  return {{"id", sighting.id},
          {"camera_id", sighting.camera_id},
          {"camera_name", sighting.camera_name},
          {"seen_at", FormatTime(sighting.seen_at)},
          {"track_id", sighting.track_id},
          {"face_count", sighting.face_count},
          {"box", BoxJson(sighting.box)},
          {"frame_width", sighting.frame_width},
          {"frame_height", sighting.frame_height},
          {"quality", Rounded(sighting.quality)},
          {"outcome", OutcomeName(sighting.decision.outcome)},
          {"similarity", Rounded(sighting.decision.similarity)},
          {"threshold", Rounded(sighting.decision.threshold)},
          {"stranger_odds", sighting.decision.stranger_odds},
          {"near_equal", sighting.decision.trace.threshold.near_equal},
          {"or_person_id", OrNull(other == nullptr ? std::string() : other->person_id)},
          {"candidates", std::move(candidates)},
          {"reference_photo_id", OrNull(sighting.reference_photo_id)},
          {"gallery", GalleryJson(sighting.decision.gallery)},
          {"detector", sighting.detector},
          {"embedder", sighting.embedder}};
}

json::object LabelJson(const Label& label) {
  return {{"verdict", VerdictName(label.verdict)},
          {"note", label.note},
          {"user_name", OrNull(label.user_name)},
          {"at", FormatTime(label.at)}};
}

json::object IncidentJson(const Incident& incident) {
  const std::string media = "/api/v1/incidents/" + incident.id + "/media/";
  return {
      {"id", incident.id},
      {"person_id", incident.person_id},
      {"person_name", incident.person_name},
      {"severity", SeverityName(incident.severity)},
      {"camera_group_id", incident.camera_group_id},
      {"outcome", OutcomeName(incident.outcome)},
      {"state", incident.state == IncidentState::kOpen ? "open" : "acknowledged"},
      {"first_seen", FormatTime(incident.first_seen)},
      {"last_seen", FormatTime(incident.last_seen)},
      {"sighting_count", incident.sighting_count},
      {"acknowledged_by", OrNull(incident.acknowledged_by)},
      {"acknowledged_at", TimeJson(incident.acknowledged_at)},
      {"verdict", incident.label ? json::value(LabelJson(*incident.label)) : json::value(nullptr)},
      {"best", SightingJson(incident.best)},
      {"media",
       {{"crop", media + "crop"},
        {"frame", media + "frame"},
        {"reference", media + "reference"},
        {"why", media + "why"}}}};
}

std::optional<Verdict> VerdictOf(std::string_view word) {
  for (const Verdict verdict : {Verdict::kConfirmed, Verdict::kFalseMatch, Verdict::kUnsure}) {
    if (word == VerdictName(verdict)) return verdict;
  }
  return std::nullopt;
}

std::expected<IncidentFilter, Problem> FilterOf(const HttpRequest& request) {
  IncidentFilter filter;
  std::vector<FieldError> errors;
  filter.camera_id = request.Query("camera").value_or("");
  filter.person_id = request.Query("person").value_or("");
  ReadTimeQuery(request, "from", filter.from, errors);
  ReadTimeQuery(request, "to", filter.to, errors);
  if (const auto word = request.Query("outcome")) {
    if (*word == "match") {
      filter.outcome = Outcome::kMatch;
    } else if (*word == "possible_match") {
      filter.outcome = Outcome::kPossibleMatch;
    } else {
      errors.push_back({"outcome", "must be one of match, possible_match"});
    }
  }
  if (const auto word = request.Query("state")) {
    if (*word == "open") {
      filter.state = IncidentState::kOpen;
    } else if (*word == "acknowledged") {
      filter.state = IncidentState::kAcknowledged;
    } else {
      errors.push_back({"state", "must be one of open, acknowledged"});
    }
  }
  if (const auto word = request.Query("verdict")) {
    filter.verdict = VerdictOf(*word);
    filter.unjudged = *word == "none";
    if (!filter.verdict && !filter.unjudged) {
      errors.push_back({"verdict", "must be one of confirmed, false_match, unsure, none"});
    }
  }
  if (!errors.empty()) return std::unexpected(InvalidFields(std::move(errors)));
  return filter;
}

Answer List(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const Page page, PageOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(const IncidentFilter filter, FilterOf(call.request));
  VIGIL_ASSIGN_OR_RETURN(
      const database::Page<Incident> incidents,
      IncidentRepository(context.database).List(filter, {page.limit, page.after}));
  json::array items;
  for (const Incident& incident : incidents.items) items.push_back(IncidentJson(incident));
  return ListResponse(std::move(items), incidents.next);
}

Answer Get(const ApiContext& context, const Call& call) {
  IncidentRepository incidents(context.database);
  VIGIL_ASSIGN_OR_RETURN(const Incident incident, incidents.Get(call.Parameter("id")));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Sighting> sightings, incidents.Sightings(incident.id));
  json::array items;
  for (const Sighting& sighting : sightings) {
    json::object item = SightingJson(sighting);
    item["trace"] = database::DecisionTraceJson(sighting.decision.trace);
    items.push_back(std::move(item));
  }
  json::object object = IncidentJson(incident);
  object["sightings"] = std::move(items);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Label> labels, incidents.Labels(incident.id));
  json::array verdicts;
  for (const Label& label : labels) verdicts.push_back(LabelJson(label));
  object["verdicts"] = std::move(verdicts);
  return JsonResponse(object);
}

Answer Acknowledge(const ApiContext& context, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(
      const Incident incident,
      IncidentRepository(context.database).Acknowledge(call.Parameter("id"), call.who.user_name));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "incident.acknowledge", incident.id));
  return JsonResponse(IncidentJson(incident));
}

Answer Judge(const ApiContext& context, const Call& call) {
  IncidentRepository incidents(context.database);
  VIGIL_RETURN_IF_ERROR(incidents.Get(call.Parameter("id")));
  VIGIL_ASSIGN_OR_RETURN(BodyFields fields, BodyFields::Of(call));
  Label label;
  fields.Word("verdict", label.verdict, VerdictOf);
  fields.Text("note", label.note);
  if (auto problem = fields.Finish()) return std::unexpected(*std::move(problem));
  label.user_name = call.who.user_name;
  VIGIL_ASSIGN_OR_RETURN(const Incident incident, incidents.AddLabel(call.Parameter("id"), label));
  VIGIL_RETURN_IF_ERROR(RecordAudit(context, call.who, "incident.verdict", incident.id,
                                    {{"verdict", VerdictName(label.verdict)}}));
  return JsonResponse(IncidentJson(incident));
}

// Where on its photo the enrolled face is, in the words of the live pictures' X-Vigil-Faces.
std::string EnrolledFaceHeader(const Photo& photo) {
  return json::serialize(
      json::object{{"width", photo.width},
                   {"height", photo.height},
                   {"faces", json::array{json::object{{"box", BoxJson(photo.face.box)}}}}});
}

Answer Media(const ApiContext& context, const Call& call) {
  const std::string& kind = call.Parameter("kind");
  VIGIL_ASSIGN_OR_RETURN(const Incident incident,
                         IncidentRepository(context.database).Get(call.Parameter("id")));
  std::string media_id;
  std::string media_type = "image/jpeg";
  std::string faces;
  if (kind == "crop") {
    media_id = incident.best.crop_media_id;
  } else if (kind == "frame") {
    media_id = incident.best.frame_media_id;
  } else if (kind == "reference") {
    if (!incident.best.decision.candidates.empty()) {
      VIGIL_ASSIGN_OR_RETURN(
          const std::optional<Photo> photo,
          database::PhotoRepository(context.database)
              .OfReference(incident.best.decision.candidates.front().reference_id));
      if (photo) {
        media_id = photo->media_id;
        media_type = photo->mime_type;
        faces = EnrolledFaceHeader(*photo);
      }
    }
  } else {
    return Refuse(404, "not_found", "an incident has the pictures crop, frame, reference and why");
  }
  if (media_id.empty()) {
    return Refuse(404, "not_found", format("this incident's {} is not kept any more", kind));
  }
  VIGIL_ASSIGN_OR_RETURN(const Bytes bytes, context.media.Get(media_id));
  VIGIL_RETURN_IF_ERROR(RecordView(context, call.who, incident.id, kind));
  HttpResponse response = BodyResponse(200, media_type, TextOf(bytes));
  if (!faces.empty()) response.headers.emplace_back("X-Vigil-Faces", faces);
  return response;
}

// The best sighting's, or that of ?sighting=ID.
Answer WhyOf(const ApiContext& context, const Call& call) {
  IncidentRepository incidents(context.database);
  VIGIL_ASSIGN_OR_RETURN(const Incident incident, incidents.Get(call.Parameter("id")));
  const std::string wanted = call.request.Query("sighting").value_or(incident.best.id);
  if (wanted == incident.best.id) return WhyPictureOf(context, incident, incident.best);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Sighting> sightings, incidents.Sightings(incident.id));
  for (const Sighting& sighting : sightings) {
    if (sighting.id == wanted) return WhyPictureOf(context, incident, sighting);
  }
  return Refuse(404, "not_found", "this incident has no such sighting");
}

Answer Why(const ApiContext& context, const Call& call) {
  Answer picture = WhyOf(context, call);
  if (!picture) return picture;
  VIGIL_RETURN_IF_ERROR(RecordView(context, call.who, call.Parameter("id"), "why"));
  return picture;
}

}  // namespace

std::vector<Route> IncidentRoutes(const ApiContext& context) {
  return {
      {Method::kGet, "/api/v1/incidents", Role::kOperator, Lane::kStore, kNoBody,
       Description("listIncidents", "incidents", "Incidents, newest first.",
                   Gives(PageSchema(IncidentSchema())))
           .Query(PageFields())
           .Query(FilterFields()),
       [&](const Call& call) { return List(context, call); }},
      {Method::kGet, "/api/v1/incidents/{id}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getIncident", "incidents", "One incident with all its sightings.",
                   Gives(Extended("IncidentWithSightings", IncidentSchema(),
                                  {{"sightings", ListOf(TracedSightingSchema()), kRequired},
                                   {"verdicts", Described(ListOf(LabelSchema()), "newest first"),
                                    kRequired}}))),
       [&](const Call& call) { return Get(context, call); }},
      {Method::kPost, "/api/v1/incidents/{id}/acknowledge", Role::kOperator, Lane::kStore,
       kIgnoredBodyBytesMax,
       Description("acknowledgeIncident", "incidents", "Notes that somebody has looked at it.",
                   Gives(IncidentSchema()))
           .Notes("The first to acknowledge is the one who is kept."),
       [&](const Call& call) { return Acknowledge(context, call); }},
      // Before the pattern that would take it too: composing a picture is heavy work.
      {Method::kGet, "/api/v1/incidents/{id}/media/why", Role::kOperator, Lane::kHeavy, kNoBody,
       Description("getIncidentWhy", "incidents", "One picture of everything that decided.",
                   GivesMedia({"image/png"}))
           .Notes(
               "Made when it is asked for. What is not kept any more, people deleted since among "
               "it, is said in its place.")
           .Query({{"sighting", Described(Id(), "of this incident; default: the best one")}}),
       [&](const Call& call) { return Why(context, call); }},
      {Method::kPost, "/api/v1/incidents/{id}/verdict", Role::kOperator, Lane::kStore,
       kJsonBodyBytesMax,
       Description("judgeIncident", "incidents", "Notes what somebody made of it.",
                   Gives(IncidentSchema()))
           .Notes("The newest verdict counts; earlier ones are kept with the incident.")
           .Takes(VerdictBody()),
       [&](const Call& call) { return Judge(context, call); }},
      {Method::kGet, "/api/v1/incidents/{id}/media/{kind}", Role::kOperator, Lane::kStore, kNoBody,
       Description("getIncidentMedia", "incidents", "A picture of an incident.",
                   GivesMedia({"image/jpeg", "image/png", "image/webp"}))
           .Path("kind", Word({"crop", "frame", "reference"})),
       [&](const Call& call) { return Media(context, call); }},
  };
}

}  // namespace vigil::api
