// Incidents and sightings between their structs and their tables.
#include "database/incident_rows.h"

#include "base/format.h"
#include "base/json.h"
#include "database/decision_trace_json.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

Decision DecisionOf(const Row& row) {
  Decision decision;
  decision.outcome = OutcomeFromWord(row.Text("sighting_outcome"));
  decision.similarity = row.Float("similarity");
  decision.threshold = row.Float("threshold");
  decision.stranger_odds = row.Real("stranger_odds");
  decision.candidates = CandidatesFromText(row.Text("candidates"));
  decision.gallery = {static_cast<std::uint64_t>(row.Integer("gallery_sequence")),
                      static_cast<std::size_t>(row.Integer("gallery_references")),
                      static_cast<std::size_t>(row.Integer("gallery_persons"))};
  decision.trace = DecisionTraceFromText(row.Text("trace"));
  return decision;
}

}  // namespace

std::string CandidatesToText(const std::vector<Candidate>& candidates) {
  json::array array;
  for (const Candidate& candidate : candidates) {
    array.push_back(json::object{{"person_id", candidate.person_id},
                                 {"reference_id", candidate.reference_id},
                                 {"similarity", candidate.similarity}});
  }
  return json::serialize(array);
}

std::vector<Candidate> CandidatesFromText(const std::string& text) {
  const Result<json::value> parsed = ParseJson(text);
  if (!parsed.has_value() || !parsed->is_array()) throw RowError("candidates are not a list");
  std::vector<Candidate> candidates;
  for (const json::value& entry : parsed->get_array()) {
    candidates.push_back({std::string(entry.at("person_id").as_string()),
                          std::string(entry.at("reference_id").as_string()),
                          entry.at("similarity").to_number<float>()});
  }
  return candidates;
}

#define VIGIL_SIGHTING_COLUMNS                                                              \
  "s.id AS sighting_id, s.incident_id, s.camera_id, s.camera_name, s.seen_at, s.track_id, " \
  "s.face_count, s.box_x1, s.box_y1, s.box_x2, s.box_y2, s.frame_width, s.frame_height, "   \
  "s.quality, s.crop_media_id, s.frame_media_id, s.outcome AS sighting_outcome, "           \
  "s.similarity, s.threshold, s.stranger_odds, s.candidates, s.gallery_sequence, "          \
  "s.gallery_references, s.gallery_persons, s.detector, s.embedder, s.reference_photo_id, " \
  "s.trace "

constexpr std::string_view kSelectSighting =
    "SELECT " VIGIL_SIGHTING_COLUMNS "FROM sightings AS s ";

constexpr std::string_view kSelectIncident =
    "SELECT i.id, i.person_id, i.person_name, i.severity, i.camera_group_id, i.outcome, i.state, "
    "i.first_seen, i.last_seen, i.sighting_count, i.acknowledged_by, "
    "i.acknowledged_at, l.verdict, l.note, l.user_name, l.at AS judged_at, " VIGIL_SIGHTING_COLUMNS
    "FROM incidents AS i JOIN sightings AS s ON s.id = i.best_sighting_id "
    "LEFT JOIN labels AS l ON l.sequence = "
    "(SELECT MAX(sequence) FROM labels WHERE incident_id = i.id) ";

#undef VIGIL_SIGHTING_COLUMNS

Sighting SightingOf(const Row& row) {
  return {
      .id = row.Text("sighting_id"),
      .incident_id = row.Text("incident_id"),
      .camera_id = row.Text("camera_id"),
      .camera_name = row.Text("camera_name"),
      .seen_at = row.Time("seen_at"),
      .track_id = row.Integer("track_id"),
      .face_count = row.Int("face_count"),
      .box = {row.Float("box_x1"), row.Float("box_y1"), row.Float("box_x2"), row.Float("box_y2")},
      .frame_width = row.Int("frame_width"),
      .frame_height = row.Int("frame_height"),
      .quality = row.Float("quality"),
      .crop_media_id = row.Text("crop_media_id"),
      .frame_media_id = row.Text("frame_media_id"),
      .decision = DecisionOf(row),
      .detector = row.Text("detector"),
      .embedder = row.Text("embedder"),
      .reference_photo_id = row.Text("reference_photo_id")};
}

Label LabelOf(const Row& row) {
  return {.verdict = VerdictFromWord(row.Text("verdict")),
          .note = row.Text("note"),
          .user_name = row.Text("user_name"),
          .at = row.Time("judged_at")};
}

Incident IncidentOf(const Row& row) {
  return {.id = row.Text("id"),
          .person_id = row.Text("person_id"),
          .person_name = row.Text("person_name"),
          .severity = SeverityOf(row.Integer("severity")),
          .camera_group_id = row.Text("camera_group_id"),
          .outcome = OutcomeFromWord(row.Text("outcome")),
          .state = FromWord(row.Text("state"), {IncidentState::kOpen, IncidentState::kAcknowledged},
                            [](IncidentState state) { return StateName(state); }),
          .first_seen = row.Time("first_seen"),
          .last_seen = row.Time("last_seen"),
          .sighting_count = row.Int("sighting_count"),
          .best = SightingOf(row),
          .acknowledged_by = row.Text("acknowledged_by"),
          .acknowledged_at = row.OptionalTime("acknowledged_at"),
          .label = row.IsNull("verdict") ? std::nullopt : std::optional(LabelOf(row))};
}

Result<Incident> FindIncident(Connection& connection, const std::string& id) {
  VIGIL_ASSIGN_OR_RETURN(
      const Answer answer,
      connection.Execute(std::string(kSelectIncident) + "WHERE i.id = $1", {id}));
  if (answer.rows.empty()) {
    return Fail(ErrorCode::kNotFound, format("there is no incident {}", id));
  }
  return IncidentOf(answer.rows.front());
}

Status InsertSighting(Connection& connection, const Sighting& sighting) {
  const Decision& decision = sighting.decision;
  const Box& box = sighting.box;
  const std::string reference =
      decision.candidates.empty() ? std::string() : decision.candidates.front().reference_id;
  VIGIL_RETURN_IF_ERROR(connection.Execute(
      "INSERT INTO sightings (id, incident_id, camera_id, camera_name, seen_at, track_id, "
      "face_count, box_x1, box_y1, box_x2, box_y2, frame_width, frame_height, quality, "
      "crop_media_id, frame_media_id, outcome, similarity, threshold, stranger_odds, candidates, "
      "gallery_sequence, gallery_references, gallery_persons, detector, embedder, "
      "trace, reference_photo_id) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
      "$19, $20, $21, $22, $23, $24, $25, $26, $27, "
      "COALESCE((SELECT photo_id FROM reference_embeddings WHERE id = $28), ''))",
      {sighting.id,
       sighting.incident_id,
       sighting.camera_id,
       sighting.camera_name,
       sighting.seen_at,
       sighting.track_id,
       sighting.face_count,
       box.x1,
       box.y1,
       box.x2,
       box.y2,
       sighting.frame_width,
       sighting.frame_height,
       sighting.quality,
       sighting.crop_media_id,
       sighting.frame_media_id,
       OutcomeName(decision.outcome),
       decision.similarity,
       decision.threshold,
       decision.stranger_odds,
       CandidatesToText(decision.candidates),
       decision.gallery.sequence,
       decision.gallery.references,
       decision.gallery.persons,
       sighting.detector,
       sighting.embedder,
       DecisionTraceToText(decision.trace),
       reference}));
  return {};
}

}  // namespace vigil::database
