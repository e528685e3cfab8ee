// Field by field, in the order of the structs. Readers throw; SpoolRecordFromText catches.
#include "database/spool_record.h"

#include <exception>
#include <utility>

#include "base/format.h"
#include "base/json.h"
#include "base/utf8.h"
#include "database/alert_message_json.h"
#include "database/decision_trace_json.h"
#include "database/incident_rows.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

std::string TextAt(const json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}

template <class T>
T NumberAt(const json::object& object, const char* key) {
  return object.at(key).to_number<T>();
}

Severity SeverityAt(const json::object& object, const char* key) {
  return SeverityOf(NumberAt<std::int64_t>(object, key));
}

WallTime TimeAt(const json::object& object, const char* key) {
  return WallTime(std::chrono::milliseconds(NumberAt<std::int64_t>(object, key)));
}

std::int64_t TimeNumber(WallTime time) { return time.time_since_epoch().count(); }

json::array BoxJson(const Box& box) { return {box.x1, box.y1, box.x2, box.y2}; }

Box BoxAt(const json::object& object, const char* key) {
  const json::array& sides = object.at(key).as_array();
  return {sides.at(0).to_number<float>(), sides.at(1).to_number<float>(),
          sides.at(2).to_number<float>(), sides.at(3).to_number<float>()};
}

json::object PersonJson(const Person& person) {
  return {{"id", person.id},
          {"name", person.name},
          {"reason", person.reason},
          {"severity", SeverityNumber(person.severity)}};
}

Person PersonOf(const json::object& object) {
  Person person;
  person.id = TextAt(object, "id");
  person.name = TextAt(object, "name");
  person.reason = TextAt(object, "reason");
  person.severity = SeverityAt(object, "severity");
  return person;
}

json::object DecisionJson(const Decision& decision) {
  return {{"outcome", OutcomeName(decision.outcome)},
          {"similarity", decision.similarity},
          {"threshold", decision.threshold},
          {"stranger_odds", decision.stranger_odds},
          {"candidates", CandidatesToText(decision.candidates)},
          {"gallery",
           {decision.gallery.sequence, decision.gallery.references, decision.gallery.persons}},
          {"trace", DecisionTraceToText(decision.trace)}};
}

Decision DecisionOf(const json::object& object) {
  Decision decision;
  decision.outcome = OutcomeFromWord(TextAt(object, "outcome"));
  decision.similarity = NumberAt<float>(object, "similarity");
  decision.threshold = NumberAt<float>(object, "threshold");
  decision.stranger_odds = NumberAt<double>(object, "stranger_odds");
  decision.candidates = CandidatesFromText(TextAt(object, "candidates"));
  const json::array& gallery = object.at("gallery").as_array();
  decision.gallery = {gallery.at(0).to_number<std::uint64_t>(),
                      gallery.at(1).to_number<std::size_t>(),
                      gallery.at(2).to_number<std::size_t>()};
  decision.trace = DecisionTraceFromText(TextAt(object, "trace"));
  return decision;
}

json::object SightingJson(const Sighting& sighting) {
  return {{"id", sighting.id},
          {"camera_id", sighting.camera_id},
          {"camera_name", sighting.camera_name},
          {"seen_at", TimeNumber(sighting.seen_at)},
          {"track_id", sighting.track_id},
          {"face_count", sighting.face_count},
          {"box", BoxJson(sighting.box)},
          {"frame_width", sighting.frame_width},
          {"frame_height", sighting.frame_height},
          {"quality", sighting.quality},
          {"crop_media_id", sighting.crop_media_id},
          {"frame_media_id", sighting.frame_media_id},
          {"decision", DecisionJson(sighting.decision)},
          {"detector", sighting.detector},
          {"embedder", sighting.embedder}};
}

