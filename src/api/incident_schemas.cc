// See the header.
#include "api/incident_schemas.h"

#include "api/resources.h"

namespace vigil::api {
namespace {

Schema TraceSchema() {
  const Schema likelihood = Described(Nullable(Number(0, 1)), "null: not measured");
  const Schema quality = Object("TracedQuality", {{"score", Number(), kRequired},
                                                  {"face_px", Number(), kRequired},
                                                  {"sharpness", Number(), kRequired},
                                                  {"frontal", Number(), kRequired},
                                                  {"brightness", Number(), kRequired},
                                                  {"covered", likelihood},
                                                  {"live", likelihood},
                                                  {"unrecognisable", Nullable(Text()), kRequired}});
  const Schema shot = Object("TracedShot", {{"captured_at", Time(), kRequired},
                                            {"pts_ms", Integer(), kRequired},
                                            {"box", BoxSchema(), kRequired},
                                            {"score", Number(), kRequired},
                                            {"quality", quality, kRequired},
                                            {"embedded", Flag(), kRequired},
                                            {"weight", Number(), kRequired},
                                            {"similarity", Number(), kRequired}});
  const Schema probe = Object("TracedProbe", {{"dimension", Count(), kRequired},
                                              {"shots", Count(), kRequired},
                                              {"agreement", Number(), kRequired}});
  const Schema threshold = Object("TracedThreshold", {{"calibrated", Flag(), kRequired},
                                                      {"floor", Number(), kRequired},
                                                      {"permitted_rate", Number(), kRequired},
                                                      {"comparisons", Number(), kRequired},
                                                      {"runner_up", Number(), kRequired},
                                                      {"crowding", Number(), kRequired},
                                                      {"false_match_rate", Number(), kRequired},
                                                      {"lone_shot", Flag(), kRequired},
                                                      {"lead", Number(), kRequired},
                                                      {"lead_min", Number(), kRequired},
                                                      {"near_equal", Flag(), kRequired},
                                                      {"disputed", Flag(), kRequired}});
  const Schema state = Object(
      "TracedFaceState", {{"covered", likelihood, kRequired}, {"live", likelihood, kRequired}});
  const Schema evidence = Object(
      "TracedEvidence",
      {{"judgements", Described(Count(), "of this track, this one included"), kRequired},
       {"seen_ms", Described(Count(), "from the first look to the last one"), kRequired},
       {"quality", Described(Number(), "of the recognisable looks, added up"), kRequired},
       {"quality_min", Described(Number(), "for `stranger` before `patience_ms`"), kRequired},
       {"patience_ms", Count(), kRequired},
       {"renames_refused",
        Described(Count(),
                  "later judgements that named somebody else "
                  "who was not clearly more similar"),
        kRequired}});
  const Schema times = Object("TracedTimes", {{"decode", Number(), kRequired},
                                              {"queue", Number(), kRequired},
                                              {"detect", Number(), kRequired},
                                              {"embed", Number(), kRequired},
                                              {"search", Number(), kRequired},
                                              {"decide", Number(), kRequired},
                                              {"store", Number(), kRequired},
                                              {"embed_batch", Count(), kRequired}});
  const Schema list = Object("AskedWatchlist", {{"id", Id(), kRequired},
                                                {"name", Text(), kRequired},
                                                {"threshold", Number(), kRequired},
                                                {"passed", Flag(), kRequired}});
  return Object("Trace",
                {{"shots", ListOf(shot), kRequired},
                 {"probe", probe, kRequired},
                 {"threshold", threshold, kRequired},
                 {"state", state},
                 {"evidence", evidence},
                 {"watchlists", ListOf(list)},
                 {"near_equal_watchlists",
                  Described(ListOf(list), "asked about the second candidate, who is as near")},
                 {"faces_outside", Described(Count(),
                                             "faces of the best picture that lay outside the "
                                             "camera's watched area and were left out")},
                 {"times_ms", times, kRequired}});
}

}  // namespace

Schema IncidentStateSchema() { return Word({"open", "acknowledged"}); }

Schema SightingSchema() {
  const Schema candidate = Object("Candidate", {{"person_id", Id(), kRequired},
                                                {"reference_id", Id(), kRequired},
                                                {"similarity", Number(-1, 1), kRequired},
                                                {"threshold", Number(), kRequired},
                                                {"passes", Flag(), kRequired}});
  return Object(
      "Sighting",
      {{"id", Id(), kRequired},
       {"camera_id", Text(), kRequired},
       {"camera_name", Text(), kRequired},
       {"seen_at", Time(), kRequired},
       {"track_id", Integer(), kRequired},
       {"face_count", Count(), kRequired},
       {"box", BoxSchema(), kRequired},
       {"frame_width", Count(), kRequired},
       {"frame_height", Count(), kRequired},
       {"quality", Number(0, 1), kRequired},
       {"outcome", OutcomeSchema(), kRequired},
       {"similarity", Number(), kRequired},
       {"threshold", Number(), kRequired},
       {"stranger_odds", Number(0, 1), kRequired},
       {"near_equal", Described(Flag(), "somebody else who is enrolled is as near"), kRequired},
       {"or_person_id",
        Described(Nullable(Id()), "who that is; null when not looked for at that camera"),
        kRequired},
       {"candidates", ListOf(candidate), kRequired},
       {"reference_photo_id", Nullable(Id()), kRequired},
       {"gallery", GallerySchema(), kRequired},
       {"detector", Text(), kRequired},
       {"embedder", Text(), kRequired}});
}

Schema TracedSightingSchema() {
  return Extended(
      "TracedSighting", SightingSchema(),
      {{"trace", Described(Nullable(TraceSchema()), "null: of an older version"), kRequired}});
}

Schema VerdictSchema() { return Word({"confirmed", "false_match", "unsure"}); }

Schema LabelSchema() {
  return Object("Verdict",
                {{"verdict", VerdictSchema(), kRequired},
                 {"note", Text(), kRequired},
                 {"user_name", Described(Nullable(Text()), "null: the local socket"), kRequired},
                 {"at", Time(), kRequired}});
}

Schema IncidentSchema() {
  const Schema media = Object("", {{"crop", Text(), kRequired},
                                   {"frame", Text(), kRequired},
                                   {"reference", Text(), kRequired},
                                   {"why", Text(), kRequired}});
  return Object(
      "Incident",
      {{"id", Id(), kRequired},
       {"person_id", Text(), kRequired},
       {"person_name", Text(), kRequired},
       {"severity", SeveritySchema(), kRequired},
       {"camera_group_id", Text(), kRequired},
       {"outcome", OutcomeSchema(), kRequired},
       {"state", IncidentStateSchema(), kRequired},
       {"first_seen", Time(), kRequired},
       {"last_seen", Time(), kRequired},
       {"sighting_count", Count(), kRequired},
       {"acknowledged_by", Nullable(Text()), kRequired},
       {"acknowledged_at", Nullable(Time()), kRequired},
       {"verdict", Described(Nullable(LabelSchema()), "the newest; null: not judged"), kRequired},
       {"best", SightingSchema(), kRequired},
       {"media", Described(media, "addresses of its pictures"), kRequired}});
}

}  // namespace vigil::api