Sighting SightingOfJson(const json::object& object) {
  Sighting sighting;
  sighting.id = TextAt(object, "id");
  sighting.camera_id = TextAt(object, "camera_id");
  sighting.camera_name = TextAt(object, "camera_name");
  sighting.seen_at = TimeAt(object, "seen_at");
  sighting.track_id = NumberAt<std::int64_t>(object, "track_id");
  sighting.face_count = NumberAt<int>(object, "face_count");
  sighting.box = BoxAt(object, "box");
  sighting.frame_width = NumberAt<int>(object, "frame_width");
  sighting.frame_height = NumberAt<int>(object, "frame_height");
  sighting.quality = NumberAt<float>(object, "quality");
  sighting.crop_media_id = TextAt(object, "crop_media_id");
  sighting.frame_media_id = TextAt(object, "frame_media_id");
  sighting.decision = DecisionOf(object.at("decision").as_object());
  sighting.detector = TextAt(object, "detector");
  sighting.embedder = TextAt(object, "embedder");
  return sighting;
}

json::object AnswerJson(const ChannelAnswer& answer) {
  const CooldownState& state = answer.cooldown;
  return {{"channel", answer.channel},
          {"last_alert_at", state.last_alert_at ? json::value(TimeNumber(*state.last_alert_at))
                                                : json::value(nullptr)},
          {"last_severity", SeverityNumber(state.last_severity)},
          {"last_similarity", state.last_similarity},
          {"suppressed", state.suppressed},
          {"alert", answer.alert ? AlertMessageToJson(*answer.alert) : ""}};
}

ChannelAnswer AnswerOf(const json::object& object) {
  ChannelAnswer answer;
  answer.channel = TextAt(object, "channel");
  if (!object.at("last_alert_at").is_null()) {
    answer.cooldown.last_alert_at = TimeAt(object, "last_alert_at");
  }
  answer.cooldown.last_severity = SeverityAt(object, "last_severity");
  answer.cooldown.last_similarity = NumberAt<float>(object, "last_similarity");
  answer.cooldown.suppressed = NumberAt<std::int64_t>(object, "suppressed");
  if (const std::string alert = TextAt(object, "alert"); !alert.empty()) {
    Result<AlertMessage> message = AlertMessageFromJson(alert);
    if (!message.has_value()) throw RowError(message.error().message);
    answer.alert = *std::move(message);
  }
  return answer;
}

json::object RecordJson(const SpooledSighting& spooled) {
  json::array answers;
  for (const ChannelAnswer& answer : spooled.step.answers) answers.push_back(AnswerJson(answer));
  const NewSighting& sighting = spooled.sighting;
  return {{"kind", "sighting"},
          {"person", PersonJson(sighting.person)},
          {"camera_group_id", sighting.camera_group_id},
          {"near_equal", sighting.near_equal ? json::value(PersonJson(*sighting.near_equal))
                                             : json::value(nullptr)},
          {"sighting", SightingJson(sighting.sighting)},
          {"incident_id", spooled.step.incident_id},
          {"created", spooled.step.created},
          {"upgraded", spooled.step.upgraded},
          {"shows_best", spooled.step.shows_best},
          {"answers", std::move(answers)}};
}

SpooledSighting SpooledSightingOf(const json::object& object) {
  SpooledSighting spooled;
  spooled.sighting.person = PersonOf(object.at("person").as_object());
  spooled.sighting.camera_group_id = TextAt(object, "camera_group_id");
  if (const json::value& other = object.at("near_equal"); !other.is_null()) {
    spooled.sighting.near_equal = PersonOf(other.as_object());
  }
  spooled.sighting.sighting = SightingOfJson(object.at("sighting").as_object());
  spooled.step.incident_id = TextAt(object, "incident_id");
  spooled.step.created = object.at("created").as_bool();
  spooled.step.upgraded = object.at("upgraded").as_bool();
  spooled.step.shows_best = object.at("shows_best").as_bool();
  for (const json::value& answer : object.at("answers").as_array()) {
    spooled.step.answers.push_back(AnswerOf(answer.as_object()));
  }
  return spooled;
}

json::object RecordJson(const DeliveryAttempt& attempt) {
  return {{"kind", "attempt"},
          {"id", attempt.id},
          {"alert_id", attempt.alert_id},
          {"at", TimeNumber(attempt.at)},
          {"state", StateName(attempt.state)},
          // What a receiver said may be anything.
          {"answer", IsUtf8(attempt.answer) ? attempt.answer : "an answer that is no text"},
          {"next_attempt_at", TimeNumber(attempt.next_attempt_at)}};
}

DeliveryAttempt AttemptOf(const json::object& object) {
  return {.id = TextAt(object, "id"),
          .alert_id = TextAt(object, "alert_id"),
          .at = TimeAt(object, "at"),
          .state = DeliveryStateFromWord(TextAt(object, "state")),
          .answer = TextAt(object, "answer"),
          .next_attempt_at = TimeAt(object, "next_attempt_at")};
}

json::object RecordJson(const std::vector<DetectionRecord>& detections) {
  json::array rows;
  for (const DetectionRecord& record : detections) {
    rows.push_back(json::object{{"id", record.id},
                                {"camera_id", record.camera_id},
                                {"seen_at", TimeNumber(record.seen_at)},
                                {"track_id", record.track_id},
                                {"box", BoxJson(record.box)},
                                {"score", record.score},
                                {"quality", record.quality},
                                {"outcome", OutcomeName(record.outcome)},
                                {"reason", record.reason ? ReasonName(*record.reason) : ""},
                                {"best_person_id", record.best_person_id},
                                {"similarity", record.similarity},
                                {"threshold", record.threshold},
                                {"crop_media_id", record.crop_media_id}});
  }
  return {{"kind", "detections"}, {"detections", std::move(rows)}};
}

DetectionRecord DetectionOf(const json::object& object) {
  DetectionRecord record;
  record.id = TextAt(object, "id");
  record.camera_id = TextAt(object, "camera_id");
  record.seen_at = TimeAt(object, "seen_at");
  record.track_id = NumberAt<std::int64_t>(object, "track_id");
  record.box = BoxAt(object, "box");
  record.score = NumberAt<float>(object, "score");
  record.quality = NumberAt<float>(object, "quality");
  record.outcome = OutcomeFromWord(TextAt(object, "outcome"));
  if (const std::string reason = TextAt(object, "reason"); !reason.empty()) {
    record.reason = UnrecognisableReasonFromWord(reason);
  }
  record.best_person_id = TextAt(object, "best_person_id");
  record.similarity = NumberAt<float>(object, "similarity");
  record.threshold = NumberAt<float>(object, "threshold");
  record.crop_media_id = TextAt(object, "crop_media_id");
  return record;
}

SpoolRecord RecordOf(const json::object& object) {
  const std::string kind = TextAt(object, "kind");
  if (kind == "sighting") return SpooledSightingOf(object);
  if (kind == "attempt") return AttemptOf(object);
  if (kind != "detections") throw RowError(format("unknown kind '{}'", kind));
  std::vector<DetectionRecord> detections;
  for (const json::value& row : object.at("detections").as_array()) {
    detections.push_back(DetectionOf(row.as_object()));
  }
  return detections;
}

}  // namespace

std::string SpoolRecordToText(const SpoolRecord& record) {
  return std::visit([](const auto& one) { return json::serialize(RecordJson(one)); }, record);
}

Result<SpoolRecord> SpoolRecordFromText(std::string_view text) {
  const Result<json::value> parsed = ParseJson(text);
  if (!parsed.has_value() || !parsed->is_object()) {
    return Fail(ErrorCode::kDataLoss, "the spooled record is not a JSON object");
  }
  try {
    return RecordOf(parsed->get_object());
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kDataLoss, format("the spooled record is damaged: {}", error.what()));
  }
}

}  // namespace vigil::database
